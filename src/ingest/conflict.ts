import type pg from 'pg'
import { callRef } from '../calls/references.ts'
import { BodyError, parseBody } from '../platform/body.ts'
import { type CdrRow, checkCdr } from '../platform/cdr.ts'
import { recordOf } from '../platform/cdr-differences.ts'
import { type CdrInsert, cdrKey, replaceCdr, storedCdrs } from '../store/cdrs.ts'
import { readReferenceKeys } from '../store/keys.ts'
import { transaction } from '../store/pool.ts'
import type { CommitContext } from '../store/postgres.ts'
import { type QuarantineEntry, resolveQuarantine } from '../store/quarantine.ts'
import type { Queryable } from '../store/statement.ts'
import { check } from './check.ts'
import { storeFacts } from './fact-store.ts'
import { cdrTable } from './facts.ts'

/** A CDR in quarantine, and the one that is stored under its key. */
export interface Conflict {
  received: CdrRow
  /** null where there is none any more, or nothing is left of it to compare with. */
  stored: CdrInsert | null
}

/** Undefined for an entry that is no conflict of CDRs. */
export async function findConflict(client: Queryable, entry: QuarantineEntry): Promise<Conflict | undefined> {
  if (entry.kind !== 'fee' || entry.reason !== 'conflict') return undefined
  const received = rowOf(entry)
  if (!received) return undefined
  const found = (await storedCdrs(client, [received])).get(cdrKey(received))
  return { received, stored: found && !found.erased ? found.row : null }
}

function rowOf({ body }: QuarantineEntry): CdrRow | undefined {
  try {
    const checked = checkCdr(parseBody(body), Date.now())
    return checked.ok ? checked.row : undefined
  } catch (error) {
    if (error instanceof BodyError) return undefined
    throw error
  }
}

class NotAcceptedError extends Error {}

/**
 * Puts the CDR of a conflict in the place of the stored one, which is kept in rtc.replaced_cdrs; the session is folded again and
 * the entry resolved, all in one transaction. Resolves to why it could not be done, with nothing changed, or to undefined.
 */
export async function acceptConflict(
  client: pg.ClientBase,
  context: CommitContext,
  entry: QuarantineEntry,
): Promise<string | undefined> {
  if (entry.resolved_at !== null) return `was resolved before: ${entry.resolution}`
  const conflict = await findConflict(client, entry)
  if (!conflict) return 'is no conflict of CDRs: replay is for what can be stored by now'
  const { stored } = conflict
  if (!stored) return 'has no rival any more: replay stores it'
  const { signed: key } = await readReferenceKeys(client)
  try {
    await transaction(client, async () => {
      const old = { call_ref: callRef(key, stored.session_id), cdr: recordOf(stored) }
      if (!(await replaceCdr(client, stored, old))) throw new NotAcceptedError('met somebody else at work: try again')
      const outcomes = await storeFacts(client, context, cdrTable, [check(deliveredBy(entry), entry.body)])
      if (outcomes[0] !== 'stored') throw new NotAcceptedError(`could not be stored (${outcomes[0]})`)
      await resolveQuarantine(client, [entry.id], 'accepted')
    })
    return undefined
  } catch (error) {
    if (error instanceof NotAcceptedError) return error.message
    throw error
  }
}

function deliveredBy({
  body,
  body_size: bytes,
  record_index: index,
  signed_by: signer,
  first_seen_at,
}: QuarantineEntry) {
  const receivedAt = first_seen_at.toISOString()
  return { via: 'spool', kind: 'fee', record: parseBody(body), index, signer, receivedAt, bytes } as const
}
