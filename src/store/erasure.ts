import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { NumberSearch } from '../rtc/number-search.ts'
import type { JsonObject } from '../rtc/record.ts'
import { eraseFromBody, isUnreadable } from './erase-body.ts'
import { publicError } from './errors.ts'
import { transaction } from './pool.ts'

export const erasableTables = ['quarantine', 'placed_calls', 'reveals', 'cdrs', 'call_events'] as const
export type ErasableTable = (typeof erasableTables)[number]

export interface ErasureOptions {
  number: NumberSearch
  /** False only counts. */
  apply: boolean
  /** Milliseconds between the announcement of a run and its first change of an event or CDR: receivers know of it then. */
  announceMs?: number
  /** Rows looked at so far, of about so many. */
  progress?: (done: number, about: number) => void
  /** Ends the run between two batches. */
  signal?: AbortSignal
}

export interface Erased {
  /** Rows that hold the number, or held it. */
  counts: Record<ErasableTable, number>
  /** What stands in its place. Undefined where it was only counted. */
  pseudonym: string | undefined
  /** Entries in quarantine whose bodies cannot be read: nobody knows whether they hold it. */
  unreadable: number[]
  /** Whether the run went through all tables. */
  finished: boolean
}

/** Rows of a big table that are looked at in one statement, and of any table that are changed in one transaction. */
const pageRows = 10_000
const batchRows = 100
/** Entries of quarantine that are read at a time: of up to 64 KiB, or a record. */
const pageBodies = 50

interface Shape {
  /** Columns of one row's identity. */
  key: string[]
  /** Column by which a big table is walked through. */
  time?: string
  /** Keyed digest of what the row says: made random, since whoever has the key could try numbers against it. */
  digest?: string
}

const shapes: Record<ErasableTable, Shape> = {
  quarantine: { key: ['id'], digest: 'body_key' },
  placed_calls: { key: ['id'] },
  reveals: { key: ['ticket'] },
  cdrs: { key: ['session_id', 'icid', 'cdr_time'], time: 'cdr_time', digest: 'record_key' },
  call_events: { key: ['session_id', 'event_key', 'occurred_at'], time: 'occurred_at', digest: 'event_key' },
}

/** What of a table may hold a number: read from the catalogs, so that a column that is added is not forgotten. */
interface Table extends Shape {
  name: ErasableTable
  columns: { name: string; type: string }[]
  about: number
}

type Row = JsonObject

/**
 * Puts one random pseudonym in the place of a number, in every text of every table. Nothing is kept that leads from one to
 * the other. To be run as the owner of the schema, over a direct connection; works in short transactions, so it may be
 * interrupted and run again, and finds nothing the second time. Throws what Postgres threw.
 */
export async function eraseNumber(client: pg.ClientBase, options: ErasureOptions): Promise<Erased> {
  const { apply } = options
  // Settings of a role or a database are meant for queries.
  await client.query("SET TimeZone = 'UTC'; SET statement_timeout = 0; SET lock_timeout = '10s'")
  const tables = await readTables(client)
  const run = new Run(client, options, apply ? await announce(client) : undefined)
  for (const table of tables) run.about += table.about
  for (const table of tables) {
    for await (const rows of table.time === undefined ? run.listed(table) : run.walked(table, table.time))
      await run.treat(table, rows)
  }
  const finished = !options.signal?.aborted
  if (finished) await run.finish()
  return { counts: run.counts, pseudonym: run.announced?.pseudonym, unreadable: run.unreadable, finished }
}

type Counts = Partial<Record<ErasableTable, number>>

interface Announced {
  id: string
  pseudonym: string
  at: number
}

/** The row that tells of the run, before anything is changed: receivers look out for erased events from now on. */
async function announce(client: pg.ClientBase): Promise<Announced> {
  const pseudonym = `erased-${letters(16)}`
  const { rows } = await client.query<{ id: string }>(
    `INSERT INTO rtc.erasures (erased_by, pseudonym, counts, events_until) VALUES (session_user, $1, '{}', now()) RETURNING id`,
    [pseudonym],
  )
  return { id: rows[0]?.id ?? '', pseudonym, at: performance.now() }
}

/** Letters only: nothing that is looked for, or masked, as a number. */
function letters(n: number): string {
  return [...randomBytes(n)].map((byte) => String.fromCharCode(97 + (byte & 15))).join('')
}

