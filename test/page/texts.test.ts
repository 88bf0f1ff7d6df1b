import { describe, expect, test } from 'vitest'
import { Format } from '../../src/page/format.ts'
import { half } from '../../src/page/layout.ts'
import { earlier, lately, readLocal } from '../../src/page/periods.ts'
import { languageOf, named, texts } from '../../src/page/texts/texts.ts'

test.each([
  [undefined, 'en'],
  ['', 'en'],
  ['de-DE,de;q=0.9', 'en'],
  ['zh-CN,zh;q=0.9,en;q=0.8', 'zh-CN'],
  ['en-GB,en;q=0.9,zh;q=0.8', 'en'],
  ['en;q=0.3, zh-Hant-TW;q=0.7', 'zh-CN'],
  ['zh;q=0', 'en'],
  ['zh;q=nonsense', 'zh-CN'],
  ['*', 'en'],
  ['fr, zh', 'zh-CN'],
])('Accept-Language %j: %s', (header, language) => {
  expect(languageOf(header)).toBe(language)
})

test('both languages have a text for everything, and the Chinese one is Chinese', () => {
  const all = (of: object): [string, unknown][] =>
    Object.entries(of).flatMap(([key, value]) =>
      typeof value === 'object' && !Array.isArray(value)
        ? all(value).map(([inner, text]): [string, unknown] => [`${key}.${inner}`, text])
        : [[key, value]],
    )
  const [english, chinese] = [all(texts.en), all(texts['zh-CN'])]
  expect(chinese.map(([key]) => key).sort()).toEqual(english.map(([key]) => key).sort())
  const sameInBoth = ['stateTexts', 'database', 'a', 'b', 'lookUps.userData', 'sides.A', 'sides.B']
  for (const [key, text] of chinese)
    if (typeof text === 'string' && !sameInBoth.includes(key)) expect(text, key).toMatch(/\p{Script=Han}/u)
})

test('a name that came from outside is looked up as a name, whatever it is', () => {
  expect(named(texts.en.events, 'alerting')).toBe('Ringing')
  for (const name of ['held', 'constructor', '__proto__', '']) expect(named(texts.en.events, name)).toBe(name)
})

test.each([
  ['user busy / 用户忙', 'user busy', '用户忙'],
  [
    'caller service suspended / hung up / 主叫挂机或主叫已停机',
    'caller service suspended / hung up',
    '主叫挂机或主叫已停机',
  ],
  ['state code 9999', 'state code 9999', 'state code 9999'],
  [null, null, null],
])('%j in two languages', (text, english, chinese) => {
  expect(half(text, 'en')).toBe(english)
  expect(half(text, 'zh-CN')).toBe(chinese)
})

describe('times of people', () => {
  const now = new Date('2026-11-22T10:28:16.500Z')

  test('a day begins and ends with an hour of the zone, and every bucket is whole', () => {
    const { from, to, starts } = lately('day', now, 'Asia/Shanghai')
    expect([from, to].map((time) => time.toISOString())).toEqual([
      '2026-11-21T11:00:00.000Z',
      '2026-11-22T11:00:00.000Z',
    ])
    expect(starts).toHaveLength(24)
    expect(lately('day', now, 'Asia/Kolkata').starts.at(-1)?.toISOString()).toBe('2026-11-22T09:30:00.000Z')
    expect(lately('hour', now, 'Asia/Shanghai').starts.map((start) => start.toISOString().slice(11, 16))).toEqual([
      '09:30',
      '09:35',
      '09:40',
      '09:45',
      '09:50',
      '09:55',
      '10:00',
      '10:05',
      '10:10',
      '10:15',
      '10:20',
      '10:25',
    ])
  })

  test('the same buckets of an earlier day begin at the same time of day, also where clocks were changed', () => {
    const today = lately('day', now, 'Asia/Shanghai')
    expect(earlier(today, 1).from.toISOString()).toBe('2026-11-20T11:00:00.000Z')
    expect(earlier(today, 7).starts.at(-1)?.toISOString()).toBe('2026-11-15T10:00:00.000Z')
    // Berlin's clocks went back on the 25th of October.
    const afterwards = lately('day', new Date('2026-10-26T10:28:00Z'), 'Europe/Berlin')
    expect(afterwards.to.toISOString()).toBe('2026-10-26T11:00:00.000Z')
    expect(earlier(afterwards, 7).to.toISOString()).toBe('2026-10-19T10:00:00.000Z')
  })

  test.each([
    ['2026-11-22T18:28', 'Asia/Shanghai', '2026-11-22T10:28:00.000Z'],
    ['2026-11-22T18:28:16', 'Asia/Shanghai', '2026-11-22T10:28:16.000Z'],
    ['2026-07-01T00:00', 'Europe/Berlin', '2026-06-30T22:00:00.000Z'],
    ['2026-03-29T03:00', 'Europe/Berlin', '2026-03-29T01:00:00.000Z'],
    ['2026-11-22', 'Asia/Shanghai', undefined],
    ['2026-13-22T18:28', 'Asia/Shanghai', undefined],
    ["2026-11-22T18:28'; DROP", 'Asia/Shanghai', undefined],
    [undefined, 'Asia/Shanghai', undefined],
  ])('%j in %s is %s', (text, zone, iso) => {
    expect(readLocal(text, zone)?.toISOString()).toBe(iso)
  })

  test('are written in the zone', () => {
    const format = new Format('en', 'Asia/Shanghai')
    expect(format.time(now)).toBe('2026-11-22 18:28:16')
    expect(format.minute(now)).toBe('18:28')
    expect(format.time(null)).toBe('–')
  })

  test.each([
    [0, '0 s', '0 秒'],
    [3.25, '3.3 s', '3.3 秒'],
    [-1.5, '-1.5 s', '-1.5 秒'],
    [59.97, '1 min', '1 分'],
    [61, '1 min 1 s', '1 分 1 秒'],
    [200, '3 min 20 s', '3 分 20 秒'],
    [-200, '-3 min 20 s', '-3 分 20 秒'],
    [3599.7, '1 h', '1 小时'],
    [3725, '1 h 2 min', '1 小时 2 分'],
    [86_400 * 30 + 3_700, '30 d 1 h', '30 天 1 小时'],
    [null, '–', '–'],
    [Number.NaN, '–', '–'],
  ])('%d seconds do not read as a time of day', (seconds, english, chinese) => {
    expect(new Format('en', 'UTC').duration(seconds)).toBe(english)
    expect(new Format('zh-CN', 'UTC').duration(seconds)).toBe(chinese)
  })

  test('a count and its noun agree', () => {
    expect([texts.en.spoolWaits('1', '2 s'), texts.en.spoolWaits('2', '2 s')]).toEqual([
      '1 record waiting in the spool, the oldest for 2 s.',
      '2 records waiting in the spool, the oldest for 2 s.',
    ])
    expect([texts.en.inQuarantine('1'), texts.en.inQuarantine('1,001')]).toEqual([
      '1 open entry.',
      '1,001 open entries.',
    ])
  })

  test.each([
    [0, '0 B'],
    [1023, '1,023 B'],
    [1536, '1.5 KiB'],
    [2 ** 40 * 3, '3 TiB'],
    [2 ** 60, '1,048,576 TiB'],
  ])('%d bytes', (bytes, text) => {
    expect(new Format('en', 'UTC').bytes(bytes)).toBe(text)
  })
})
