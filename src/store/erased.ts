import type { CdrInsert } from './cdrs.ts'
import type { EventInsert } from './events.ts'
import { type Queryable, run, type Statement } from './statement.ts'
import { arrayLiteral, hexOf } from './unnest.ts'

/** How long an answer of the database counts, in milliseconds. An erasure waits longer before it touches rows. */
const freshMs = 2_000

const untilStatement: Statement = { name: 'erased_until', text: 'SELECT rtc.erased_until() AS until' }
const eventsStatement: Statement = { name: 'erased_events', text: 'SELECT rtc.erased_events($1::jsonb) AS event_key' }

// The range is for the plan: partitions are pruned by it, and not by an array.
const movedStatement = (name: string, table: string, time: string, icid: string): Statement => ({
  name,
  text: `SELECT session_id, ${icid} AS icid, to_char(${time} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS time
    FROM rtc.${table} WHERE ${time} = ANY($1::timestamptz[]) AND ${time} BETWEEN $2::timestamptz AND $3::timestamptz
      AND session_id || ' ' || ${icid} LIKE '%erased-%'`,
})
const movedEvents = movedStatement('moved_events', 'call_events', 'occurred_at', "''")
const movedCdrs = movedStatement('moved_cdrs', 'cdrs', 'cdr_time', 'icid')

/** The key of an erased row whose ids held the number, or of a row that comes. */
interface Key {
  session_id: string
  icid: string
  time: string
}

/**
 * Knows a record again that was stored and whose numbers were erased since, where its key does not tell: the key of an
 * erased event is random, and ids that held the number hold a pseudonym. New records are later than any erasure of old
 * ones, so they cost nothing but a question every two seconds.
 */
export class ErasedRows {
  #until: string | null = null
  #askedAt = -Infinity

  /** The event_keys of those rows that meet an erased one. */
  async events(client: Queryable, rows: readonly EventInsert[]): Promise<Set<string>> {
    const old = await this.#old(client, rows, ({ occurred_at }) => occurred_at)
    if (old.length === 0) return new Set()
    const times = old.map(({ occurred_at }) => occurred_at)
    const moved = await movedKeys(client, movedEvents, times)
    const compared = old.flatMap((row) => {
      const { event_key, occurred_at, event_type, state_code, caller, called, digit_info, party_type } = row
      const key = { session_id: row.session_id, icid: '', time: occurred_at }
      return [key, ...moved.filter((other) => isErased(other, key))].map(({ session_id }) => {
        return { event_key, session_id, occurred_at, event_type, state_code, caller, called, digit_info, party_type }
      })
    })
    const { rows: met } = await run<{ event_key: string }>(client, eventsStatement, [JSON.stringify(compared)])
    return new Set(met.map(({ event_key }) => hexOf(event_key)))
  }

  /** The record_keys of those rows that meet an erased one under another key. */
  async cdrs(client: Queryable, rows: readonly CdrInsert[]): Promise<Set<string>> {
    const old = await this.#old(client, rows, ({ cdr_time }) => cdr_time)
    if (old.length === 0) return new Set()
    const times = old.map(({ cdr_time }) => cdr_time)
    const moved = await movedKeys(client, movedCdrs, times)
    const met = old.filter(({ session_id, icid, cdr_time }) =>
      moved.some((other) => isErased(other, { session_id, icid, time: cdr_time })),
    )
    return new Set(met.map(({ record_key }) => record_key))
  }

  async #old<T>(client: Queryable, rows: readonly T[], timeOf: (row: T) => string): Promise<T[]> {
    const now = performance.now()
    if (now - this.#askedAt > freshMs) {
      const { rows: answer } = await run<{ until: string | null }>(client, untilStatement, [])
      this.#until = answer[0]?.until ?? null
      this.#askedAt = now
    }
    const until = this.#until
    return until === null ? [] : rows.filter((row) => timeOf(row) <= until)
  }
}

async function movedKeys(client: Queryable, statement: Statement, times: string[]): Promise<Key[]> {
  const sorted = [...new Set(times)].sort()
  const range = [`${sorted[0]}+00`, `${sorted.at(-1)}+00`]
  const { rows } = await run<Key>(client, statement, [arrayLiteral(sorted, 'time'), ...range])
  return rows
}

const pseudonym = /erased-[a-p]{16}/

/**
 * Whether a key is the erased one but for what may be the number. Where the session is not the same, enough has to be left
 * of the ids to tell one call from another: better to store a record twice than to lose another one.
 */
function isErased(erased: Key, key: Key): boolean {
  if (erased.time !== key.time || !isLike(erased.icid, key.icid)) return false
  if (erased.session_id === key.session_id) return pseudonym.test(erased.icid)
  const left = (erased.session_id + erased.icid).split(pseudonym).join('')
  return left.length >= 8 && isLike(erased.session_id, key.session_id)
}

function isLike(erased: string, id: string): boolean {
  const parts = erased.split(pseudonym).map((part) => part.replace(/\W/g, String.raw`\$&`))
  // An id of private number holds two. With six, a hostile one takes the expression a minute to tell that it is another.
  if (parts.length > 4) return false
  return new RegExp(`^${parts.join('[^A-Za-z_]{7,40}')}$`).test(id)
}
