import { setTimeout as sleep } from 'node:timers/promises'
import { publicError } from './errors.ts'
import type { PartitionedTable } from './partitions.ts'
import type { Queryable } from './statement.ts'

const DAY = 86_400_000

/** Keys of erased rows, for as long as anything may come again under one. */
const erasedKeyDays = 30

/** Milliseconds we wait for an answer: large files are removed before it comes, when all locks are released. */
const queryMs = 60_000

/** A partition and what it covers: from `period_start` (null: no beginning) up to but not including `period_end`. */
export interface Period {
  parent: PartitionedTable
  partition: string
  period_start: Date | null
  period_end: Date
  /** As the planner believes; null where nobody has counted yet. */
  rows_estimate: number | null
  /** With its indexes. */
  bytes: number
}

export async function listPeriods(client: Queryable): Promise<Period[]> {
  // As numbers: the driver reads no other DateStyle than ISO, and a role may have one.
  const { rows } = await client.query<
    Omit<Period, 'period_start' | 'period_end'> & { starts: number | null; ends: number }
  >(
    `SELECT p.parent, p.partition, extract(epoch FROM p.period_start)::float8 AS starts, extract(epoch FROM p.period_end)::float8 AS ends,
      nullif(c.reltuples, -1)::float8 AS rows_estimate, pg_total_relation_size(c.oid)::float8 AS bytes
     FROM rtc.periods() p JOIN pg_class c ON c.relname = p.partition AND c.relnamespace = 'rtc'::regnamespace
     ORDER BY p.parent, p.period_end`,
  )
  return rows.map(({ starts, ends, parent, partition, ...size }) => ({
    parent,
    partition,
    period_start: starts === null ? null : new Date(starts * 1000),
    period_end: new Date(ends * 1000),
    ...size,
  }))
}

/** The time before which nothing need be kept. */
export function retentionEnd(days: number, now = new Date()): Date {
  return new Date(now.getTime() - days * DAY)
}

/** The time before which whole partitions are past: `before`, or where the partition begins that it lies in. */
function keptFrom(periods: readonly Period[], before: Date): Date {
  const begun = periods.flatMap(({ period_start, period_end }) =>
    period_start !== null && period_start < before && period_end > before ? [period_start.getTime()] : [],
  )
  return new Date(Math.min(before.getTime(), ...begun))
}

/** Partitions to be dropped whole. The one that the end of retention lies in stays until all of it is past. */
export function isPast(period: Period, before: Date): boolean {
  return period.period_start !== null && period.period_end <= before
}

/** Undefined: for ever. */
export interface RetentionRules {
  /** Days that calls are kept. */
  retentionDays?: number | undefined
  /** Days that the record of who saw numbers, or looked for them, is kept: at least 180. */
  revealRetentionDays?: number | undefined
  /** Days that the feed is kept, whatever else is. */
  feedRetentionDays?: number | undefined
}

/** What became of a run. Partitions of tables that were busy all the time are empty, and dropped another time. */
export interface Retained {
  dropped: string[]
  deleted: Record<string, number>
  busy: string[]
}

export interface Patience {
  /** How often a lock that is not to be had is tried for, and milliseconds between. */
  attempts: number
  pauseMs: number
  /** Ends the run early, between two statements. */
  signal?: AbortSignal
}

/**
 * Removes what is past retention: whole partitions are dropped; rows of `_old`, calls and rows of the small tables are
 * deleted in batches. Every step is a statement of its own, so a run may end anywhere and be begun again, here or in another
 * replica; the database lets one work at a time. Throws what Postgres threw, unless a lock was not to be had.
 */
export async function applyRetention(
  client: Queryable,
  { retentionDays, revealRetentionDays, feedRetentionDays }: RetentionRules,
  patience: Patience,
): Promise<Retained> {
  const result: Retained = { dropped: [], deleted: {}, busy: [] }
  const step = async (table: string, text: string, values: unknown[]): Promise<unknown> => {
    if (result.busy.includes(table)) return undefined
    const done = await patiently(client, text, values, patience)
    if (done === undefined && !patience.signal?.aborted) result.busy.push(table)
    return done
  }
  const deleteFrom = async (table: string, before: Date) => {
    for (;;) {
      const began = performance.now()
      const deleted = await step(table, 'SELECT rtc.tidy($1, $2) AS done', [table, before.toISOString()])
      if (typeof deleted !== 'number' || deleted === 0) return
      result.deleted[table] = (result.deleted[table] ?? 0) + deleted
      // As long as it took: the first time there may be millions, and readers and the fold are there too.
      await pause(performance.now() - began, patience.signal)
    }
  }

  const empty = async ({ parent }: Period, values: unknown[]) => {
    for (;;) {
      const began = performance.now()
      const deleted = await patiently(client, 'SELECT rtc.empty_period($1, $2) AS done', values, patience)
      if (typeof deleted !== 'number' || deleted === 0) return
      result.deleted[parent] = (result.deleted[parent] ?? 0) + deleted
      await pause(performance.now() - began, patience.signal)
    }
  }

  if (retentionDays !== undefined) {
    const before = retentionEnd(retentionDays)
    const periods = await listPeriods(client)
    // What belongs to facts is kept as long as they are: the partition that `before` lies in stays whole.
    const kept = keptFrom(periods, before)
    for (const period of periods) {
      if (!isPast(period, before)) continue
      const values = [period.partition, before.toISOString()]
      if (await step(period.parent, 'SELECT rtc.drop_period($1, $2) AS done', values))
        result.dropped.push(period.partition)
      // Whoever reads facts and keeps a transaction open can hold up a DROP for ever, but no DELETE.
      else if (result.busy.includes(period.parent)) await empty(period, values)
    }
    await deleteFrom('call_events', before)
    await deleteFrom('cdrs', before)
    const belongings = ['calls', 'placed_calls', 'replaced_cdrs', 'notices', 'bill_changes', 'redeliveries']
    for (const table of belongings) await deleteFrom(table, kept)
  }
  await deleteFrom('erased_keys', retentionEnd(erasedKeyDays))
  if (feedRetentionDays !== undefined) await deleteFrom('feed', retentionEnd(feedRetentionDays))
  if (revealRetentionDays !== undefined)
    for (const table of ['reveals', 'look_ups']) await deleteFrom(table, retentionEnd(revealRetentionDays))
  return result
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, signal ? { signal } : {}).catch(() => {})
}

/** The one value of a statement; undefined when it did not get its locks, or when there is no more time. */
async function patiently(
  client: Queryable,
  text: string,
  values: unknown[],
  { attempts, pauseMs, signal }: Patience,
): Promise<unknown> {
  const query = { text, values, query_timeout: queryMs }
  for (let attempt = 1; !signal?.aborted; attempt++) {
    try {
      const { rows } = await client.query<{ done: unknown }>(query)
      return rows[0]?.done
    } catch (error) {
      if (!isBusy(error)) throw error
      if (attempt === attempts) return undefined
      // Not all replicas at the same time again.
      await pause(pauseMs * (0.5 + Math.random()), signal)
    }
  }
  return undefined
}

/** A lock was not to be had: lock_timeout, a shorter statement_timeout, or a deadlock that was ended. */
function isBusy(error: unknown): boolean {
  return ['55P03', '57014', '40P01'].includes(publicError(error).code ?? '')
}
