import { allotPositions } from '../feed.ts'
import type { Queryable } from '../statement.ts'
import { moveRows } from './replace.ts'

/** The fold waits meanwhile: it would put back what it has read before. */
export async function waitForFold(client: Queryable): Promise<void> {
  await client.query("SELECT FROM rtc.maintenance WHERE task = 'fold' FOR UPDATE")
}

/** Everything beside the facts that names a session or its call goes by the new names. */
export async function renameCall(
  client: Queryable,
  from: { session: string; call: string },
  to: { session: string; call: string },
): Promise<void> {
  const values = [from.session, from.call, to.session, to.call]
  await moveRows(client, 'rtc.calls_private', { call_ref: from.call }, { call_ref: to.call, session_id: to.session })
  await moveRows(client, 'ops.calls', { call_ref: from.call }, { call_ref: to.call, session_id: null })
  await client.query(
    'UPDATE rtc.replaced_cdrs SET session_id = $3, call_ref = $4, erased_at = now() WHERE session_id = $1 OR call_ref = $2',
    values,
  )
  await client.query('UPDATE rtc.placed_calls SET session_id = $2, erased_at = now() WHERE session_id = $1', [
    from.session,
    to.session,
  ])
  await client.query('UPDATE rtc.reveals SET call_ref = $2, erased_at = now() WHERE call_ref = $1', [
    from.call,
    to.call,
  ])
  await client.query('UPDATE rtc.quarantine SET call_ref = $2 WHERE call_ref = $1', [from.call, to.call])
  for (const table of ['unfolded', 'fold_later'])
    await client.query(`DELETE FROM rtc.${table} WHERE session_id = $1`, [from.session])
}

/** What ops.calls says of a field of rtc.calls_private: neither its mask nor its reference leads to the number any more. */
const shown: Record<string, string> = {
  a_number: 'a_number = $2, a_ref = NULL',
  b_number: 'b_number = $2, b_ref = NULL',
  shown_to_a: 'shown_to_a = $2',
  shown_to_b: 'shown_to_b = $2',
  bind_num: 'bind_num = $2, bind_ref = NULL',
  user_data: 'user_data = NULL, user_data_ref = NULL',
  subscription_id: 'subscription_ref = NULL',
}

/** @param fields of rtc.calls_private that held the number */
export async function eraseReferences(
  client: Queryable,
  call: string,
  fields: readonly string[],
  pseudonym: string,
): Promise<void> {
  const sets = fields.flatMap((field) => shown[field] ?? [])
  if (sets.length === 0) return
  const values = sets.some((set) => set.includes('$2')) ? [call, pseudonym] : [call]
  await client.query(`UPDATE ops.calls SET ${sets.join(', ')} WHERE call_ref = $1`, values)
}

/** What ops.calls says of a call in words of the sender. */
export async function readCallTexts(client: Queryable, call: string): Promise<Record<string, string>> {
  const { rows } = await client.query<{ texts: Record<string, string> }>(
    `SELECT jsonb_strip_nulls(jsonb_build_object('app_key', app_key, 'sp_id', sp_id, 'service_type', service_type,
        'party_type', party_type, 'user_data', user_data, 'bind_num', bind_num, 'digits', digits)) AS texts
      FROM ops.calls WHERE call_ref = $1`,
    [call],
  )
  return rows[0]?.texts ?? {}
}

export async function eraseCallTexts(
  client: Queryable,
  call: string,
  names: readonly string[],
  pseudonym: string,
): Promise<void> {
  const sets = names.map((name) => `${name} = $2`).join(', ')
  await client.query(`UPDATE ops.calls SET ${sets} WHERE call_ref = $1`, [call, pseudonym])
}

/** The call of a session is computed again, and its facts come again in the feed, under the names that they have now. */
export async function foldAgain(client: Queryable, session: string): Promise<void> {
  await client.query('DELETE FROM rtc.unfolded WHERE session_id = $1', [session])
  await client.query(
    `INSERT INTO rtc.unfolded (session_id, fact_time, event_key, icid)
      SELECT session_id, occurred_at, event_key, NULL FROM rtc.call_events WHERE session_id = $1
      UNION ALL SELECT session_id, cdr_time, NULL, icid FROM rtc.cdrs WHERE session_id = $1
      UNION ALL SELECT $1, NULL, NULL, NULL`,
    [session],
  )
}

/**
 * Tells readers of the feed to forget a call and its facts, and then how the call stands: the fold need not find it
 * changed. Under the lock of the fold.
 *
 * @param now the call_ref that it has now
 */
export async function tellErased(client: Queryable, call: string, now: string): Promise<void> {
  await client.query("INSERT INTO rtc.feed (kind, call_ref) VALUES ('erased', $1)", [call])
  // A number and not nextval() in the UPDATE, which Citus refuses of a distributed table.
  const position = (await allotPositions(client, 1)) + 1
  const { rows } = await client.query('UPDATE ops.calls SET version = $2 WHERE call_ref = $1 RETURNING call_ref', [
    now,
    position,
  ])
  if (rows.length > 0)
    await client.query("INSERT INTO rtc.feed (position, kind, call_ref) VALUES ($1, 'call', $2)", [position, now])
}
