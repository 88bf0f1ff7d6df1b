import type { KeyObject } from 'node:crypto'
import type pg from 'pg'
import { findErased } from '../store/erased-keys.ts'
import { isDuplicateKey, isErasedKey } from '../store/errors.ts'
import { markUnfolded, refuseErased } from '../store/facts.ts'
import { transaction } from '../store/pool.ts'
import type { CommitContext } from '../store/postgres.ts'
import { insertQuarantine, type QuarantineInsert } from '../store/quarantine.ts'
import { run } from '../store/statement.ts'
import type { Destination } from './batch.ts'
import type { Entry, Outcome, QuarantineNote } from './entry.ts'
import type { FactTable, Known } from './facts.ts'
import { conflictNote, quarantineRow, refusedNote } from './quarantine-notes.ts'

/** Says whether the quarantine has room for a note that nobody foresaw. */
type Admits = (note: QuarantineNote) => boolean

/** A stored row that was met has vanished between two statements: retention dropped its partition. Tried again. */
class RowVanishedError extends Error {
  readonly code = '40001'
}

/**
 * Stores groups of facts. Nearly always all are new, and then one COPY is all there is to it:
 *
 * 1. COPY, as if all were new. Where one is not, Postgres refuses the group.
 * 2. Then look what is stored under the keys of the group, tell duplicates and conflicts apart, and COPY the rest.
 * 3. Somebody else was faster meanwhile: INSERT … ON CONFLICT DO NOTHING, which waits for others and never fails, and
 *    then look.
 *
 * A COPY that fails leaves dead rows behind, so the look comes first while the last group met a duplicate.
 */
export class FactStore<Row extends { session_id: string }> implements Destination {
  readonly #table: FactTable<Row>
  readonly #admits: Admits
  readonly #onStored: () => void
  #metOne = false

  /** @param onStored called after each group that added a row */
  constructor(table: FactTable<Row>, admits: Admits, onStored: () => void) {
    this.#table = table
    this.#admits = admits
    this.#onStored = onStored
  }

  get name(): string {
    return this.#table.name
  }

