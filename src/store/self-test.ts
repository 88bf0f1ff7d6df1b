import type { Queryable } from './statement.ts'

/** The event type of the callback that `rtc-receiver check` sends; the platform has none of this name. */
export const selfTestType = 'selftest'

export interface SelfTest {
  sessionId: string
  /** ISO 8601 with its zone. */
  occurredAt: string
}

/** The stored event of a self-test; undefined while it is not there. */
export async function findSelfTest(
  client: Queryable,
  { sessionId, occurredAt }: SelfTest,
): Promise<{ signed_by: string | null } | undefined> {
  const { rows } = await client.query<{ signed_by: string | null }>(
    'SELECT signed_by FROM rtc.call_events WHERE session_id = $1 AND occurred_at = $2 AND event_type = $3',
    [sessionId, occurredAt, selfTestType],
  )
  return rows[0]
}

/** Removes it again; returns whether there was one. By a function, for the receiver's role may delete no events. */
export async function removeSelfTest(client: Queryable, { sessionId, occurredAt }: SelfTest): Promise<boolean> {
  const { rows } = await client.query<{ removed: boolean }>('SELECT rtc.remove_self_test($1, $2) AS removed', [
    sessionId,
    occurredAt,
  ])
  return rows[0]?.removed ?? false
}
