import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NumberFinder } from '../../src/erasure/finder.ts'
import { NumberError } from '../../src/erasure/number.ts'

const X = 'erased-abcdefgh'
const mobile = new NumberFinder('+8613800000021')
const base64 = (text: string) => Buffer.from(text).toString('base64')

test.each([
  ['+8613800000021', ['+8613800000021', '8613800000021', '008613800000021', '13800000021', '013800000021']],
  ['+8613800000021', ['+86 13800000021', '+86-138-0000-0021', '138 0000 0021', '1380000 0021', '1-380-000-0021']],
  [
    '+8613800000021',
    ['138.0000.0021', '138  0000  0021', '138\u00a00000\u202f0021', '138–0000–0021', '(+86) 138 0000 0021'],
  ],
  [
    '+8613800000021',
    ['１３８００００００２１', '＋８６　１３８　００００　００２１', '138００００0021', '客户13800000021先生'],
  ],
  [
    '+8613800000021',
    ['tel%3A%2B8613800000021%26', '%2013800000021', '13800000021,13900000022', '1 3 8 0 0 0 0 0 0 2 1'],
  ],
  ['+8613800000021', ['+8613800000021_+8613900000001_4_a1b2c3', '+8613900000001_+8613800000021_4']],
  [
    '075587654321',
    ['+8675587654321', '0755-87654321', '0755 8765 4321', '+86-755-87654321', '(0755)87654321', '755 87654321'],
  ],
  ['075587654321', ['+86 (0)755 87654321', '（0755）8765－4321', '86 0755 87654321']],
  ['+442079460958', ['+44 20 7946 0958', '0044-20-7946-0958', '+44.2079460958', '442079460958']],
])('%s is found as %s', (number, texts) => {
  const finder = new NumberFinder(number)
  for (const text of texts)
    for (const written of [
      text,
      `a ${text}, b`,
      base64(text),
      base64(`订单 ${text}。`),
      Buffer.from(`?>${text}`).toString('base64url'),
    ])
      expect(finder.isIn(written), written).toBe(true)
})

test.each([
  [
    '+8613800000021',
    ['138000000210', '113800000021', '+113800000021', '99138000000218', '8613800000022', '4213800000021'],
  ],
  ['+8613800000021', ['+13800000021', '+1 380 000 0021', '+49 138 00000021', '%2B13800000021', '0013800000021']],
  [
    '+8613800000021',
    ['138 0000 00210', '１３８００００００２１０', '%20913800000021', '138, 0000, 0021', '20190124138000000211'],
  ],
  ['075587654321', ['2075587654321', '0755876543210']],
  ['+442079460958', ['+44 20 7946 09581', '+86442079460958', '144 2079460958'.replace(' ', '')]],
])('%s is not found in %s', (number, texts) => {
  const finder = new NumberFinder(number)
  for (const text of texts)
    for (const written of [text, base64(`<${text}>`)]) expect(finder.isIn(written), written).toBe(false)
})

test.each([
  '',
  'mr zhang',
  '+86',
  '+861380',
  '12345',
  '138000',
  '+8696520',
  '12345678901234567890123',
  '2079460123',
  '0013',
])('"%s" is refused, and not repeated', (text) => {
  expect(() => new NumberFinder(text)).toThrow(NumberError)
  try {
    new NumberFinder(text)
  } catch (error) {
    if (text !== '' && text !== '+86') expect((error as Error).message).not.toContain(text)
  }
})

test('in JSON each text, number and name that holds it gives way to the pseudonym, and nothing else does', () => {
  const value = {
    a: [1, 'call 13800000021', { '+8613800000021': null, '13800000021': 1 }],
    n: 8613800000021,
    m: 13800000022,
    z: 1.5,
  }
  expect(mobile.replaceIn(value, X)).toEqual({ a: [1, X, { [X]: null, [`${X}-2`]: 1 }], n: X, m: 13800000022, z: 1.5 })
  expect(JSON.stringify(mobile.replaceIn(JSON.parse('{"__proto__": "13800000021"}'), X))).toBe(`{"__proto__":"${X}"}`)
})

test('a body may hold it also inside other digits, escaped, in UTF-16, and in Base64 anywhere', () => {
  for (const text of [
    '138000000210',
    String.raw`{"a":"\u0031\u0033\u0038\u0030\u0030\u0030\u0030\u0030\u0030\u0032\u0031"}`,
    String.raw`{"a":"\\u0031\\u00338\uff10000002\uff11"}`,
    Buffer.from('13800000021', 'utf16le').toString('latin1'),
    `{"userData":"${base64('??>订单 138 0000 0021').replaceAll('/', '\\/')}"}`,
  ])
    expect(mobile.mayBeIn(text), text).toBe(true)
  for (const text of ['13800000022', '{"a":"1380000002","b":"1"}', '']) expect(mobile.mayBeIn(text), text).toBe(false)
})

test('whatever stands around it', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.string({ unit: 'binary', maxLength: 60 }),
      (before, after) => {
        const text = `${before}<+8613800000021>${after}`
        expect(mobile.isIn(text)).toBe(true)
        expect(mobile.isIn(base64(text))).toBe(true)
        expect(mobile.mayBeIn(`{"a":"${base64(text)}"}`)).toBe(true)
      },
    ),
  )
})

describe('time grows with the length of a text, whatever its sender has put into it', () => {
  const shapes = {
    digits: '1',
    'beginnings of the number': '1380000002',
    'the number inside another one': '138000000210',
    separators: '1 - ',
    'bytes of a URL': '%31',
    'escaped digits': String.raw`\u0031`,
    backslashes: '\\',
    Base64: 'MTM4',
    'Base64 of the number': base64('138000000210'),
    blanks: ' ',
  }
  const time = (text: string) => {
    const began = performance.now()
    mobile.isIn(text)
    mobile.mayBeIn(text)
    return performance.now() - began
  }
  test.each(Object.entries(shapes))('%s', (_, shape) => {
    const bytes = 128 * 1024
    const text = shape.repeat(Math.floor(bytes / shape.length))
    time(text)
    // Quadratic would be 64 times as long; a busy machine is no more than a few times slower at one moment than at another.
    const [short, long] = [
      Math.min(time(text), time(text), time(text)),
      Math.min(time(text.repeat(8)), time(text.repeat(8))),
    ]
    expect(long).toBeLessThan(Math.max(40, short) * 32)
  })
})
