import { fold } from '../calls/fold.ts'
import { callRef } from '../calls/references.ts'
import type { CdrFact, FoldContext } from '../calls/types.ts'
import { type Conflict, findConflict } from '../ingest/conflict.ts'
import type { CdrRow } from '../platform/cdr.ts'
import { cdrDifferences } from '../platform/cdr-differences.ts'
import { toMillis } from '../platform/times.ts'
import { readPlacedScenarios } from '../store/placed-calls.ts'
import { newConflicts, noteConflict, type QuarantineEntry } from '../store/quarantine.ts'
import { type CountedFacts, readSomeFacts } from '../store/session-facts.ts'
import type { Queryable } from '../store/statement.ts'
import type { FoldTables } from './fold-tables.ts'

/** What a CDR in quarantine would change if it were accepted. */
export interface Explanation {
  call_ref: string
  /** Names of fields; empty where nothing is stored to compare with. */
  differing: string[]
  /** Billed minutes of both legs; null where nothing is stored under the key. */
  minutes: { stored: number; received: number } | null
  /** appKeys of the verified signatures. */
  signed_by: { stored: string | null; received: string | null }
}

/** Events of a session that are looked at: a bill does not hang on more. */
const someFacts = 1_000

/** Conflicts that are explained at a time, so that whoever posts many keeps nobody waiting. */
const conflictsAtOnce = 50

/** Notes of new conflicts which call they are about and what they would change of the bill. Resolves to how many. */
export async function explainConflicts(client: Queryable, tables: FoldTables): Promise<number> {
  const entries = await newConflicts(client, conflictsAtOnce)
  for (const entry of entries) await explainConflict(client, tables, entry)
  return entries.length
}

/** Undefined for an entry that is no conflict of CDRs. What is found is noted for others to see. */
export async function explainConflict(
  client: Queryable,
  tables: FoldTables,
  entry: QuarantineEntry,
): Promise<Explanation | undefined> {
  const conflict = await findConflict(client, entry)
  if (!conflict) return undefined
  const context = await tables.read(client, Date.now())
  const { received, stored } = conflict
  const explanation: Explanation = {
    call_ref: callRef(context.references.signed, received.session_id),
    differing: stored ? cdrDifferences(stored, received) : [],
    minutes: await minutesOf(client, context, conflict, entry.signed_by),
    signed_by: { stored: stored?.signed_by ?? null, received: entry.signed_by },
  }
  await noteConflict(client, entry.id, explanation.call_ref, explanation.minutes)
  return explanation
}

/** By the stored CDR and by the other one, each as if it were the only one of its session. */
async function minutesOf(
  client: Queryable,
  context: FoldContext,
  { received, stored }: Conflict,
  signer: string | null,
): Promise<Explanation['minutes']> {
  if (!stored) return null
  const { session_id: id } = received
  const facts = await readSomeFacts(client, id, someFacts)
  const placedScenario = (await readPlacedScenarios(client, [id])).get(id) ?? null
  const billed = (cdr: CdrFact) => {
    const session: CountedFacts = { ...facts, cdrs: [cdr], cdrCount: 1 }
    const { call } = fold({ sessionId: id, placedScenario, ...session }, context)
    return (call.a_minutes ?? 0) + (call.b_minutes ?? 0)
  }
  const at = Date.now()
  return { stored: billed(factOf(stored, stored.signed_by, at)), received: billed(factOf(received, signer, at)) }
}

/** A row as the fold reads it: times in milliseconds. */
function factOf(row: CdrRow, signed_by: string | null, received_at: number): CdrFact {
  const members = Object.entries(row).map(([column, value]) => [
    column,
    column.endsWith('_time') && typeof value === 'string' ? toMillis(value) : value,
  ])
  return { ...Object.fromEntries(members), signed_by, received_at } as CdrFact
}
