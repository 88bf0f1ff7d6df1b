import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { callRef } from '../calls/references.ts'
import { keyDigest } from '../store/erased-keys.ts'
import {
  beginErasure,
  candidates,
  candidatesOfSession,
  cleanUp,
  countErased,
  deleteFromFeed,
  deleteFromQuarantine,
  type ErasableTable,
  endOfStretch,
  erasableTables,
  eraseCallTexts,
  eraseFromStatistics,
  eraseReferences,
  foldAnew,
  keepErasedKeys,
  keysOfSession,
  moveFacts,
  type Row,
  readCallTexts,
  readErasableTables,
  readForUpdate,
  renameCall,
  type Table,
  tellErased,
  waitForFold,
  writeErased,
} from '../store/erasure.ts'
import { publicError } from '../store/errors.ts'
import { readDigestKey, readReferenceKeys } from '../store/keys.ts'
import { transaction } from '../store/pool.ts'
import { findInBody } from './body.ts'
import type { NumberFinder } from './finder.ts'

export interface Connections {
  /** Holds a cursor open. */
  reader: pg.ClientBase
  writer: pg.ClientBase
}

export interface ErasureOptions {
  number: NumberFinder
  /** False only counts. */
  apply: boolean
  /** Rows gone through so far, of about so many. */
  progress?: (done: number, about: number) => void
  /** Ends the run between two transactions. */
  signal?: AbortSignal
}

export interface Erased {
  /** Rows that hold the number, or held it. */
  counts: Record<ErasableTable, number>
  /** What stands in its place. Undefined where it was only counted. */
  pseudonym: string | undefined
  /** Entries in quarantine whose bodies nobody can read: whether they hold it is not known. */
  passedOver: number[]
  /** Whether the run went through all tables. */
  finished: boolean
}

/**
 * Puts one random pseudonym in the place of each text that holds a number, in every table (docs/personal-data.md). Nothing
 * is kept that leads from one to the other. To be run as the owner of the schema, over two direct connections: one reads,
 * one changes, in short transactions, so it may be interrupted and run again, and finds nothing the second time.
 * Throws what Postgres threw.
 */
export async function eraseNumber({ reader, writer }: Connections, options: ErasureOptions): Promise<Erased> {
  // Settings of a role or a database are meant for queries.
  for (const client of [reader, writer])
    await client.query("SET TimeZone = 'UTC'; SET statement_timeout = 0; SET lock_timeout = '10s'; SET jit = off")
  const run = new Run({ reader, writer }, await readErasableTables(reader), await readKeys(reader), options)
  return options.apply ? run.apply() : run.count()
}

interface Keys {
  digest: KeyObject
  ref: Buffer
}

async function readKeys(client: pg.ClientBase): Promise<Keys> {
  const { signed: ref } = await readReferenceKeys(client)
  return { digest: createSecretKey(await readDigestKey(client)), ref }
}

class Run {
  readonly #reader: pg.ClientBase
  readonly #writer: pg.ClientBase
  readonly #tables: Table[]
  readonly #keys: Keys
  readonly #options: ErasureOptions
  readonly #counts = Object.fromEntries(erasableTables.map((name) => [name, 0])) as Record<ErasableTable, number>
  readonly #passedOver: number[] = []
  readonly #about: number
  #done = 0

  constructor({ reader, writer }: Connections, tables: Table[], keys: Keys, options: ErasureOptions) {
    this.#reader = reader
    this.#writer = writer
    this.#tables = tables
    this.#keys = keys
    this.#options = options
    this.#about = tables.reduce((sum, { about }) => sum + about, 0)
  }

  async count(): Promise<Erased> {
    for (const table of this.#tables)
      await this.#goThrough(table, async (row) => {
        if (this.#isFound(table, row)) this.#counts[table.name]++
      })
    return this.#result(undefined)
  }

