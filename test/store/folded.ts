import type pg from 'pg'
import { fold } from '../../src/calls/fold.ts'
import type { CdrFact, EventFact } from '../../src/calls/types.ts'
import { FoldTables } from '../../src/maintenance/fold-tables.ts'
import { writeCalls, writePrivateCalls } from '../../src/store/calls.ts'
import type { Queryable } from '../../src/store/statement.ts'

/** Facts of one session, and fields of their rows that the fold does not read. */
export interface Session {
  id: string
  events?: (EventFact & { state_desc?: string; extra?: object })[]
  cdrs?: (CdrFact & { extra?: object; host_name?: string })[]
}

/** Stores sessions, and their calls as the fold computes them. */
export async function storeSessions(client: Queryable, sessions: readonly Session[]): Promise<void> {
  const stored = (id: string) => ({ session_id: id, stored_at: Date.now() })
  const events = sessions.flatMap(({ id, events = [] }) => events.map((event) => ({ ...event, ...stored(id) })))
  const cdrs = sessions.flatMap(({ id, cdrs = [] }) => cdrs.map((cdr) => ({ ...cdr, ...stored(id) })))
  await ensurePeriods(
    client,
    'call_events',
    events.map(({ occurred_at }) => occurred_at),
  )
  await ensurePeriods(
    client,
    'cdrs',
    cdrs.map(({ cdr_time }) => cdr_time),
  )
  await insert(client, 'rtc.call_events', events)
  await insert(client, 'rtc.cdrs', cdrs)
  await foldSessions(client, sessions)
}

/** Computes the calls anew; facts need not be stored. */
export async function foldSessions(client: Queryable, sessions: readonly Session[]): Promise<void> {
  const context = await new FoldTables(false).read(client, Date.now())
  const folded = sessions.map(({ id, events = [], cdrs = [] }) =>
    fold(
      { sessionId: id, events, cdrs, placedScenario: null, eventCount: events.length, cdrCount: cdrs.length },
      context,
    ),
  )
  await writeCalls(
    client,
    folded.map(({ call }) => call),
    folded.map((_, i) => i + 1),
  )
  await writePrivateCalls(
    client,
    folded.map(({ call, privateCall }) => ({ ...privateCall, facts_from: call.started_at })),
  )
}

async function ensurePeriods(client: Queryable, table: string, times: readonly number[]): Promise<void> {
  const months = new Set(times.map((time) => new Date(time).toISOString().slice(0, 7)))
  for (const month of months) await client.query(`SELECT rtc.ensure_period($1, $2, 'month')`, [table, `${month}-01`])
}

async function insert(client: Queryable, table: string, rows: readonly object[]): Promise<void> {
  await client.query(`INSERT INTO ${table} SELECT * FROM jsonb_populate_recordset(NULL::${table}, $1)`, [
    JSON.stringify(rows.map(withTimes)),
  ])
}

/** Milliseconds as Postgres reads times. */
function withTimes(row: object): object {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      /_(at|time|from)$/.test(name) && typeof value === 'number' ? new Date(value).toISOString() : value,
    ]),
  )
}

/** What a statement ends in: its rows, or the code of the error. */
export async function outcome(client: pg.ClientBase, sql: string, values: unknown[] = []): Promise<unknown> {
  try {
    return (await client.query(sql, values)).rows
  } catch (error) {
    return (error as pg.DatabaseError).code
  }
}