async function readTables(client: pg.ClientBase): Promise<Table[]> {
  const { rows } = await client.query<{ name: ErasableTable; columns: Table['columns']; about: number }>(
    `SELECT c.relname::text AS name,
      json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, NULL)) ORDER BY a.attnum) AS columns,
      (SELECT coalesce(sum(greatest(p.reltuples, 0)), 0)::float8
        FROM pg_partition_tree(c.oid) t JOIN pg_class p ON p.oid = t.relid WHERE t.isleaf) AS about
     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relnamespace = 'rtc'::regnamespace AND c.relname = ANY($1)
       AND a.atttypid IN ('text'::regtype, 'jsonb'::regtype, 'bytea'::regtype)
     GROUP BY c.oid, c.relname`,
    [[...erasableTables]],
  )
  return erasableTables.map((name) => {
    const found = rows.find((row) => row.name === name)
    if (!found) throw new Error(`there is no table rtc.${name}: run rtc-receiver migrate`)
    return { ...found, ...shapes[name] }
  })
}

class Run {
  readonly counts: Record<ErasableTable, number> = {
    quarantine: 0,
    placed_calls: 0,
    reveals: 0,
    cdrs: 0,
    call_events: 0,
  }
  readonly unreadable: number[] = []
  readonly announced: Announced | undefined
  readonly #client: pg.ClientBase
  readonly #options: ErasureOptions
  about = 0
  #done = 0

  constructor(client: pg.ClientBase, options: ErasureOptions, announced: Announced | undefined) {
    this.#client = client
    this.#options = options
    this.announced = announced
  }

