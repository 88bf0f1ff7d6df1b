import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type CdrRow, checkCdr } from '../../src/platform/cdr.ts'
import { cdrDifferences } from '../../src/platform/cdr-differences.ts'
import { feeFields } from '../../src/platform/fee-info.ts'
import type { JsonObject } from '../../src/platform/record.ts'
import { cdrFixture, feeFixtures } from '../fixtures/load.ts'

const now = Date.UTC(2026, 10, 27)
const good = { sessionId: 's', callEndTime: '2026-03-05 07:15:41' }

test.each([
  ['another order of members', { sessionId: 's', callEndTime: good.callEndTime, icid: '1' }, { icid: '1', ...good }],
  ['absent, null and empty text', { ...good, userData: '' }, { ...good, failTime: null }],
  ['counters and causes of 0', { ...good, fwdUnaswRsn: 0, ttsPlayTimes: '0', sipStatusCode: -0 }, good],
  [
    'blanks in times',
    { ...good, fwdStartTime: '2026-03-05  07:15:00' },
    { ...good, fwdStartTime: '2026-03-05 07:15:00' },
  ],
  [
    'blanks in times of unknown fields',
    { ...good, joined: '2026-03-05  07:15:00' },
    { ...good, joined: '2026-03-05 07:15:00 ' },
  ],
  ['placeholders of times', { ...good, failTime: '1970-01-01 00:00:00', recordStartTime: '9999-12-31 23:59:59' }, good],
  ['the sign of zero', { ...good, direction: -0, billType: -0 }, { ...good, direction: 0, billType: 0 }],
  [
    'numbers and texts of one value',
    { ...good, callerNum: 8675512345678, recordFlag: true },
    { ...good, callerNum: '8675512345678', recordFlag: '1' },
  ],
  ['both names of the extension', { ...good, extendNum: '12' }, { ...good, extendNumber: 12 }],
  [
    'absent members inside unknown fields',
    { ...good, more: { a: '', b: [1, null], c: 1 } },
    { ...good, more: { c: 1, b: [1, null] } },
  ],
])('%s make no difference', (_, one, other) => {
  expect(cdrDifferences(rowOf(one), rowOf(other))).toEqual([])
})

test.each<[JsonObject, JsonObject, string[]]>([
  [{ recordFlag: 0 }, { recordFlag: 1, recordObjectName: 'x.wav' }, ['recordFlag', 'recordObjectName']],
  [{ recordFlag: 0 }, {}, ['recordFlag']],
  [{ ulFailReason: 0 }, { ulFailReason: 518 }, ['ulFailReason']],
  [{ fwdAnswerTime: '2026-03-05 07:15:00' }, { fwdAnswerTime: '2026-03-05 07:15:01' }, ['fwdAnswerTime']],
  [{ failTime: 'soon' }, {}, ['failTime']],
  [{ fwdAnswerTime: '2018-03-05 07:15:00' }, {}, ['fwdAnswerTime']],
  [{ callType: 0 }, {}, ['callType']],
  [{ more: [1, 2] }, { more: [2, 1] }, ['more']],
  [{ extendNumber: '1', extendNum: '2' }, { extendNumber: '1' }, ['extendNum']],
  [JSON.parse('{"__proto__":{"a":1}}'), {}, ['__proto__']],
])('%j and %j differ in %j', (one, other, names) => {
  expect(cdrDifferences(rowOf({ ...good, ...one }), rowOf({ ...good, ...other }))).toEqual(names)
})

test('who signed a CDR, and when it came, is no part of it', () => {
  const row = rowOf(good)
  expect(cdrDifferences({ ...row, signed_by: 'app', received_at: 'x', stored_at: 'y' } as CdrRow, row)).toEqual([])
})

test.each(feeFixtures)('%s equals itself after a way through Postgres', (name) => {
  const row = rowOf(cdrFixture(name))
  expect(cdrDifferences(stored(row), row)).toEqual([])
})