  async apply(): Promise<Erased> {
    const pseudonym = `erased-${letters(16)}`
    const id = await beginErasure(this.#writer, pseudonym)
    for (const table of this.#tables) {
      await this.#goThrough(table, async (row) => {
        if (!this.#isFound(table, row)) return
        const counts = await this.#change(() => this.#erase(table, row, pseudonym))
        for (const [name, count] of Object.entries(counts)) this.#counts[name as ErasableTable] += count
      })
      await countErased(this.#writer, id, this.#counts, false)
    }
    const result = this.#result(pseudonym)
    if (!result.finished) return result
    const { number } = this.#options
    await eraseFromStatistics(this.#writer, number.sql, pseudonym, {
      holds: (value) => number.isIn(value),
      other: () => `${pseudonym}-${letters(8)}`,
    })
    const changed = erasableTables.filter((name) => this.#counts[name] > 0)
    await cleanUp(this.#writer, changed, number.sql)
    await countErased(this.#writer, id, this.#counts, true)
    return result
  }

  #result(pseudonym: string | undefined): Erased {
    return { counts: this.#counts, pseudonym, passedOver: this.#passedOver, finished: !this.#stopped }
  }

  get #stopped(): boolean {
    return this.#options.signal?.aborted ?? false
  }

  /** Facts by stretches of time, so that no snapshot is held for long and progress can be told; other tables at once. */
  async #goThrough(table: Table, work: (row: Row) => Promise<void>): Promise<void> {
    const patterns = this.#options.number.sql
    if (table.time === undefined) {
      await this.#each(candidates(this.#reader, table, patterns), work)
      return this.#show(table.about)
    }
    for (let from = '-infinity'; !this.#stopped; ) {
      const [to, rows] = await endOfStretch(this.#reader, table, from)
      if (to === null) return
      await this.#each(candidates(this.#reader, table, patterns, { from, to }), work)
      this.#show(rows)
      from = to
    }
  }

  async #each(rows: AsyncGenerator<Row>, work: (row: Row) => Promise<void>): Promise<void> {
    for await (const row of rows) {
      if (this.#stopped) return
      await work(row)
    }
  }

  #show(rows: number): void {
    this.#done += rows
    this.#options.progress?.(this.#done, Math.max(this.#about, this.#done))
  }

  #isFound(table: Table, row: Row): boolean {
    if (table.name === 'quarantine') {
      const finding = findInBody(this.#options.number, row.body as Buffer)
      if (finding === 'yes') return true
      if (finding === 'unknown') this.#passedOver.push(Number(row.id))
    }
    return Object.keys(this.#changes(table, row, 'x')).length > 0
  }

  /** The columns that hold the number, with the pseudonym in its place. */
  #changes({ columns }: Table, row: Row, pseudonym: string): Row {
    const changes: Row = {}
    for (const { name } of columns) {
      const value = row[name]
      const replaced = this.#options.number.replaceIn(value, pseudonym)
      // JSON, since a member may have been replaced deep inside.
      if (replaced !== value && JSON.stringify(replaced) !== JSON.stringify(value)) changes[name] = replaced
    }
    return changes
  }

  /** One short transaction. Where another one was in the way it is tried again: nothing was changed then. */
  async #change<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await transaction(this.#writer, work)
      } catch (error) {
        if (attempt === 5 || !['40P01', '40001', '55P03'].includes(publicError(error).code ?? '')) throw error
        await sleep(attempt * 200)
      }
    }
  }

  /** Says how many rows of which tables were changed. */
  async #erase(table: Table, row: Row, pseudonym: string): Promise<Partial<Record<ErasableTable, number>>> {
    switch (table.name) {
      case 'quarantine':
        await deleteFromQuarantine(this.#writer, row.id)
        return { quarantine: 1 }
      case 'feed':
        await deleteFromFeed(this.#writer, row.position)
        return { feed: 1 }
      case 'cdrs':
      case 'call_events':
      case 'calls_private':
        return this.#eraseSession(String(row.session_id), pseudonym)
      default:
        return { [table.name]: await this.#eraseRow(table, row, pseudonym) }
    }
  }

  /** The number of rows changed: none where another run was faster. */
  async #eraseRow(table: Table, key: Row, pseudonym: string): Promise<number> {
    const stored = await readForUpdate(this.#writer, table, key)
    const { session_id: session, ...changes } = stored ? this.#changes(table, stored, pseudonym) : {}
    // Where its facts are gone nothing else has the session's new name.
    if (session !== undefined) Object.assign(changes, { session_id: `${pseudonym}-${letters(8)}` })
    if (!stored || Object.keys(changes).length === 0) return 0
    await writeErased(this.#writer, table, key, changes)
    return 1
  }

  /**
   * All that is stored of a session, in one transaction: its facts keep one session id, and the fold sees none of it half
   * done. Facts of one key stay apart: ids that held the number end in letters of their own.
   */
  async #eraseSession(session: string, pseudonym: string): Promise<Partial<Record<ErasableTable, number>>> {
    const { number } = this.#options
    const counts = { cdrs: 0, call_events: 0, calls_private: 0 }
    await waitForFold(this.#writer)
    const moved = number.isIn(session) ? `${pseudonym}-${letters(8)}` : undefined
    const digests: string[] = []
    for (const table of this.#tables) {
      const { name } = table
      if (name !== 'cdrs' && name !== 'call_events') continue
      if (moved) {
        const keys = await keysOfSession(this.#writer, table, session)
        digests.push(...keys.map((key) => this.#digestOf(name, key)))
        counts[name] = keys.length
      }
      for (const key of await candidatesOfSession(this.#writer, table, number.sql, session)) {
        const stored = await readForUpdate(this.#writer, table, key)
        const { session_id: _, ...changes } = stored ? this.#changes(table, stored, pseudonym) : {}
        if (Object.keys(changes).length === 0) continue
        if ('icid' in changes) {
          if (!moved) digests.push(this.#digestOf(name, key))
          changes.icid = `${pseudonym}-${letters(8)}`
        }
        await writeErased(this.#writer, table, key, changes)
        if (!moved) counts[name]++
      }
      if (moved) await moveFacts(this.#writer, name, session, moved)
    }
    if (digests.length > 0) await keepErasedKeys(this.#writer, digests)
    const call = callRef(this.#keys.ref, session)
    counts.calls_private = await this.#eraseCall(call, pseudonym)
    const now = moved ? callRef(this.#keys.ref, moved) : call
    if (moved) await renameCall(this.#writer, { session, call }, { session: moved, call: now })
    // Another run may have been faster, and the session have another id by now.
    if (Object.values(counts).some((count) => count > 0)) {
      await foldAnew(this.#writer, moved ?? session)
      await tellErased(this.#writer, call, now)
    }
    return counts
  }

  #digestOf(table: 'cdrs' | 'call_events', key: Row): string {
    return keyDigest(this.#keys.digest, table, factKey(table, key))
  }

  /** The call itself: the fold does it again a moment later from the facts, but not where the first are past retention. */
  async #eraseCall(call: string, pseudonym: string): Promise<number> {
    const table = this.#tables.find(({ name }) => name === 'calls_private') as Table
    const stored = await readForUpdate(this.#writer, table, { call_ref: call })
    const { session_id: _, ...changes } = stored ? this.#changes(table, stored, pseudonym) : {}
    if (Object.keys(changes).length > 0) {
      await writeErased(this.#writer, table, { call_ref: call }, changes)
      await eraseReferences(this.#writer, call, Object.keys(changes), pseudonym)
    }
    const texts = await readCallTexts(this.#writer, call)
    const held = Object.keys(texts).filter((name) => this.#options.number.isIn(texts[name] as string))
    if (held.length > 0) await eraseCallTexts(this.#writer, call, held, pseudonym)
    return Object.keys(changes).length + held.length > 0 ? 1 : 0
  }
}

/** The key of a fact as the receiver writes it, in the order of its columns. */
function factKey(table: 'cdrs' | 'call_events', key: Row): string[] {
  const time = (name: string) => String(key[name]).slice(0, 19).replace('T', ' ')
  return table === 'cdrs'
    ? [String(key.session_id), String(key.icid), time('cdr_time')]
    : [String(key.session_id), String(key.event_key).replaceAll('-', ''), time('occurred_at')]
}

/** Letters only: nothing that is looked for, or masked, as a number. */
function letters(n: number): string {
  return [...randomBytes(n)].map((byte) => String.fromCharCode(97 + (byte & 15))).join('')
}
