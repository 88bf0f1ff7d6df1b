import { type CountedFacts, readFacts, readSomeFacts } from '../store/session-facts.ts'
import type { Queryable } from '../store/statement.ts'

const DAY = 86_400_000

/** Sessions of these days are looked for in the newest partitions, apart from older ones. */
const recentMs = 3 * DAY

/** A session with the earliest key time of its facts (milliseconds), null where that is not known. */
export interface Sought {
  id: string
  earliest: number | null
}

/** Thrown where sessions have too many facts to be read at once: try fewer. */
export class TooManyFactsError extends Error {}

/**
 * All facts of sessions, by session id; those without facts are left out. More than `most` facts of a kind are read of no
 * batch: of one session then `some` of each kind; with several TooManyFactsError is thrown.
 */
export async function readSessionFacts(
  client: Queryable,
  sessions: readonly Sought[],
  now: number,
  { most, some }: { most: number; some: number },
): Promise<Map<string, CountedFacts>> {
  const read = async (sought: readonly Sought[], from: number | null): Promise<Map<string, CountedFacts>> => {
    const [session] = sought
    if (!session) return new Map()
    const ids = sought.map(({ id }) => id)
    const facts = await readFacts(client, ids, from, most)
    if (facts) return facts
    if (ids.length > 1) throw new TooManyFactsError()
    return new Map([[session.id, await readSomeFacts(client, session.id, some)]])
  }
  const isRecent = ({ earliest }: Sought) => earliest !== null && earliest >= now - recentMs
  const recent = sessions.filter(isRecent)
  const facts = await read(recent, earliestOf(recent))
  // Where none were found all partitions are searched before it is believed: their call is going to be deleted.
  const rest = sessions.filter(({ id }) => !facts.has(id))
  for (const [id, found] of await read(rest, rest.some(isRecent) ? null : earliestOf(rest))) facts.set(id, found)
  return facts
}

function earliestOf(sessions: readonly Sought[]): number | null {
  return sessions.reduce<number | null>(
    (least, { earliest }) => (least === null || earliest === null ? null : Math.min(least, earliest)),
    Number.POSITIVE_INFINITY,
  )
}
