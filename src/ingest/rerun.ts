import type pg from 'pg'
import { BodyError, openEnvelope, parseBody } from '../platform/body.ts'
import type { CallbackKind } from '../platform/record.ts'
import { classify, publicError } from '../store/errors.ts'
import { transaction } from '../store/pool.ts'
import type { CommitContext } from '../store/postgres.ts'
import { type QuarantineEntry, resolveQuarantine } from '../store/quarantine.ts'
import { check, checkCallback, holdsBody, keptWhole } from './check.ts'
import type { Entry, Outcome } from './entry.ts'
import { storeFacts, timesOf } from './fact-store.ts'
import { cdrTable, eventTable } from './facts.ts'
import { notices } from './notice-store.ts'
import { quarantine } from './quarantine-notes.ts'

/** What came of it: how many rows it added, or why the entry stays as it is. */
export type Rerun =
  | { done: true; stored: number; duplicates: number; quarantined: number }
  | { done: false; reason: string }

class StillRefused extends Error {}

/**
 * Sends a quarantined record or body through today's code. A record that is good now is stored, and of a body, as when
 * it comes from the platform, what is good is stored and what is bad gets an entry of its own. In the same transaction
 * the entry is resolved. When nothing of it is good, or it is resolved already, nothing changes.
 */
export async function rerun(client: pg.ClientBase, context: CommitContext, entry: QuarantineEntry): Promise<Rerun> {
  if (entry.resolved_at !== null) return { done: false, reason: `was resolved before: ${entry.resolution}` }
  if (entry.body.length < entry.body_size) return { done: false, reason: 'only the beginning of its body was kept' }
  try {
    const { kind, entries, isRecord } = read(entry)
    if (kind !== 'notice') {
      const table = kind === 'fee' ? cdrTable : eventTable
      await context.partitions.ensure(client, table.name, timesOf(table, entries.filter(isGood)))
    }
    return await transaction(client, async () => {
      const outcomes = await storeAll(client, context, kind, entries)
      if (isRecord && outcomes.includes('conflict')) throw new StillRefused('another record is stored under its key')
      await resolveQuarantine(client, [entry.id], 'replayed')
      const count = (wanted: Outcome[]) => outcomes.filter((outcome) => wanted.includes(outcome)).length
      return {
        done: true,
        stored: count(['stored']),
        duplicates: count(['duplicate']),
        quarantined: count(['quarantined', 'conflict']),
      }
    })
  } catch (error) {
    const reason = refusalOf(error)
    if (reason === undefined) throw error
    return { done: false, reason }
  }
}

async function storeAll(
  client: pg.ClientBase,
  context: CommitContext,
  kind: CallbackKind,
  entries: readonly Entry[],
): Promise<Outcome[]> {
  const good = entries.filter(isGood)
  const bad = entries.filter((entry) => !isGood(entry))
  const stored = await (kind === 'fee'
    ? storeFacts(client, context, cdrTable, good)
    : kind === 'status'
      ? storeFacts(client, context, eventTable, good)
      : notices.store(client, context, good))
  return bad.length === 0 ? stored : [...stored, ...(await quarantine.store(client, context, bad))]
}

function isGood({ content }: Entry): boolean {
  return 'row' in content
}

/** Why today's code or Postgres does not take the entry either; undefined for an error that is not about the entry. */
function refusalOf(error: unknown): string | undefined {
  if (error instanceof StillRefused || error instanceof BodyError) return error.message
  return classify(error) === 'bad_record' ? `Postgres refused it with SQLSTATE ${publicError(error).code}` : undefined
}

/** The records of an entry. Throws when it would come back as it is. */
function read(entry: QuarantineEntry): { kind: CallbackKind; entries: Entry[]; isRecord: boolean } {
  const parsed = parseBody(entry.body)
  const signer = entry.signed_by
  const receivedAt = entry.first_seen_at
  if (isRecord(entry)) {
    const { kind, record_index: index, body_size: bytes } = entry
    const delivered = {
      via: 'spool',
      kind,
      record: parsed,
      index,
      signer,
      receivedAt: receivedAt.toISOString(),
      bytes,
    } as const
    return { kind, entries: refuseBad([check(delivered, entry.body)]), isRecord: true }
  }
  const envelope = openEnvelope(parsed)
  const entries = checkCallback({ ...envelope, body: entry.body, signer, receivedAt })
  return { kind: envelope.kind, entries: refuseBad(entries), isRecord: false }
}

/** Throws when nothing is good, or when it would become the entry that it is. */
function refuseBad(entries: Entry[]): Entry[] {
  const [bad] = entries.some(isGood) ? entries.filter(holdsBody) : entries
  if (bad && 'note' in bad.content) {
    throw new StillRefused(bad.content.note.errors.map(({ pointer, message }) => `${pointer} ${message}`).join('; '))
  }
  return entries
}

/** Whether the entry's body is a record rather than a callback's body. */
function isRecord(entry: QuarantineEntry): entry is QuarantineEntry & { kind: CallbackKind } {
  return entry.kind !== 'unknown' && entry.kind !== 'unauthenticated' && !keptWhole.has(entry.reason)
}
