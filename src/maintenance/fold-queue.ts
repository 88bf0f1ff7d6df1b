import { dueSessions } from '../store/calls.ts'
import { foldsDue } from '../store/fold-later.ts'
import type { Queryable } from '../store/statement.ts'
import { readOutlook, readUnfolded } from '../store/unfolded.ts'
import type { Session } from './fold-outcome.ts'

/** Calls that changed by the clock, and folds that were put off, that one look takes. */
const dueLimit = 1_000
const laterLimit = 100
/** How long a transaction that stores facts takes at most, but for a few: after that the next look need not begin before its rows. */
const settledMs = 10_000
/** How often a look begins at the first row all the same, and how many times its own duration it waits at least. */
const fullLookMs = 5_000
const fullLookShare = 50

/** What waits to be folded. Times are milliseconds of the database's clock. */
export interface Waiting {
  now: number
  /** In the order in which they came. */
  sessions: Session[]
  /** When the oldest and the newest of the facts that wait were stored; undefined where none wait. */
  oldest: number | undefined
  newest: number | undefined
  /** About how many sessions wait that are not among these; 0: all are. */
  beyond: number
  /** Sessions whose fold has failed and is put off. */
  failed: number
  /** To be called when all these sessions are folded. */
  done(): void
}

/**
 * Finds the sessions that wait. While some login of the server keeps an old snapshot open, index entries of rows that are
 * gone cannot be removed, and a look from the first row on would read all of them again; so it begins where the rows of
 * the last seconds begin, and only now and then, for transactions that lasted longer, at the first row.
 */
export class FoldQueue {
  #ids = new Start()
  #times = new Start()
  #fullLookAt = Number.NEGATIVE_INFINITY

  /** No row of rtc.unfolded up to this id waits, but for late ones. */
  get begin(): number {
    return this.#ids.value
  }

  /** Looks at up to `limit` rows of rtc.unfolded. */
  async look(client: Queryable, limit: number): Promise<Waiting> {
    const began = performance.now()
    const isFull = began >= this.#fullLookAt
    const [afterId, afterTime] = isFull ? [0, 0] : [this.#ids.value, this.#times.value]
    const outlook = await readOutlook(client, afterId)
    const rows = outlook.newest === null ? [] : await readUnfolded(client, afterId, limit)
    const due = await dueSessions(client, afterTime, dueLimit)
    const later = outlook.later_due ? await foldsDue(client, laterLimit) : []
    if (isFull) this.#fullLookAt = began + Math.max(fullLookMs, (performance.now() - began) * fullLookShare)

    const sessions = new Map<string, Session>()
    for (const { id, session_id, fact_time } of rows) add(sessions, session_id, fact_time).rows.push(id)
    for (const session_id of due) add(sessions, session_id, Number.POSITIVE_INFINITY)
    for (const { session_id, fact_time } of later) add(sessions, session_id, fact_time)

    const lastId = rows.at(-1)?.id ?? 0
    const more = rows.length === limit ? Math.max(0, (outlook.newest ?? 0) - lastId) : 0
    const moreDue = due.length === dueLimit || later.length === laterLimit ? 1 : 0
    return {
      now: outlook.now,
      sessions: [...sessions.values()],
      oldest: rows[0]?.stored_at,
      newest: rows.at(-1)?.stored_at,
      beyond: more + moreDue,
      failed: outlook.failed,
      done: () => {
        this.#ids.done(lastId)
        if (moreDue === 0) this.#times.done(outlook.now)
      },
    }
  }
}

/** Where a look begins: behind what was dealt with, some seconds ago. */
class Start {
  value = 0
  #next = 0
  #latest = 0
  #movedAt = Number.NEGATIVE_INFINITY

  done(upTo: number): void {
    this.#latest = Math.max(this.#latest, upTo)
    if (performance.now() - this.#movedAt < settledMs) return
    this.value = this.#next
    this.#next = this.#latest
    this.#movedAt = performance.now()
  }
}

function add(sessions: Map<string, Session>, id: string, from: number | null): Session {
  const known = sessions.get(id)
  if (known) {
    known.from = known.from === null || from === null ? null : Math.min(known.from, from)
    return known
  }
  const session = { id, rows: [], from }
  sessions.set(id, session)
  return session
}
