import type pg from 'pg'
import { candidates, endOfStretch } from '../store/erasure/find.ts'
import { beginErasure, cleanUp, countErased, prepareForErasure } from '../store/erasure/run.ts'
import { eraseFromStatistics } from '../store/erasure/statistics.ts'
import {
  type ErasableTable,
  erasableTables,
  type Row,
  readErasableTables,
  type Table,
} from '../store/erasure/tables.ts'
import { findInBody } from './body.ts'
import { Eraser, letters, readKeys } from './eraser.ts'
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
  for (const client of [reader, writer]) await prepareForErasure(client)
  const tables = await readErasableTables(reader)
  const eraser = new Eraser({ writer, tables, keys: await readKeys(reader), number: options.number })
  const run = new Run({ reader, writer }, tables, eraser, options)
  return options.apply ? run.apply() : run.count()
}

class Run {
  readonly #reader: pg.ClientBase
  readonly #writer: pg.ClientBase
  readonly #tables: readonly Table[]
  readonly #eraser: Eraser
  readonly #options: ErasureOptions
  readonly #counts = Object.fromEntries(erasableTables.map((name) => [name, 0])) as Record<ErasableTable, number>
  readonly #passedOver: number[] = []
  readonly #about: number
  #done = 0

  constructor({ reader, writer }: Connections, tables: readonly Table[], eraser: Eraser, options: ErasureOptions) {
    this.#reader = reader
    this.#writer = writer
    this.#tables = tables
    this.#eraser = eraser
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
        const counts = await this.#eraser.erase(table, row, pseudonym)
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
    return Object.keys(this.#eraser.changes(table, row, 'x')).length > 0
  }
}
