import type pg from 'pg'
import { BodyError, parseBody } from '../rtc/body.ts'
import { EnvelopeError, openEnvelope } from '../rtc/envelope.ts'
import type { RecordKind } from '../rtc/record.ts'
import { classify, publicError } from '../store/errors.ts'
import { transaction } from '../store/pool.ts'
import type { CommitContext } from '../store/postgres.ts'
import { type QuarantineEntry, resolveQuarantine } from '../store/quarantine.ts'
import { cdrTable, eventTable, storeGroup } from './commit.ts'
import { inspect, unrepeatable } from './inspect.ts'
import type { Entry } from './item.ts'

/** What came of a replay: how many rows it added, or why the entry stays as it is. */
export type Replayed = { done: true; stored: number; duplicates: number } | { done: false; reason: string }

class StillRefused extends Error {}

/**
 * Sends a quarantined record or body through today's code. When all of it is good now, it is stored and the entry
 * resolved, in one transaction; else nothing changes. An entry that is resolved already is left alone.
 */
export async function replay(client: pg.ClientBase, context: CommitContext, entry: QuarantineEntry): Promise<Replayed> {
  if (entry.resolved_at !== null) return { done: false, reason: `was resolved before: ${entry.resolution}` }
  if (entry.body.length < entry.body_size) return { done: false, reason: 'only the beginning of its body was kept' }
  try {
    const { kind, entries } = read(entry)
    const table = kind === 'status' ? eventTable : cdrTable
    const times = entries.flatMap(({ fate }) => ('row' in fate ? [table.time(fate.row)] : []))
    await context.partitions.ensure(client, table.name, times)
    return await transaction(client, async () => {
      const outcomes = [...(await storeGroup(client, context, table, entries)).values()]
      if (outcomes.includes('conflict')) throw new StillRefused('another record is stored under its key')
      await resolveQuarantine(client, [entry.id], 'replayed')
      const stored = outcomes.filter((outcome) => outcome === 'stored').length
      return { done: true, stored, duplicates: outcomes.length - stored }
    })
  } catch (error) {
    const reason = refusalOf(error)
    if (reason === undefined) throw error
    return { done: false, reason }
  }
}

/** Why today's code or Postgres does not take the entry either; undefined for an error that is not about the entry. */
function refusalOf(error: unknown): string | undefined {
  if (error instanceof StillRefused || error instanceof BodyError || error instanceof EnvelopeError)
    return error.message
  return classify(error) === 'bad_record' ? `Postgres refused it with SQLSTATE ${publicError(error).code}` : undefined
}

/** The records of an entry, all good. Throws when one is not. */
function read(entry: QuarantineEntry): { kind: RecordKind; entries: Entry[] } {
  const parsed = parseBody(entry.body)
  // A record stands alone under its kind, unless JSON could not repeat it and its callback's body was kept.
  const isRecord = (entry.kind === 'status' || entry.kind === 'fee') && !unrepeatable.has(entry.reason)
  const { kind, records } = isRecord ? { kind: entry.kind as RecordKind, records: [parsed] } : openEnvelope(parsed)
  const wanted =
    !isRecord && entry.record_index !== null ? records.slice(entry.record_index, entry.record_index + 1) : records
  const entries = wanted.map((record, i) =>
    inspect(
      {
        kind,
        record,
        index: kind === 'fee' ? (entry.record_index ?? i) : null,
        signer: entry.signed_by,
        receivedAt: entry.first_seen_at.toISOString(),
        bytes: entry.body_size,
      },
      entry.body,
    ),
  )
  for (const { fate } of entries) {
    if ('note' in fate)
      throw new StillRefused(fate.note.errors.map(({ pointer, message }) => `${pointer} ${message}`).join('; '))
  }
  return { kind, entries }
}
