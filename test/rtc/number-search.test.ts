import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NumberError, NumberSearch } from '../../src/rtc/number-search.ts'

const X = 'erased-abcdefgh'
const mobile = new NumberSearch('+8613800000021')
const base64 = (text: string) => Buffer.from(text).toString('base64')

test.each([
  '+8613800000021',
  '8613800000021',
  '008613800000021',
  '13800000021',
  '013800000021',
  '+86 13800000021',
  '+86-138-0000-0021',
  '138 0000 0021',
])('%s is the number', (text) => {
  expect(mobile.replace(text, X)).toBe(X)
  expect(mobile.replace(`a ${text}, b`, X)).toBe(`a ${X}, b`)
  // However the number was written that is to be erased.
  expect(new NumberSearch(text).replace('+8613800000021', X)).toBe(X)
})

test.each([
  '138000000210',
  '113800000021',
  '+113800000021',
  // North America.
  '+13800000021',
  '0013800000021',
  '99138000000218',
  '8613800000022',
  '+86113800000021',
  '4213800000021',
  '20190124138000000211',
])('%s is another one', (text) => {
  expect(mobile.replace(text, X)).toBe(text)
  for (let before = 0; before < 3; before++) {
    const encoded = base64(`${'x'.repeat(before)}${text};`)
    expect(mobile.replace(encoded, X)).toBe(encoded)
  }
})

test('in the midst of text, session ids, JSON and URLs', () => {
  expect(mobile.replace('+8613800000021_+8613900000001_4_a1b2c3', X)).toBe(`${X}_+8613900000001_4_a1b2c3`)
  expect(mobile.replace('+8613900000001_+8613800000021_4', X)).toBe(`+8613900000001_${X}_4`)
  expect(mobile.replace('tel%3A%2B8613800000021%26', X)).toBe(`tel%3A%2B${X}%26`)
  expect(mobile.replace('13800000021,13800000021', X)).toBe(`${X},${X}`)
  expect(mobile.replace('客户13800000021先生', X)).toBe(`客户${X}先生`)
})

test('fixed-line and foreign numbers', () => {
  const fixed = new NumberSearch('0755-12345678')
  for (const text of [
    '+8675512345678',
    '075512345678',
    '8675512345678',
    '0086075512345678',
    '+860755 12345678'.replace(' ', ''),
  ])
    expect(fixed.replace(text, X), text).toBe(X)
  expect(fixed.replace('1075512345678', X)).toBe('1075512345678')
  const foreign = new NumberSearch('+44 20 7946 0123')
  for (const text of ['+442079460123', '00442079460123', '442079460123']) expect(foreign.replace(text, X)).toBe(X)
  expect(foreign.replace('+86442079460123', X)).toBe('+86442079460123')
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
  expect(() => new NumberSearch(text)).toThrow(NumberError)
  try {
    new NumberSearch(text)
  } catch (error) {
    if (text !== '' && text !== '+86') expect((error as Error).message).not.toContain(text)
  }
})

test('values of JSON: names, texts, numbers; nothing else', () => {
  const value = { a: [1, '13800000021', { '+8613800000021': null }], n: 8613800000021, m: 13800000022, t: true, z: 1.5 }
  expect(mobile.replaceDeep(value, X)).toEqual({ a: [1, X, { [X]: null }], n: X, m: 13800000022, t: true, z: 1.5 })
  const proto = JSON.parse('{"__proto__": "13800000021"}')
  expect(JSON.stringify(mobile.replaceDeep(proto, X))).toBe(`{"__proto__":"${X}"}`)
})

test('Base64 in each of its three shapes, with and without padding, in both alphabets, before and after other text', () => {
  for (const form of ['+8613800000021', '13800000021', '8613800000021'])
    for (let before = 0; before < 7; before++)
      for (let after = 0; after < 4; after++) {
        const told = `${'p?>'.repeat(3).slice(0, before)}|${form}|${'~'.repeat(after)}`
        for (const encoding of ['base64', 'base64url'] as const) {
          const encoded = Buffer.from(told).toString(encoding)
          for (const [left, right] of [
            ['', ''],
            ['{"userData":"', '"}'],
            ['x=', '&y'],
          ]) {
            const replaced = mobile.replace(`${left}${encoded}${right}`, X)
            expect(replaced.startsWith(left as string) && replaced.endsWith(right as string)).toBe(true)
            const inner = replaced.slice((left as string).length, replaced.length - (right as string).length)
            expect(
              Buffer.from(inner, encoding)
                .toString()
                .replace(/(erased-abcdefgh)\.*/, '$1'),
            ).toBe(told.replace(form, X))
            expect(inner.length % 4).toBe(encoded.length % 4)
          }
        }
      }
})

