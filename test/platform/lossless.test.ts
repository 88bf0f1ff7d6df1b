import fc from 'fast-check'
import { expect, test } from 'vitest'
import { callEventColumns, checkCallEvent } from '../../src/platform/call-event.ts'
import { cdrColumns, checkCdr } from '../../src/platform/cdr.ts'
import { feeFields } from '../../src/platform/fee-info.ts'
import { type Field, isAbsent } from '../../src/platform/fields.ts'
import type { JsonObject } from '../../src/platform/record.ts'
import { receiptColumns } from '../../src/platform/split.ts'
import { statusFields } from '../../src/platform/status-info.ts'
import { parseTime } from '../../src/platform/times.ts'

const now = Date.UTC(2026, 2, 15)

const time = fc
  .date({ min: new Date(Date.UTC(2000, 0, 1)), max: new Date(now), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 19).replace('T', ' '))

/** What may come in a documented field: mostly what belongs there, else anything. */
function anyValueOf({ type }: Field): fc.Arbitrary<unknown> {
  const usual = {
    text: fc.string({ maxLength: 40 }),
    time: fc.oneof(
      time,
      time.map((text) => text.replace(' ', '  ')),
    ),
    int: fc.oneof(fc.integer(), fc.nat().map(String)),
  }[type]
  return fc.oneof(
    { weight: 6, arbitrary: usual as fc.Arbitrary<unknown> },
    fc.constantFrom(null, ''),
    fc.jsonValue({ maxDepth: 2 }),
  )
}

const recordOf = (fields: readonly Field[], required: Record<string, fc.Arbitrary<unknown>>) =>
  fc
    .tuple(
      fc.dictionary(fc.string({ maxLength: 12 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3, noNullPrototype: true }),
      fc.record(Object.fromEntries(fields.map((field) => [field.name, anyValueOf(field)])), {
        requiredKeys: [],
        noNullPrototype: true,
      }),
      fc.record(required, { noNullPrototype: true }),
    )
    .map((parts): JsonObject => Object.assign({}, ...parts))

const sessionId = fc.string({ minLength: 1, maxLength: 60 }).filter((text) => !text.includes('\0'))

/** Every member has its value in its column, or stands in `extra` as sent; nothing else stands there. */
function expectNothingLost(members: JsonObject, fields: readonly Field[], row: JsonObject, misfits: string[]) {
  const extra = (row.extra ?? {}) as JsonObject
  for (const [name, value] of Object.entries(members)) {
    const field = fields.find((known) => known.name === name)
    if (!field || misfits.includes(name)) expect(Object.entries(extra)).toContainEqual([name, value])
    else if (isAbsent(value)) expect(row[field.column] || null).toBeNull()
    else expect(row[field.column]).toBe(inColumn(field, value))
  }
  expect(Object.keys(extra).filter((name) => !Object.hasOwn(members, name))).toEqual([])
}

function inColumn({ type }: Field, value: unknown): unknown {
  if (type === 'int') return Number(value) + 0
  return type === 'time' ? parseTime(String(value)) : String(value)
}

test('nothing of a CDR is lost', () => {
  fc.assert(
    fc.property(recordOf(feeFields, { sessionId, callEndTime: time }), (record) => {
      const before = structuredClone(record)
      const checked = checkCdr(record, now)
      expect(record).toEqual(before)
      if (!checked.ok) return expect(['nul_character', 'lone_surrogate', 'non_finite_number']).toContain(checked.reason)
      expectNothingLost(record, feeFields, checked.row, checked.misfits)
      expect(Object.keys(checked.row).sort()).toEqual(
        [...cdrColumns.map(({ column }) => column), ...receiptColumns].sort(),
      )
    }),
    { numRuns: 500 },
  )
})

test('nothing of a call event is lost', () => {
  const statusInfo = recordOf(statusFields, { sessionId, timestamp: time })
  fc.assert(
    fc.property(statusInfo, fc.constantFrom('callout', 'ANSWER', 'new'), (members, eventType) => {
      const checked = checkCallEvent({ eventType, statusInfo: members }, now)
      if (!checked.ok) return expect(['nul_character', 'lone_surrogate', 'non_finite_number']).toContain(checked.reason)
      expectNothingLost(members, statusFields, checked.row, checked.misfits)
      expect(Object.keys(checked.row).sort()).toEqual(
        [...callEventColumns.map(({ column }) => column), ...receiptColumns].sort(),
      )
    }),
    { numRuns: 500 },
  )
})

test('any JSON value is checked without a throw, and a bad one has a place', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      for (const checked of [
        checkCdr(value, now),
        checkCallEvent(value, now),
        checkCallEvent({ eventType: value, statusInfo: value }, now),
      ]) {
        expect(checked.ok || checked.errors.length > 0).toBe(true)
      }
    }),
  )
})

test('misfits are names of documented fields, so that a metric can carry them', () => {
  const names = new Set<string>(feeFields.map(({ name }) => name))
  fc.assert(
    fc.property(recordOf(feeFields, { sessionId, callEndTime: time }), (record) => {
      const checked = checkCdr(record, now)
      if (checked.ok) expect(checked.misfits.filter((name) => !names.has(name))).toEqual([])
    }),
  )
})