  get #stopped(): boolean {
    return this.#options.signal?.aborted ?? false
  }

  /** Rows that may hold the number, a page at a time: all of a stretch of time. */
  async *walked({ name, columns }: Table, time: string): AsyncGenerator<Row[]> {
    const { patterns } = this.#options.number
    for (let from = '-infinity'; !this.#stopped; ) {
      const { rows: ends } = await this.#client.query<{ end: string | null; n: number }>(
        `SELECT max(x.t)::text AS end, count(*)::int AS n FROM
          (SELECT ${time} AS t FROM rtc.${name} WHERE ${time} > $1::timestamptz ORDER BY ${time} LIMIT ${pageRows}) x`,
        [from],
      )
      const { end = null, n = 0 } = ends[0] ?? {}
      if (end === null) return
      const { rows } = await this.#client.query<{ row: Row }>(
        `SELECT to_jsonb(t) AS row FROM rtc.${name} t
         WHERE ${time} > $1::timestamptz AND ${time} <= $2::timestamptz AND ${textOf(columns)} LIKE ANY ($3::text[])`,
        [from, end, patterns],
      )
      yield rows.map(({ row }) => row)
      from = end
      this.#show(n)
    }
  }

  /** The same of a small table, by its only key column. Of quarantine all rows: bodies are read here, not by Postgres. */
  async *listed(table: Table): AsyncGenerator<Row[]> {
    const { name, columns, about } = table
    const [key = ''] = table.key
    const bodies = columns.some(isBody)
    const chosen = bodies ? '' : `AND ${textOf(columns)} LIKE ANY ($2::text[])`
    for (let last: unknown = null; !this.#stopped; ) {
      const { rows } = await this.#client.query<StoredRow>(
        `SELECT ${rowOf(table)} FROM rtc.${name} t
         WHERE ($1::text IS NULL OR ${key} > $1::text::${key === 'id' ? 'bigint' : 'uuid'}) ${chosen}
         ORDER BY ${key} LIMIT ${bodies ? pageBodies : 1000}`,
        bodies ? [last] : [last, this.#options.number.patterns],
      )
      if (rows.length === 0) break
      yield rows.map(whole)
      last = String(rows.at(-1)?.row[key])
      if (bodies) this.#show(rows.length)
    }
    if (!bodies) this.#show(about)
  }

  #show(rows: number): void {
    this.#done += rows
    this.#options.progress?.(this.#done, Math.max(this.about, this.#done))
  }

  /** Counts the rows of a page, and changes them. */
  async treat(table: Table, page: Row[]): Promise<void> {
    const rows = page.filter((row) => this.#erased(table, row, 'x') !== undefined)
    for (const { id, body } of page) if (Buffer.isBuffer(body) && isUnreadable(body)) this.unreadable.push(Number(id))
    for (let i = 0; i < rows.length && !this.#stopped; i += batchRows) {
      const batch = rows.slice(i, i + batchRows)
      const { announced } = this
      if (announced && table.time !== undefined) await this.#waitUntilHeard(announced)
      if (this.#stopped) return
      if (announced) this.#add(await this.#change(table, batch, announced))
      else this.#add({ [table.name]: batch.length })
    }
  }

  #add(counts: Counts): void {
    for (const name of erasableTables) this.counts[name] += counts[name] ?? 0
  }

  async #waitUntilHeard({ at }: Announced): Promise<void> {
    const { announceMs = 5_000, signal } = this.#options
    const left = at + announceMs - performance.now()
    if (left > 0) await sleep(left, undefined, signal ? { signal } : {}).catch(() => {})
  }

  /** One short transaction. Where another one was in the way it is tried again: nothing was changed then. */
  async #change(table: Table, batch: Row[], announced: Announced): Promise<Counts> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await transaction(this.#client, () => this.#changeNow(table, batch, announced))
      } catch (error) {
        if (attempt === 5 || !['40P01', '40001', '55P03'].includes(publicError(error).code ?? '')) throw error
        await sleep(attempt * 200)
      }
    }
  }

  async #changeNow(table: Table, batch: Row[], { id, pseudonym }: Announced): Promise<Counts> {
    let changed = 0
    let reveals = 0
    let latest: string | null = null
    for (const row of batch) {
      // Read again under a lock: another erasure may have changed it meanwhile.
      const stored = await this.#read(table, row, 'FOR UPDATE')
      const erased = stored && this.#erased(table, stored, pseudonym)
      if (!erased) continue
      const isMoved = table.time !== undefined && table.key.some((column) => erased[column] !== stored[column])
      if (isMoved) reveals += await this.#move(table, stored, erased)
      else await this.#update(table, stored, erased)
      changed++
      if (isMoved || table.name === 'call_events') latest = later(latest, String(stored[table.time ?? '']))
    }
    const counts: Counts = table.name === 'reveals' ? { reveals: changed } : { [table.name]: changed, reveals }
    const sums = erasableTables.map((name) => [name, this.counts[name] + (counts[name] ?? 0)])
    await this.#client.query(
      'UPDATE rtc.erasures SET counts = $2, events_until = greatest(events_until, $3::timestamptz) WHERE id = $1',
      [id, Object.fromEntries(sums), latest],
    )
    return counts
  }

  /** A row as it is now; undefined where it is gone. */
  async #read(table: Table, row: Row, lock = ''): Promise<Row | undefined> {
    const { name, key } = table
    const { rows } = await this.#client.query<StoredRow>(
      `SELECT ${rowOf(table)} FROM rtc.${name} t WHERE ${where(key)} ${lock}`,
      key.map((column) => row[column]),
    )
    return rows[0] && whole(rows[0])
  }

  /** The row without the number; undefined where it does not hold it. */
  #erased({ columns }: Table, row: Row, pseudonym: string): Row | undefined {
    const { number } = this.#options
    const erased = { ...row }
    let changed = false
    for (const { name, type } of columns) {
      const value = row[name]
      if (value === null || value === undefined) continue
      if (type === 'bytea') {
        const body = eraseFromBody(number, value as Buffer, pseudonym)
        if (body.equals(value as Buffer)) continue
        if (body.length === 0) {
          erased.resolution = [erased.resolution, 'the body held an erased number and was emptied']
            .filter(Boolean)
            .join('; ')
          erased.resolved_at ??= new Date().toISOString()
        }
        // Whether a body is complete is told by its size.
        erased.body_size = Number(row.body_size) + body.length - (value as Buffer).length
        erased[name] = body
      } else {
        const replaced = number.replaceDeep(value, pseudonym)
        if (JSON.stringify(replaced) === JSON.stringify(value)) continue
        erased[name] = replaced
      }
      changed = true
    }
    return changed ? erased : undefined
  }

  async #update({ name, key, columns, digest }: Table, stored: Row, erased: Row): Promise<void> {
    const { body, ...rest } = erased
    const values: unknown[] = [...key.map((column) => stored[column]), JSON.stringify(rest)]
    const json = `$${values.length}::jsonb`
    const sets = columns
      .filter(({ name, type }) => type !== 'bytea' && name !== 'session_id')
      .map(({ name, type }) =>
        type === 'jsonb' ? `${name} = nullif(${json} -> '${name}', 'null')` : `${name} = ${json} ->> '${name}'`,
      )
    if (name === 'placed_calls') sets.push(`session_id = ${json} ->> 'session_id'`)
    if (body !== undefined) {
      sets.push(
        `body = $${values.push(body)}`,
        `body_size = (${json} ->> 'body_size')::integer`,
        `resolved_at = (${json} ->> 'resolved_at')::timestamptz`,
      )
    }
    if (digest) sets.push(`${digest} = gen_random_uuid()`)
    await this.#client.query(`UPDATE rtc.${name} SET ${sets.join(', ')}, erased_at = now() WHERE ${where(key)}`, values)
  }

  /**
   * A session id is what rows are distributed by, which no UPDATE may change. Reveals of the session go along; says how
   * many. Two keys that differ only in how the number is written stay two.
   */
  async #move({ name, key, digest = '' }: Table, stored: Row, erased: Row): Promise<number> {
    await this.#client.query(
      `DELETE FROM rtc.${name} WHERE ${where(key)}`,
      key.map((column) => stored[column]),
    )
    const row = { ...erased, [digest]: randomUUID(), erased_at: new Date().toISOString() }
    const id = erased.session_id === stored.session_id ? 'icid' : 'session_id'
    const insert = (value: unknown) =>
      this.#client.query(
        `INSERT INTO rtc.${name} SELECT * FROM jsonb_populate_record(NULL::rtc.${name}, $1) ON CONFLICT DO NOTHING`,
        [{ ...row, [id]: value }],
      )
    const { rowCount } = await insert(erased[id])
    if (rowCount === 0) await insert(`${erased[id]}-${letters(8)}`)
    if (id === 'icid') return 0
    const moved = await this.#client.query(
      `UPDATE rtc.reveals r SET call_ref = rtc.ref(k.key, 'session', $2), erased_at = now()
       FROM rtc.keys k WHERE k.purpose = 'ref' AND r.call_ref = rtc.ref(k.key, 'session', $1)`,
      [stored.session_id, erased.session_id],
    )
    return moved.rowCount ?? 0
  }

  /** Cleans up behind: dead rows, and what the planner remembers of values. What is locked is left to autovacuum. */
  async finish(): Promise<void> {
    if (!this.announced) return
    const { number } = this.#options
    for (const name of erasableTables)
      if (this.counts[name] > 0) await this.#client.query(`VACUUM (SKIP_LOCKED) rtc.${name}`)
    const { rows } = await this.#client.query<{ name: string }>(
      `SELECT DISTINCT tablename AS name FROM pg_stats WHERE schemaname = 'rtc'
        AND concat_ws(' ', most_common_vals::text, histogram_bounds::text, most_common_elems::text) LIKE ANY ($1::text[])`,
      [number.patterns],
    )
    for (const { name } of rows) await this.#client.query(`ANALYZE (SKIP_LOCKED) rtc.${name}`)
    await this.#client.query('UPDATE rtc.erasures SET finished_at = now() WHERE id = $1', [this.announced.id])
  }
}

