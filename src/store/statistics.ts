import { arrayOf } from './row-arrays.ts'
import { type Queryable, run, type Statement } from './statement.ts'

/** What calls count for, in Postgres's own text: it is given back as it came. */
export type CallMeasures = string & { readonly measures: unique symbol }

const beforeStatement: Statement = {
  name: 'calls_before',
  text: 'SELECT rtc.calls_before($1::uuid[])::text AS before',
}

/** What calls count for in statistics and on the bill; to be asked in the transaction that writes them, before it does. */
export async function readCallMeasures(client: Queryable, callRefs: readonly string[]): Promise<CallMeasures> {
  const { rows } = await run<{ before: CallMeasures }>(client, beforeStatement, [arrayOf(callRefs)])
  return rows[0]?.before ?? ('{}' as CallMeasures)
}

const changedStatement: Statement = {
  name: 'calls_changed',
  text: 'SELECT rtc.calls_changed($1::uuid[], $2::text::ops.call_measures[], rtc.calls_before($1::uuid[]))',
}

/** Counts calls that were just written or deleted, given what they counted for before. */
export async function countCalls(client: Queryable, callRefs: readonly string[], before: CallMeasures): Promise<void> {
  await run(client, changedStatement, [arrayOf(callRefs), before])
}

/** Records that came although they were stored already. */
export interface Redeliveries {
  kind: 'status' | 'fee'
  /** Of the CDR, else of the verified signature; null where neither names one. */
  appKey: string | null
  count: number
}

const redeliveriesStatement: Statement = {
  name: 'count_redeliveries',
  text: 'SELECT rtc.count_redeliveries($1::text[], $2::text[], $3::bigint[])',
}

/** Adds them to those of this hour. */
export async function addRedeliveries(client: Queryable, all: readonly Redeliveries[]): Promise<void> {
  const columns = [all.map(({ kind }) => kind), all.map(({ appKey }) => appKey), all.map(({ count }) => count)]
  await run(client, redeliveriesStatement, columns.map(arrayOf))
}

const mergeStatement: Statement = { name: 'merge_counts', text: 'SELECT rtc.merge_counts($1) AS hours' }
const peaksStatement: Statement = { name: 'find_peaks', text: 'SELECT rtc.find_peaks($1) AS hours' }

/** Hours of one statement. Merging is cheap; for the peaks all calls of an hour are read. */
const mergedAtOnce = 24
const foundAtOnce = 1

/**
 * Makes the counts of the latest hours few rows again, and finds the most concurrent legs of an hour whose calls changed.
 * Any number of processes may call it. Resolves to whether something is left to do.
 */
export async function tidyStatistics(client: Queryable): Promise<boolean> {
  const merged = await run<{ hours: number }>(client, mergeStatement, [mergedAtOnce])
  const found = await run<{ hours: number }>(client, peaksStatement, [foundAtOnce])
  return merged.rows[0]?.hours === mergedAtOnce || found.rows[0]?.hours === foundAtOnce
}
