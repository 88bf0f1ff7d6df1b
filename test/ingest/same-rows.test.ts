import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson } from '../../src/platform/digest.ts'
import type { RecordKind } from '../../src/platform/record.ts'
import { cdr, event } from '../support/callbacks.ts'
import { freshDatabase } from '../support/database.ts'
import { TestReceiver, turns, until } from '../support/receiver.ts'
import { emptyTables, readTables } from '../support/tables.ts'

interface Sent {
  kind: RecordKind
  record: Record<string, unknown>
}

const session = fc.constantFrom('s1', 's2', 's3', '会话 4', '')
const time = fc.constantFrom('2019-01-24 03:04:24', '2024-03-05 07:15:00', '2024-03-05 07:15:01', 'no time')
const more = fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 3 })

const anEvent = fc
  .tuple(session, time, fc.constantFrom('answer', 'disconnect', 'Answer', 'something new'), more)
  .map(([sessionId, timestamp, eventType, fields]): Sent => {
    return { kind: 'status', record: event(sessionId, { ...fields, timestamp }, eventType) }
  })

const aCdr = fc.tuple(session, time, fc.nat(99), more).map(([sessionId, callEndTime, icid, fields]): Sent => {
  return { kind: 'fee', record: cdr(sessionId, { ...fields, callEndTime, icid: String(icid) }) }
})

/** Records no two of which are the same, nor rivals for one key. */
const distinct = fc.uniqueArray(fc.oneof(anEvent, aCdr), {
  minLength: 1,
  maxLength: 25,
  selector: ({ kind, record }) => {
    const { sessionId, icid, callEndTime } = record
    return kind === 'fee' ? JSON.stringify([sessionId, icid, callEndTime]) : canonicalJson(kind, record)
  },
})

/** Which of them is sent when (each at least once), how, and after how long a pause. */
const order = (count: number) =>
  fc
    .array(fc.tuple(fc.nat(count - 1), fc.constantFrom('live', 'live', 'spool'), fc.boolean()), { maxLength: 40 })
    .chain((again) => {
      const once = Array.from({ length: count }, (_, i) => [i, 'live', false] as [number, string, boolean])
      return fc.shuffledSubarray([...once, ...again], { minLength: count + again.length })
    })

test('any records, in any callbacks, in any order, any number of times: the rows of each record once', async () => {
  const database = await freshDatabase()
  const it = await TestReceiver.start(database.url)
  const receivedAt = new Date()
  const at = receivedAt.toISOString()

  const stored = async () => {
    await until('the spool is drained', () => it.spool.records === 0)
    const { call_events, cdrs, quarantine } = await readTables(database.pool)
    await emptyTables(database.pool)
    const kept = quarantine.map(({ seen_count, record_index, ...entry }) => JSON.stringify(entry)).sort()
    const sorted = (rows: object[]) => rows.map((row) => JSON.stringify(row)).sort()
    return { call_events: sorted(call_events), cdrs: sorted(cdrs), kept }
  }

  await fc.assert(
    fc.asyncProperty(
      distinct.chain((records) => fc.tuple(fc.constant(records), order(records.length))),
      async ([records, plan]) => {
        for (const { kind, record } of records) await it.take(kind, [record], { receivedAt })
        const expected = await stored()

        const sending: Promise<void>[] = []
        let callback: unknown[] = []
        const sendCdrs = () => {
          sending.push(it.take('fee', callback, { receivedAt }))
          callback = []
        }
        for (const [which, how, pause] of plan) {
          const { kind, record } = records[which] as Sent
          if (how === 'spool') sending.push(it.spool.append([{ at, kind, signer: null, record }]))
          else if (kind === 'status') sending.push(it.take('status', [record], { receivedAt }))
          else callback.push(record)
          if (pause) {
            sendCdrs()
            await turns(2)
          }
        }
        sendCdrs()
        await Promise.all(sending)
        expect(await stored()).toEqual(expected)
      },
    ),
    { numRuns: 15 },
  )
})
