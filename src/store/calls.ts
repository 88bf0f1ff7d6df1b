import type { CallRow, PrivateCallRow } from '../calls/types.ts'
import { type ArrayColumns, arrayOf, arraysOf, insertFromArrays } from './row-arrays.ts'
import { type Queryable, run, type Statement } from './statement.ts'

/** What is kept of a call beside what everybody may see. `facts_from`: earliest key time of its facts, milliseconds. */
export type PrivateCall = PrivateCallRow & { facts_from: number }

const callColumns: ArrayColumns<CallRow> = {
  call_ref: 'uuid',
  session_id: 'text',
  app_key: 'text',
  sp_id: 'text',
  scenario: 'text',
  service_type: 'text',
  mode: 'text',
  direction: 'int',
  bound_party: 'text',
  bind_num: 'text',
  bind_ref: 'text',
  a_number: 'text',
  b_number: 'text',
  shown_to_a: 'text',
  shown_to_b: 'text',
  a_ref: 'text',
  b_ref: 'text',
  user_data_ref: 'text',
  subscription_ref: 'text',
  user_data: 'text',
  started_at: 'millis',
  a_started_at: 'millis',
  a_ringing_at: 'millis',
  a_answered_at: 'millis',
  a_ended_at: 'millis',
  b_started_at: 'millis',
  b_ringing_at: 'millis',
  b_answered_at: 'millis',
  b_ended_at: 'millis',
  ringing_at: 'millis',
  answered_at: 'millis',
  ended_at: 'millis',
  bill_day: 'date',
  ring_seconds: 'int',
  talk_seconds: 'int',
  post_dial_delay_seconds: 'int',
  a_seconds: 'int',
  b_seconds: 'int',
  a_post_dial_delay_seconds: 'int',
  b_post_dial_delay_seconds: 'int',
  first_received_at: 'millis',
  last_received_at: 'millis',
  cdr_received_at: 'millis',
  outcome: 'text',
  is_live: 'boolean',
  end_seen: 'boolean',
  is_finished: 'boolean',
  is_effective: 'boolean',
  reason_code: 'int',
  reason_source: 'text',
  reason_en: 'text',
  reason_zh: 'text',
  release_point: 'int',
  a_q850: 'int',
  b_q850: 'int',
  sip_status: 'int',
  state_code: 'int',
  hung_up_by: 'text',
  party_type: 'text',
  digits: 'text',
  digit_count: 'int',
  recording: 'text',
  recording_started_at: 'millis',
  a_minutes: 'int',
  b_minutes: 'int',
  minutes_estimated: 'boolean',
  event_count: 'int',
  cdr_count: 'int',
  recheck_at: 'millis',
}

const privateColumns: ArrayColumns<PrivateCall> = {
  call_ref: 'uuid',
  session_id: 'text',
  a_number: 'text',
  b_number: 'text',
  shown_to_a: 'text',
  shown_to_b: 'text',
  bind_num: 'text',
  user_data: 'text',
  subscription_id: 'text',
  extension: 'text',
  digits: 'text',
  record_domain: 'text',
  record_bucket_name: 'text',
  record_object_name: 'text',
  record_file_download_url: 'text',
  facts_from: 'millis',
}

// Rows that would be written as they are are left alone: no dead row, no WAL. The version is the position in the feed of the
// last change; when a call is looked at next is no news for its readers.
const upsertCalls: Statement = {
  name: 'upsert_calls',
  text: `${insertFromArrays('ops.calls AS c', { ...callColumns, version: 'bigint' }, { folded_at: 'now()' })}
    ON CONFLICT (call_ref) DO UPDATE SET ${assignments(callColumns)}, folded_at = excluded.folded_at,
      version = CASE WHEN ${differs(callColumns, ['recheck_at'])} THEN excluded.version ELSE c.version END
    WHERE ${differs(callColumns)}
    RETURNING version::float8 AS version`,
}

const upsertPrivateCalls: Statement = {
  name: 'upsert_private_calls',
  text: `${insertFromArrays('rtc.calls_private AS c', privateColumns, { folded_at: 'now()' })}
    ON CONFLICT (call_ref) DO UPDATE SET ${assignments(privateColumns)}, folded_at = excluded.folded_at
    WHERE ${differs(privateColumns)}`,
}

/**
 * Writes calls as they are now, one row for each `call_ref`.
 *
 * @param versions of each what it has from now on if its content changes: a position in the feed
 * @returns those versions that were taken
 */
export async function writeCalls(
  client: Queryable,
  rows: readonly CallRow[],
  versions: readonly number[],
): Promise<Set<number>> {
  if (rows.length === 0) return new Set()
  const values = [...arraysOf(rows, callColumns), arrayOf(versions)]
  const written = await run<{ version: number }>(client, upsertCalls, values)
  return new Set(written.rows.map(({ version }) => version))
}

/** The same for what of them is personal data. */
export async function writePrivateCalls(client: Queryable, rows: readonly PrivateCall[]): Promise<void> {
  if (rows.length > 0) await run(client, upsertPrivateCalls, arraysOf(rows, privateColumns))
}

