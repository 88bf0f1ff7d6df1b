import { createSecretKey } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson, keyedDigest, recordDigest } from '../../src/platform/digest.ts'
import type { JsonObject } from '../../src/platform/record.ts'
import { parseTime } from '../../src/platform/times.ts'
import { cdrFixture, feeFixtures, statusFixture, statusFixtures } from '../fixtures/load.ts'

const key = Buffer.from('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hex')
const fee = (record: unknown) => recordDigest(key, 'fee', record, true)
const status = (record: unknown) => recordDigest(key, 'status', record, true)

const short = {
  eventType: 'CallOut',
  statusInfo: { timestamp: '2024-03-05  07:15:00', sessionId: 's1', userData: '', caller: null },
}

const numStatus = {
  eventType: 'numStatus',
  numInfo: [{ number: '+8617012340001', status: '10', cause: '2' }],
}

test('the canonical form, written out', () => {
  expect(canonicalJson('status', short)).toBe(
    '{"eventType":"callout","statusInfo":{"sessionId":"s1","timestamp":"2024-03-05 07:15:00"}}',
  )
  expect(canonicalJson('fee', { b: [null, '', { d: null, c: true }], é: 'ü"\n', a: 1.5, B: {}, '10': 0, '9': 0 })).toBe(
    '{"10":0,"9":0,"B":{},"a":1.5,"b":[null,"",{"c":true}],"é":"ü\\"\\n"}',
  )
})

// Stored keys must be found again by every later release: these never change.
test.each([
  // All were computed a second time apart from this code, in Python; the first also with
  // printf 'status\n{"eventType":"callout","statusInfo":{"sessionId":"s1","timestamp":"2024-03-05 07:15:00"}}' |
  //   openssl dgst -sha256 -mac HMAC -macopt hexkey:000102…1f, of which the first 32 digits
  ['status, short', 'status', short, 'fb6cd6e15ecf679a9350a26dc9db9ddc'],
  ['callout', 'status', statusFixture('callout'), 'be2250d18c59fd0c0de681173f383845'],
  ['answer', 'status', statusFixture('answer'), '19da063465a40ca5a79363c74c40b811'],
  ['collectInfo', 'status', statusFixture('collect-info'), 'b283318e18d5a4c379211e7a32e4e2cf'],
  ['numStatus', 'notice', numStatus, '468185b7e9392a0bed17aa20f56588ef'],
  ['click2Call', 'fee', cdrFixture('fee-click2call'), '762808acc95af077a0daebc9efdbfc6b'],
  ['empty strings', 'fee', cdrFixture('fee-empty-strings'), '031c8e057bbff33d2b09aee8b982b3c0'],
] as const)('golden vector: %s', (_, kind, record, digest) => {
  expect(recordDigest(key, kind, record, true)).toBe(digest)
})

test('a CDR and an event never share a digest', () => {
  expect(fee(short)).not.toBe(status(short))
})

test('a key object gives the digest of its bytes', () => {
  expect(recordDigest(createSecretKey(key), 'status', short, true)).toBe(status(short))
})

test('another key gives another digest', () => {
  expect(recordDigest(Buffer.alloc(32), 'status', short, true)).not.toBe(status(short))
})

test('text and its UTF-8 bytes have one digest', () => {
  expect(keyedDigest(key, 'é')).toBe(keyedDigest(key, Buffer.from('é')))
  expect(keyedDigest(key, Buffer.alloc(0))).toMatch(/^[0-9a-f]{32}$/)
})

test.each([...statusFixtures, ...feeFixtures])(
  '%s keeps its digest when members are shuffled or absent ones added',
  (name) => {
    const record = name.startsWith('fee') ? cdrFixture(name) : statusFixture(name).statusInfo
    const entries = Object.entries(record)
    fc.assert(
      fc.property(
        fc.shuffledSubarray(entries, { minLength: entries.length }),
        fc.dictionary(
          fc.string().filter((key) => !Object.hasOwn(record, key)),
          fc.constantFrom(null, ''),
        ),
        fc.string({ unit: fc.constantFrom(' ', '\t'), minLength: 1, maxLength: 3 }),
        (shuffled, absent, blanks) => {
          const rewritten = Object.fromEntries(shuffled.map(([field, value]) => [field, reblank(value, blanks)]))
          const again: JsonObject = { ...absent, ...rewritten }
          expect(fee(again)).toBe(fee(record))
          expect(status({ eventType: 'ANSWER', statusInfo: again })).toBe(
            status({ statusInfo: record, eventType: 'answer' }),
          )
        },
      ),
      { numRuns: 30 },
    )
  },
)

test.each([
  [{ a: 1 }, { a: 2 }],
  [{ a: 1 }, { a: '1' }],
  [{ a: 1 }, { b: 1 }],
  [{ a: [1, 2] }, { a: [2, 1] }],
  [{ a: [null] }, { a: [] }],
  [{ a: {} }, {}],
  [{ a: { b: 1 } }, { a: 1, b: 1 }],
  [{ a: '"' }, { a: '\\"' }],
  [{ callEndTime: '2024-03-05 07:15:00' }, { callEndTime: '2024-03-05 07:15:01' }],
  [{ callEndTime: '2024-02-30 07:15:00' }, { callEndTime: '2024-02-30  07:15:00' }],
])('%j and %j differ', (one, other) => {
  expect(fee(one)).not.toBe(fee(other))
})

test('what stands beside eventType and statusInfo is in no digest', () => {
  expect(status({ ...short, pushedAt: 5 })).toBe(status(short))
})

test('the canonical form is JSON of the same content, for any value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.parse(canonicalJson('fee', value))).toEqual(withoutAbsent(value))
      expect(status(value)).toMatch(/^[0-9a-f]{32}$/)
    }),
  )
})

test('names stand in the order of their code units at every depth, whatever an object would make of them', () => {
  const names = fc.oneof(fc.string(), fc.nat().map(String), fc.constantFrom('__proto__', 'constructor', '01', '-1'))
  const value = fc.letrec((tie) => ({
    any: fc.oneof({ depthSize: 'small' }, fc.jsonValue({ maxDepth: 0 }), fc.array(tie('any')), tie('object')),
    object: fc.array(fc.tuple(names, tie('any'))).map((entries) => Object.fromEntries(entries)),
  })).any
  fc.assert(
    fc.property(value, (value) => {
      expect(canonicalJson('fee', value)).toBe(plainly(value))
    }),
  )
})

/** The canonical form, written without regard to speed. */
function plainly(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(parseTime(value) ?? value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(plainly).join()}]`
  const entries = Object.entries(value).filter(([, member]) => member !== null && member !== '')
  return `{${entries
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${plainly(member)}`)
    .join()}}`
}

test.each([900, 5_000, 200_000])('a value nested %i deep has a canonical form', (depth) => {
  const text = `{"a":${'[{"b":'.repeat(depth / 2)}1${'}]'.repeat(depth / 2)}}`
  expect(canonicalJson('fee', JSON.parse(text))).toBe(text)
})

function reblank(value: unknown, blanks: string): unknown {
  return typeof value === 'string' ? value.replace(/^(\d{4}-\d\d-\d\d) +/, `$1${blanks}`) : value
}

function withoutAbsent(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutAbsent)
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? 0 : value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== null && member !== '')
      .map(([name, member]) => [name, withoutAbsent(member)]),
  )
}

test('a record without a verified signature is another one than with it', () => {
  for (const kind of ['status', 'fee', 'notice'] as const)
    expect(recordDigest(key, kind, short, false)).not.toBe(recordDigest(key, kind, short, true))
})
