import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { callRef } from '../calls/references.ts'
import { keyDigest } from '../store/erased-keys.ts'
import {
  eraseCallTexts,
  eraseReferences,
  foldAgain,
  readCallTexts,
  renameCall,
  tellErased,
  waitForFold,
} from '../store/erasure/calls.ts'
import { candidatesOfSession, keysOfSession, readForUpdate } from '../store/erasure/find.ts'
import {
  deleteFromFeed,
  deleteFromQuarantine,
  keepErasedKeys,
  moveRows,
  writeErased,
} from '../store/erasure/replace.ts'
import type { ErasableTable, Row, Table } from '../store/erasure/tables.ts'
import { publicError } from '../store/errors.ts'
import { readDigestKey, readReferenceKeys } from '../store/keys.ts'
import { transaction } from '../store/pool.ts'
import type { NumberFinder } from './finder.ts'

/** How many rows of which tables were changed. */
export type Changed = Partial<Record<ErasableTable, number>>

export interface Keys {
  digest: KeyObject
  ref: Buffer
}

/** What the digests of keys and the references of calls are made with. Throws what Postgres threw. */
export async function readKeys(client: pg.ClientBase): Promise<Keys> {
  const { signed: ref } = await readReferenceKeys(client)
  return { digest: createSecretKey(await readDigestKey(client)), ref }
}

/** Puts a pseudonym in the place of a number, in a row that holds it and in all that belongs to it. */
export class Eraser {
  readonly #writer: pg.ClientBase
  readonly #tables: readonly Table[]
  readonly #keys: Keys
  readonly #number: NumberFinder

  constructor(parts: { writer: pg.ClientBase; tables: readonly Table[]; keys: Keys; number: NumberFinder }) {
    this.#writer = parts.writer
    this.#tables = parts.tables
    this.#keys = parts.keys
    this.#number = parts.number
  }

  /** The columns that hold the number, with the pseudonym in its place. */
  changes({ columns }: Table, row: Row, pseudonym: string): Row {
    const changes: Row = {}
    for (const { name } of columns) {
      const value = row[name]
      const replaced = this.#number.replaceIn(value, pseudonym)
      // JSON, since a member may have been replaced deep inside.
      if (replaced !== value && JSON.stringify(replaced) !== JSON.stringify(value)) changes[name] = replaced
    }
    return changes
  }

  /**
   * Erases what holds the number, with all of its session where it is of one, in one short transaction. Where another one
   * was in the way it is tried again: nothing was changed then.
   */
  async erase(table: Table, row: Row, pseudonym: string): Promise<Changed> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await transaction(this.#writer, () => this.#erase(table, row, pseudonym))
      } catch (error) {
        if (attempt === 5 || !['40P01', '40001', '55P03'].includes(publicError(error).code ?? '')) throw error
        await sleep(attempt * 200)
      }
    }
  }

  async #erase(table: Table, row: Row, pseudonym: string): Promise<Changed> {
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
    const { session_id: session, ...changes } = stored ? this.changes(table, stored, pseudonym) : {}
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
  async #eraseSession(session: string, pseudonym: string): Promise<Changed> {
    const number = this.#number
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
        const { session_id: _, ...changes } = stored ? this.changes(table, stored, pseudonym) : {}
        if (Object.keys(changes).length === 0) continue
        if ('icid' in changes) {
          if (!moved) digests.push(this.#digestOf(name, key))
          changes.icid = `${pseudonym}-${letters(8)}`
        }
        await writeErased(this.#writer, table, key, changes)
        if (!moved) counts[name]++
      }
      if (moved) {
        const to = { session_id: moved, erased_at: new Date().toISOString() }
        await moveRows(this.#writer, `rtc.${name}`, { session_id: session }, to)
      }
    }
    if (digests.length > 0) await keepErasedKeys(this.#writer, digests)
    const call = callRef(this.#keys.ref, session)
    counts.calls_private = await this.#eraseCall(call, pseudonym)
    const now = moved ? callRef(this.#keys.ref, moved) : call
    if (moved) await renameCall(this.#writer, { session, call }, { session: moved, call: now })
    // Another run may have been faster, and the session have another id by now.
    if (Object.values(counts).some((count) => count > 0)) {
      await foldAgain(this.#writer, moved ?? session)
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
    const { session_id: _, ...changes } = stored ? this.changes(table, stored, pseudonym) : {}
    if (Object.keys(changes).length > 0) {
      await writeErased(this.#writer, table, { call_ref: call }, changes)
      await eraseReferences(this.#writer, call, Object.keys(changes), pseudonym)
    }
    const texts = await readCallTexts(this.#writer, call)
    const held = Object.keys(texts).filter((name) => this.#number.isIn(texts[name] as string))
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
export function letters(n: number): string {
  return [...randomBytes(n)].map((byte) => String.fromCharCode(97 + (byte & 15))).join('')
}
