import type { EventInsert } from './events.ts'
import { type Queryable, run, type Statement } from './statement.ts'
import { hexOf } from './unnest.ts'

/** How long an answer of the database counts, in milliseconds. An erasure waits longer before it touches events. */
const freshMs = 2_000

const untilStatement: Statement = { name: 'erased_until', text: 'SELECT rtc.erased_until() AS until' }
const eventsStatement: Statement = { name: 'erased_events', text: 'SELECT rtc.erased_events($1::jsonb) AS event_key' }

/**
 * Knows an event again that was stored and whose numbers were erased since: its key is random then. New events are later
 * than any erasure of old ones, so they cost nothing but a question every two seconds.
 */
export class ErasedEvents {
  #until: string | null = null
  #askedAt = -Infinity

  /** The event_keys of those rows that meet an erased one. */
  async among(client: Queryable, rows: readonly EventInsert[]): Promise<Set<string>> {
    const now = performance.now()
    if (now - this.#askedAt > freshMs) {
      const { rows: answer } = await run<{ until: string | null }>(client, untilStatement, [])
      this.#until = answer[0]?.until ?? null
      this.#askedAt = now
    }
    const until = this.#until
    const old = until === null ? [] : rows.filter(({ occurred_at }) => occurred_at <= until)
    if (old.length === 0) return new Set()
    const { rows: met } = await run<{ event_key: string }>(client, eventsStatement, [JSON.stringify(old.map(compared))])
    return new Set(met.map(({ event_key }) => hexOf(event_key)))
  }
}

function compared(row: EventInsert): object {
  const { event_key, session_id, occurred_at, event_type, state_code, caller, called, digit_info, party_type } = row
  return { event_key, session_id, occurred_at, event_type, state_code, caller, called, digit_info, party_type }
}