const times = [
  '2026-03-05 07:15:00',
  '2026-03-05  07:15:00',
  '2026-03-05 07:16:00',
  '2018-11-12 00:00:05',
  '1970-01-01 00:00:00',
  '0001-01-01 00:00:00',
  '9999-12-31 23:59:59',
  'null',
  '2026-02-30 00:00:00',
]
const value = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    '',
    0,
    -0,
    1,
    -1,
    '-1',
    '0',
    '007',
    true,
    false,
    1.5,
    2 ** 53,
    8613800000021,
    'x'.repeat(1025),
    [],
    {},
    [null],
    { a: '' },
    { b: 1, a: [times[1]] },
  ),
  fc.constantFrom(...times),
  fc.string({ maxLength: 5 }),
)
const names = [...feeFields.map(({ name }) => name as string), 'extendNum', 'areaCode', '/x', '__proto__', '0']
/** Records of one key that differ in few fields or none: the key time is the first of the list. */
const record = fc
  .dictionary(fc.constantFrom(...names), value, { maxKeys: 8, noNullPrototype: true })
  .map((members) => Object.fromEntries([...Object.entries(members), ...Object.entries(good)]))

test('a record equals itself however its members are ordered, and after a way through Postgres', () => {
  fc.assert(
    fc.property(record, (one) => {
      const other = Object.fromEntries(Object.entries(one).reverse())
      expect(cdrDifferences(stored(rowOf(one)), rowOf(other))).toEqual([])
    }),
    { numRuns: 200 },
  )
})

test('differences are symmetric', () => {
  fc.assert(
    fc.property(record, record, (one, other) => {
      const there = cdrDifferences(rowOf(one), stored(rowOf(other)))
      expect(cdrDifferences(rowOf(other), stored(rowOf(one))).sort()).toEqual(there.sort())
    }),
    { numRuns: 200 },
  )
})

test('what equals the same equals each other', () => {
  // Three readings of one record, each with some members left out or written in another way.
  const variant = fc.tuple(record, fc.array(fc.constantFrom(...variants), { maxLength: 6 }))
  fc.assert(
    fc.property(record, fc.tuple(variant, variant, variant), (base, choices) => {
      const rows = choices.map(([other, changes]) =>
        rowOf(changes.reduce<JsonObject>((made, change) => change(made, other), base)),
      )
      const [a, b, c] = rows as [CdrRow, CdrRow, CdrRow]
      const same = (one: CdrRow, other: CdrRow) => cdrDifferences(one, other).length === 0
      if (same(a, b) && same(b, c)) expect(same(a, c)).toBe(true)
    }),
    { numRuns: 1_000 },
  )
})

test('a row stored by a version that did not know some fields equals the same record today', () => {
  fc.assert(
    fc.property(record, fc.subarray(names), (one, unknown) => {
      const today = rowOf(one)
      const old: JsonObject = { ...today }
      const extra = new Map(Object.entries(today.extra ?? {}))
      for (const { name, column } of feeFields) {
        if (!unknown.includes(name) || name === 'sessionId' || name === 'callEndTime' || name === 'icid') continue
        old[column] = null
        for (const sent of name === 'extendNumber' ? [name, 'extendNum'] : [name])
          if (Object.hasOwn(one, sent)) extra.set(sent, one[sent])
      }
      old.extra = Object.fromEntries(extra)
      expect(cdrDifferences(stored(old as unknown as CdrRow), today)).toEqual([])
    }),
    { numRuns: 500 },
  )
})

const variants: ((record: JsonObject, other: JsonObject) => JsonObject)[] = [
  (record) => ({ ...record, failTime: '1970-01-01 00:00:00' }),
  (record) => ({ ...record, userData: '' }),
  (record) => ({ ...record, fwdUnaswRsn: 0 }),
  (record) => without(record, 'fwdUnaswRsn'),
  (record) => without(record, 'failTime'),
  (record) => ({ ...record, extendNum: record.extendNumber ?? null }),
  (record) => without(record, 'extendNumber'),
  (record, other) => ({ ...record, userData: other.userData }),
]

function without(record: JsonObject, name: string): JsonObject {
  return Object.fromEntries(Object.entries(record).filter(([member]) => member !== name))
}

function rowOf(record: unknown): CdrRow {
  const checked = checkCdr(record, now)
  if (!checked.ok) throw new Error(checked.reason)
  return checked.row
}

/** A row as Postgres gives it back: jsonb knows no −0 and no order of members. */
function stored(row: CdrRow): CdrRow {
  return JSON.parse(JSON.stringify(row), (_, member) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).reverse())
      : member,
  )
}