/** All that a row says, as one text, without bodies. */
function textOf(columns: Table['columns']): string {
  const texts = columns
    .filter((column) => !isBody(column))
    .map(({ name, type }) => (type === 'jsonb' ? `${name}::text` : name))
  return `concat_ws(' ', ${texts.join(', ')})`
}

const isBody = ({ type }: Table['columns'][number]) => type === 'bytea'

/** A row t as JSON, with its body as bytes: to_jsonb would write that out in hexadecimal. */
interface StoredRow {
  row: Row
  body?: Buffer
}

function rowOf({ key, columns }: Table): string {
  if (!columns.some(isBody)) return 'to_jsonb(t) AS row'
  const texts = columns.filter((column) => !isBody(column)).map(({ name }) => name)
  const members = [...key, ...texts, 'body_size', 'resolved_at'].map((name) => `'${name}', ${name}`)
  return `jsonb_build_object(${members.join(', ')}) AS row, body`
}

const whole = ({ row, body }: StoredRow): Row => (body ? { ...row, body } : row)

/** Every key column has the type of its parameter, as JSON gave it. */
function where(key: string[]): string {
  return key.map((column, i) => `${column} = $${i + 1}`).join(' AND ')
}

function later(a: string | null, b: string): string {
  return a === null || Date.parse(b) > Date.parse(a) ? b : a
}
