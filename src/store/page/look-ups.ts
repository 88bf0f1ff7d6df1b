import type { Queryable } from '../statement.ts'
import { type ListedCall, readCallsByRef } from './calls.ts'

/** By what somebody looks a call up. */
export const lookUpKinds = ['number', 'session', 'userData', 'subscription'] as const

export type LookUpKind = (typeof lookUpKinds)[number]

/** Each writes down, in Postgres, who asked and never for what. */
const statements: Record<LookUpKind, string> = {
  number: 'SELECT call_ref FROM ops.calls_of($1) ORDER BY started_at DESC LIMIT $2',
  session: 'SELECT call_ref FROM ops.calls_by_session($1) ORDER BY started_at DESC LIMIT $2',
  userData: 'SELECT call_ref FROM ops.calls_by_user_data($1) ORDER BY started_at DESC LIMIT $2',
  subscription: 'SELECT call_ref FROM ops.calls_by_subscription($1) ORDER BY started_at DESC LIMIT $2',
}

/** The latest calls of what somebody knows already, for logins with rtc_support; but for a session, of the last 30 days. */
export async function lookUp(client: Queryable, by: LookUpKind, what: string, limit: number): Promise<ListedCall[]> {
  const { rows } = await client.query<{ call_ref: string }>(statements[by], [what, limit])
  return readCallsByRef(
    client,
    rows.map(({ call_ref }) => call_ref),
  )
}

/** The reference of a session's call. No look-up, and on no record: `ops.calls` shows a session id only where it holds no number. */
export async function readRefOfSession(client: Queryable, sessionId: string): Promise<string | undefined> {
  const { rows } = await client.query<{ call_ref: string }>('SELECT call_ref FROM ops.calls WHERE session_id = $1', [
    sessionId,
  ])
  return rows[0]?.call_ref
}