test('whatever surrounds it: encoded text keeps every other character, and the number is gone', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.string({ unit: 'binary', maxLength: 60 }),
      (before, after) => {
        const told = `${before}<+8613800000021>${after}`
        expect(mobile.isIn(base64(told))).toBe(true)
        const replaced = Buffer.from(mobile.replace(base64(told), X), 'base64').toString()
        expect(replaced.replace(/(<erased-abcdefgh)\.*>/, '$1>')).toBe(
          Buffer.from(`${before}<${X}>${after}`).toString(),
        )
      },
    ),
  )
})

test.each([
  ['+8613800000021', '138-00000021'],
  ['+8613800000021', '1380000 0021'],
  ['+8613800000021', '1380 0000 021'],
  ['+8613800000021', '138.0000.0021'],
  ['+8613800000021', '138  0000  0021'],
  ['+8613800000021', '138\u00a00000\u202f0021'],
  ['+8613800000021', '138\u20130000\u20130021'],
  ['+8613800000021', String.raw`138\t0000\t0021`],
  ['+8613800000021', '138%200000%C2%A00021'],
  ['+8613800000021', '138+0000+0021'],
  ['+8613800000021', '１３８００００００２１'],
  ['+8613800000021', '＋８６　１３８　００００　００２１'],
  ['075587654321', '0755-87654321'],
  ['075587654321', '0755 8765 4321'],
  ['075587654321', '+86-755-87654321'],
  ['075587654321', '86 0755 87654321'],
  ['01087654321', '010-87654321'],
  ['+442079460958', '+44 20 7946 0958'],
  ['+442079460958', '0044-20-7946-0958'],
  ['+442079460958', '+44.2079460958'],
])('%s is also %s', (number, text) => {
  const search = new NumberSearch(number)
  expect(search.replace(text, X)).toBe(X)
  expect(search.replace(`tel%20${text}; 7`, X)).toBe(`tel%20${X}; 7`)
})

test.each([
  ['075587654321', '(0755)87654321'],
  ['075587654321', '+86 (0)755 87654321'],
  ['075587654321', '（0755）8765－4321'],
  ['+8613800000021', '(+86) 138 0000 0021'],
  ['+442079460958', '+44 (0)20 7946 0958'],
])('of %s nothing but signs is left in %s', (number, text) => {
  expect(new NumberSearch(number).replace(text, X).replace(X, '')).toMatch(/^[+(（]?$/)
})

test.each([
  ['+8613800000021', '+1 380 000 0021'],
  ['+8613800000021', '1-380-000-0021'],
  ['+8613800000021', '+49 138 00000021'],
  ['+8613800000021', '%2B13800000021'],
  ['+8613800000021', '138 0000 00210'],
  ['+8613800000021', '１３８００００００２１０'],
  ['+8613800000021', '%20913800000021'],
  ['+8613800000021', '138, 0000, 0021'],
  ['02024030507', '2024-03-05 07:15:09'],
  ['02024030507', '20240305071509'],
  ['075587654321', '2075587654321'],
  ['+442079460958', '+44 20 7946 09581'],
  ['+442079460958', '+144 20 7946 0958'],
])('%s is not in %s', (number, text) => {
  expect(new NumberSearch(number).replace(text, X)).toBe(text)
})

test('Base64 of a Chinese number that is divided', () => {
  for (const [number, forms] of [
    ['+8613800000021', ['138 0000 0021', '+86 138-0000-0021', '138.00000021', '1380000 0021']],
    ['075587654321', ['0755-87654321', '(0755)87654321', '+86 755 8765 4321']],
  ] as const)
    for (const form of forms)
      for (const before of ['', '-', '张-'])
        expect(
          Buffer.from(new NumberSearch(number).replace(base64(`${before}<${form}>`), X), 'base64').toString(),
          form,
        ).toMatch(new RegExp(`^${before}<[+(]?${X}\\.*>$`))
})

test('with one more digit at either end, however it is divided, it is another number', () => {
  for (const form of ['+8613800000021', '13800000021', '0086 138 0000 0021', '１３８-００００００２１'])
    for (const digit of '0123456789９') {
      expect(mobile.replace(form + digit, X)).toBe(form + digit)
      if (/^[1１]/.test(form) && digit !== '0') expect(mobile.replace(digit + form, X)).toBe(digit + form)
    }
})

test('text of nothing but signs and beginnings of numbers is searched in time that grows with its length', () => {
  const text = ['%25', '138 0000 ', '\\', '2525', '+86 ', '138%25'].map((part) => part.repeat(10_000)).join('x')
  const began = performance.now()
  expect(mobile.replace(`${text} 13800000021`, X)).toBe(`${text} ${X}`)
  expect(performance.now() - began).toBeLessThan(5_000)
})

test('a number that stands in a text a hundred thousand times is found at once', () => {
  const began = performance.now()
  expect(mobile.isIn(base64('+8613800000021,').repeat(100_000))).toBe(true)
  expect(performance.now() - began).toBeLessThan(2_000)
  for (const text of ['', 'x', base64('+86138000000210'), '138000000210', base64('+8613800000022')])
    expect(mobile.isIn(text), text).toBe(mobile.replace(text, X) !== text)
})