  async store(client: pg.ClientBase, context: CommitContext, entries: readonly Entry[]): Promise<Outcome[]> {
    const group = new Group(this.#table, entries, context.digestKey, (entry, note) => this.#hasRoom(entry, note))
    await context.partitions.ensure(client, this.#table.name, timesOf(this.#table, entries))
    const outcomes = await this.#tryInTurn(client, context, group)
    if (outcomes.includes('stored')) this.#onStored()
    return outcomes
  }

  refused = async (client: pg.ClientBase, context: CommitContext, entry: Entry, code: string): Promise<Outcome> => {
    const note = refusedNote(entry, code)
    if (!this.#hasRoom(entry, note)) return 'refused'
    await insertQuarantine(client, [quarantineRow(entry, note, context.digestKey)])
    return 'quarantined'
  }

  async #tryInTurn(client: pg.ClientBase, context: CommitContext, group: Group<Row>): Promise<Outcome[]> {
    try {
      if (!this.#metOne) return await copy(client, context, group, new Map())
      const known = await look(client, context, group)
      this.#metOne = known.size > 0
      return await copy(client, context, group, known)
    } catch (error) {
      if (!wasMet(error, context)) throw error
      this.#metOne = true
    }
    try {
      return await copy(client, context, group, await look(client, context, group))
    } catch (error) {
      if (!wasMet(error, context)) throw error
    }
    try {
      return await transaction(client, () => insert(client, context, group))
    } catch (error) {
      wasMet(error, context)
      throw error
    }
  }

  /** What was acknowledged long ago has to have room. */
  #hasRoom({ via }: Entry, note: QuarantineNote): boolean {
    return via === 'spool' || this.#admits(note)
  }
}

/** Distinct key times of good entries. */
export function timesOf(table: { timeOf(entry: Entry): string }, entries: readonly Entry[]): Set<string> {
  return new Set(entries.map((entry) => table.timeOf(entry)))
}

/** Whether a group was turned down because one of its rows is there already, or was before its erasure. */
function wasMet(error: unknown, { erasedKeys }: CommitContext): boolean {
  if (isErasedKey(error)) erasedKeys.forget()
  return isErasedKey(error) || isDuplicateKey(error)
}

/** Stores facts in the transaction that is open, where one COPY must not undo the rest: the third way at once. */
export async function storeFacts<Row extends { session_id: string }>(
  client: pg.ClientBase,
  context: CommitContext,
  table: FactTable<Row>,
  entries: readonly Entry[],
): Promise<Outcome[]> {
  return insert(client, context, new Group(table, entries, context.digestKey, () => true))
}

/** The entries of a group with their rows, of which those with one key are stored once. */
class Group<Row extends { session_id: string }> {
  readonly table: FactTable<Row>
  readonly #members: readonly { entry: Entry; row: Row; key: string }[]
  /** The first row of each key. */
  readonly #first: ReadonlyMap<string, Row>
  /** The same in the order in which they are stored. */
  readonly rows: readonly Row[]
  readonly #digestKey: KeyObject
  readonly #hasRoom: (entry: Entry, note: QuarantineNote) => boolean
  /** Conflicts for which there is room: asked once, though the group may be tried again. */
  readonly #admitted = new Set<Entry>()

  constructor(
    table: FactTable<Row>,
    entries: readonly Entry[],
    digestKey: KeyObject,
    hasRoom: (entry: Entry, note: QuarantineNote) => boolean,
  ) {
    this.table = table
    this.#digestKey = digestKey
    this.#hasRoom = hasRoom
    this.#members = entries.map((entry) => {
      const row = table.row(entry, digestKey)
      return { entry, row, key: table.key(row) }
    })
    const first = new Map<string, Row>()
    for (const { key, row } of this.#members) if (!first.has(key)) first.set(key, row)
    this.#first = first
    this.rows = inOrder(table, first.values())
  }

  digestOf(row: Row): string {
    return this.table.keyDigest(row, this.#digestKey)
  }

  /**
   * What becomes of each entry, when those rows are stored whose keys are not known to be taken, and what is to be kept
   * of those that are in conflict.
   */
  judge(known: Known<Row>): { outcomes: Outcome[]; notes: QuarantineInsert[] } {
    const notes: QuarantineInsert[] = []
    const outcomes = this.#members.map(({ entry, row, key }): Outcome => {
      const standing = known.has(key) ? known.get(key) : this.#first.get(key)
      if (standing === row) return 'stored'
      const differing = standing ? this.table.differences(standing, row) : []
      if (differing.length === 0) return 'duplicate'
      const note = conflictNote(entry, differing)
      if (!this.#admits(entry, note)) return 'refused'
      notes.push(quarantineRow(entry, note, this.#digestKey))
      return 'conflict'
    })
    return { outcomes, notes }
  }

  #admits(entry: Entry, note: QuarantineNote): boolean {
    if (!this.#admitted.has(entry) && this.#hasRoom(entry, note)) this.#admitted.add(entry)
    return this.#admitted.has(entry)
  }
}

/**
 * All receivers and all their COPYs take the keys of rows in one order, else two that overlap wait for each other. COPY
 * gathers rows by partition before it writes them, so the order is by partition first: by day, of which each partition
 * holds whole ones. Which order it is within does not matter: one of JavaScript's, whatever the collation of the database.
 */
function inOrder<Row extends { session_id: string }>(table: FactTable<Row>, rows: Iterable<Row>): Row[] {
  const place = (row: Row) => `${table.time(row).slice(0, 10)}\0${row.session_id}\0${table.key(row)}`
  const keyed = [...rows].map((row) => ({ row, at: place(row) }))
  return keyed.sort((a, b) => (a.at < b.at ? -1 : 1)).map(({ row }) => row)
}

/** What is known to be stored, or to have been erased, under the keys of the group. */
async function look<Row extends { session_id: string }>(
  client: pg.ClientBase,
  { erasedKeys }: CommitContext,
  group: Group<Row>,
): Promise<Known<Row>> {
  const { table, rows } = group
  const stored = await table.stored(client, rows)
  if (!(await erasedKeys.any(client))) return stored
  const digests = new Map(rows.map((row) => [group.digestOf(row), table.key(row)]))
  const erased = await findErased(client, [...digests.keys()])
  return new Map([...stored, ...[...erased].map((digest) => [digests.get(digest) as string, null] as const)])
}

/** Stores what is not known, all of which has to be new; in a transaction of its own. */
async function copy<Row extends { session_id: string }>(
  client: pg.ClientBase,
  { erasedKeys }: CommitContext,
  group: Group<Row>,
  known: Known<Row>,
): Promise<Outcome[]> {
  const { table } = group
  const rows = known.size === 0 ? group.rows : group.rows.filter((row) => !known.has(table.key(row)))
  const { outcomes, notes } = group.judge(known)
  const digests = (await erasedKeys.any(client)) ? rows.map((row) => group.digestOf(row)) : null
  const copyRows = async () => {
    if (rows.length > 0) await table.copy(client, rows, digests)
  }
  if (notes.length === 0) await copyRows()
  else
    await transaction(client, async () => {
      await copyRows()
      await insertQuarantine(client, notes)
    })
  return outcomes
}

/** Stores what is new, whoever else does so at the same time; in the transaction that is open. */
async function insert<Row extends { session_id: string }>(
  client: pg.ClientBase,
  context: CommitContext,
  group: Group<Row>,
): Promise<Outcome[]> {
  const { table } = group
  const known = new Map(await look(client, context, group))
  const rows = group.rows.filter((row) => !known.has(table.key(row)))
  const fresh = await table.insert(client, rows)
  // A statement of its own, because the INSERT does not see the rows of others that it has waited for.
  const met = rows.filter((row) => !fresh.has(table.key(row)))
  const stored = await table.stored(client, met)
  for (const row of met) {
    const standing = stored.get(table.key(row))
    if (standing === undefined) throw new RowVanishedError('a stored row vanished between two statements')
    known.set(table.key(row), standing)
  }
  const { outcomes, notes } = group.judge(known)
  const added = rows.filter((row) => fresh.has(table.key(row)))
  if (added.length > 0) {
    await markUnfolded(client, added, (row) => table.time(row))
    await run(client, refuseErased, [added.map((row) => group.digestOf(row))])
  }
  if (notes.length > 0) await insertQuarantine(client, notes)
  return outcomes
}
