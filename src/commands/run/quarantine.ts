import { createSecretKey } from 'node:crypto'
import type pg from 'pg'
import type { Config } from '../../config/config.ts'
import { acceptConflict } from '../../ingest/conflict.ts'
import { type Rerun, rerun } from '../../ingest/rerun.ts'
import { type Explanation, explainConflict } from '../../maintenance/conflicts.ts'
import { FoldTables } from '../../maintenance/fold-tables.ts'
import { BodyError, parseBody } from '../../platform/body.ts'
import { skeleton } from '../../platform/skeleton.ts'
import { ErasedKeys } from '../../store/erased-keys.ts'
import { classify, publicError } from '../../store/errors.ts'
import { readDigestKey } from '../../store/keys.ts'
import { Partitions } from '../../store/partitions.ts'
import type { CommitContext } from '../../store/postgres.ts'
import { getQuarantine, listQuarantine, type QuarantineEntry, resolveQuarantine } from '../../store/quarantine.ts'
import { withConnection } from '../database.ts'
import { printJson, printLines, printRaw, printTable } from '../output.ts'
import { bar, progressLine } from '../progress.ts'

export function list(options: { all?: boolean; reason?: string; limit: number; json?: boolean }): Promise<void> {
  return withConnection(async (client, { timeZone }) => {
    const { all = false, reason, limit } = options
    const entries = await listQuarantine(client, { resolved: all, limit, ...(reason ? { reason } : {}) })
    if (options.json) return printJson(entries)
    if (entries.length === 0) return printLines(`nothing is in quarantine${all ? '' : ' (resolved entries: --all)'}`)
    const rows = entries.map((entry) => [
      entry.id,
      entry.kind,
      entry.reason,
      entry.errors.map(({ pointer }) => pointer || '(body)').join(' '),
      entry.seen_count,
      local(entry.last_seen_at, timeZone),
      entry.resolution,
    ])
    printTable(['id', 'kind', 'reason', 'where', 'seen', `last seen (${timeZone})`, 'resolution'], rows)
  })
}

export function show(id: number, options: { raw?: boolean; json?: boolean }): Promise<void> {
  return withConnection(async (client, { timeZone }) => {
    const entry = await find(client, id)
    if (options.raw) return printRaw(entry.body)
    const { body, ...rest } = entry
    const shape = shapeOf(body)
    const conflict = await explainConflict(client, new FoldTables(false), entry)
    if (options.json) return printJson({ ...rest, ...(conflict ? { conflict } : {}), shape })
    const kept = body.length < entry.body_size ? `, of which ${body.length} are kept` : ''
    const [first, last] = [entry.first_seen_at, entry.last_seen_at].map((time) => local(time, timeZone))
    printLines(
      `entry ${id}: ${entry.kind}, ${entry.reason}, ${entry.body_size} bytes${kept}`,
      `seen ${entry.seen_count} times from ${first} to ${last} (${timeZone})`,
    )
    if (entry.record_index !== null) printLines(`record ${entry.record_index} of its feeLst`)
    for (const { pointer, message } of entry.errors) printLines(`  ${pointer || 'body'}: ${message}`)
    if (conflict) printLines(...conflictLines(id, conflict))
    if (entry.resolved_at) printLines(`resolved ${local(entry.resolved_at, timeZone)}: ${entry.resolution}`)
    // Within JSON no text of the sender's has line feeds.
    printLines(...(typeof shape === 'string' ? [shape] : JSON.stringify(shape, null, 2).split('\n')))
  })
}

export function replay(ids: number[], options: { reason?: string; json?: boolean }): Promise<void> {
  return withConnection(async (client, config) => {
    const wanted = options.reason
      ? (await listQuarantine(client, { reason: options.reason, limit: 1_000_000 })).map(({ id }) => id)
      : ids
    if (wanted.length === 0) throw new Error('name the entries to replay, or a --reason that open ones have')
    const context = await contextOf(client, config)
    const results = []
    const line = progressLine()
    try {
      for (const id of wanted) {
        line.show(`${bar(results.length / wanted.length)} ${results.length} of ${wanted.length} entries`)
        results.push({ id, ...(await rerunOne(client, context, id)) })
      }
    } finally {
      line.end()
    }
    if (options.json) printJson(results)
    else
      for (const result of results)
        printLines(
          result.done
            ? `${result.id}: stored ${result.stored}, there already ${result.duplicates}${again(result.quarantined)}`
            : `${result.id}: unchanged, ${result.reason}`,
        )
    const failed = results.filter(({ done }) => !done).length
    if (failed > 0) throw new Error(`${failed} of ${results.length} entries are unchanged`)
  })
}

export function accept(id: number): Promise<void> {
  return withConnection(async (client, config) => {
    const refusal = await acceptConflict(client, await contextOf(client, config), await find(client, id))
    if (refusal !== undefined) throw new Error(`entry ${id} ${refusal}`)
    printLines(`accepted: the receiver computes the call again; the other CDR is in rtc.replaced_cdrs`)
  })
}

export function resolve(ids: number[], why: string): Promise<void> {
  return withConnection(async (client) => {
    const closed = await resolveQuarantine(client, ids, why)
    printLines(`resolved: ${closed.length === 0 ? 'none' : closed.join(', ')}`)
    const open = ids.filter((id) => !closed.includes(id))
    if (open.length > 0) throw new Error(`not open, or not there: ${open.join(', ')}`)
  })
}

function conflictLines(id: number, { call_ref, differing, minutes, signed_by }: Explanation): string[] {
  if (!minutes) return [`call ${call_ref}: nothing is stored under its key any more`]
  return [
    `call ${call_ref}: it differs from the stored CDR in ${differing.join(', ')}`,
    `billed minutes, both legs: ${minutes.stored} by the stored one, ${minutes.received} by this one`,
    ...(signed_by.stored !== null && signed_by.received === null
      ? ['careful: this one has no verified signature, and the stored one has: a stranger may have sent it']
      : []),
    `quarantine accept ${id} puts it in the place of the stored one, which is kept`,
  ]
}

/** An entry that something unforeseen is wrong with holds up no other; without Postgres there is no going on. */
async function rerunOne(client: pg.Client, context: CommitContext, id: number): Promise<Rerun> {
  try {
    const entry = await getQuarantine(client, id)
    return entry ? await rerun(client, context, entry) : { done: false, reason: 'there is no such entry' }
  } catch (error) {
    if (classify(error) === 'away') throw error
    return { done: false, reason: `it failed: ${publicError(error).message}` }
  }
}

async function contextOf(client: pg.Client, { partitionBy }: Config): Promise<CommitContext> {
  return {
    digestKey: createSecretKey(await readDigestKey(client)),
    partitions: new Partitions(partitionBy),
    erasedKeys: new ErasedKeys(),
  }
}

async function find(client: pg.Client, id: number): Promise<QuarantineEntry> {
  const entry = await getQuarantine(client, id)
  if (!entry) throw new Error(`there is no quarantine entry ${id}`)
  return entry
}

function again(quarantined: number): string {
  return quarantined > 0 ? `, bad and in quarantine on their own ${quarantined}` : ''
}

function shapeOf(body: Buffer): unknown {
  try {
    return skeleton(parseBody(body))
  } catch (error) {
    if (error instanceof BodyError) return error.message
    throw error
  }
}

/** A time as people in that zone write it. */
function local(time: Date, timeZone: string): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' }).format(time)
}