const deleteStatement: Statement = {
  name: 'delete_calls',
  text: 'DELETE FROM ops.calls WHERE call_ref = ANY($1::uuid[])',
}
const deletePrivateStatement: Statement = {
  name: 'delete_private_calls',
  text: 'DELETE FROM rtc.calls_private WHERE call_ref = ANY($1::uuid[])',
}

export async function deleteCalls(client: Queryable, callRefs: readonly string[]): Promise<void> {
  if (callRefs.length === 0) return
  await run(client, deleteStatement, [arrayOf(callRefs)])
  await run(client, deletePrivateStatement, [arrayOf(callRefs)])
}

const leaveStatement: Statement = {
  name: 'leave_calls',
  text: 'UPDATE ops.calls SET recheck_at = NULL WHERE call_ref = ANY($1::uuid[]) AND recheck_at IS NOT NULL',
}

/** These are not computed any more by the clock. */
export async function leaveCalls(client: Queryable, callRefs: readonly string[]): Promise<void> {
  if (callRefs.length > 0) await run(client, leaveStatement, [arrayOf(callRefs)])
}

/** A call as it stands before it is folded again. Times are milliseconds. */
export interface KnownCall {
  /** Null where there is no call yet. */
  facts_from: number | null
  folded_at: number | null
  event_count: number | null
  cdr_count: number | null
  /** When its fold, which was put off, is due; null where it was not. */
  due_at: number | null
  tries: number | null
}

// Two statements: calls are distributed on Citus, and joined with a table that is not they would all be fetched.
const knownStatement: Statement = {
  name: 'known_calls',
  text: `SELECT c.call_ref, round(extract(epoch FROM p.facts_from) * 1000)::float8 AS facts_from,
      round(extract(epoch FROM c.folded_at) * 1000)::float8 AS folded_at, c.event_count, c.cdr_count
    FROM ops.calls c JOIN rtc.calls_private p ON p.call_ref = c.call_ref
    WHERE c.call_ref = ANY($1::uuid[])`,
}
const putOffStatement: Statement = {
  name: 'known_put_off',
  text: `SELECT session_id, round(extract(epoch FROM due_at) * 1000)::float8 AS due_at, tries
    FROM rtc.fold_later WHERE session_id = ANY($1::text[])`,
}

/** What is known of sessions, by their ids and call_refs; nothing of those that are new. */
export async function readKnownCalls(
  client: Queryable,
  sessions: readonly { id: string; callRef: string }[],
): Promise<Map<string, KnownCall>> {
  const calls = await run<Omit<KnownCall, 'due_at' | 'tries'> & { call_ref: string }>(client, knownStatement, [
    arrayOf(sessions.map(({ callRef }) => callRef)),
  ])
  const putOff = await run<Pick<KnownCall, 'due_at' | 'tries'> & { session_id: string }>(client, putOffStatement, [
    arrayOf(sessions.map(({ id }) => id)),
  ])
  const callOf = new Map(calls.rows.map(({ call_ref, ...call }) => [call_ref, call]))
  const putOffOf = new Map(putOff.rows.map(({ session_id, ...later }) => [session_id, later]))
  const known = new Map<string, KnownCall>()
  for (const { id, callRef } of sessions) {
    const [call, later] = [callOf.get(callRef), putOffOf.get(id)]
    if (call || later) known.set(id, { ...noCall, ...notPutOff, ...call, ...later })
  }
  return known
}

const noCall = { facts_from: null, folded_at: null, event_count: null, cdr_count: null }
const notPutOff = { due_at: null, tries: null }

const dueStatement: Statement = {
  name: 'due_calls',
  text: `SELECT p.session_id FROM ops.calls c JOIN rtc.calls_private p ON p.call_ref = c.call_ref
    WHERE c.recheck_at > to_timestamp($1::float8 / 1000) AND c.recheck_at <= now()
    ORDER BY c.recheck_at LIMIT $2`,
}

/** Sessions of the calls that change by the clock alone since `after` (milliseconds), the longest due first. */
export async function dueSessions(client: Queryable, after: number, limit: number): Promise<string[]> {
  const { rows } = await run<{ session_id: string }>(client, dueStatement, [after, limit])
  return rows.map(({ session_id }) => session_id)
}

function assignments(columns: object): string {
  return namesOf(columns)
    .map((name) => `${name} = excluded.${name}`)
    .join(', ')
}

/** The stored row `c` is not as the one to be written, apart from the key and from these. */
function differs(columns: object, apartFrom: readonly string[] = []): string {
  const names = namesOf(columns).filter((name) => !apartFrom.includes(name))
  const row = (of: string) => `(${names.map((name) => `${of}.${name}`).join(', ')})`
  return `${row('c')} IS DISTINCT FROM ${row('excluded')}`
}

function namesOf(columns: object): string[] {
  return Object.keys(columns).filter((name) => name !== 'call_ref')
}
