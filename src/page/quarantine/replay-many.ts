import { type Rerun, rerun } from '../../ingest/rerun.ts'
import { classify, publicError } from '../../store/errors.ts'
import { getQuarantine } from '../../store/quarantine.ts'
import type { PageContext } from '../context.ts'

/** How long a browser is kept waiting, milliseconds. */
const mostMs = 5_000

export interface Replayed {
  /** Entries that were looked at, and the last of them. */
  tried: number
  last: number | undefined
  /** Entries that are closed now, the records that were stored of them, and those that were there before. */
  entries: number
  stored: number
  duplicates: number
  /** Entries that stay as they are. */
  refused: number
}

/** Replays entries one after another, each in a transaction of its own, until time is up or Postgres is away. */
export async function replayMany(context: PageContext, ids: readonly number[]): Promise<Replayed> {
  const done: Replayed = { tried: 0, last: undefined, entries: 0, stored: 0, duplicates: 0, refused: 0 }
  const until = performance.now() + mostMs
  for (const id of ids) {
    if (performance.now() > until) break
    const result = await replay(context, id)
    if (result === 'away') break
    done.tried++
    done.last = id
    if (result?.done) {
      done.entries++
      done.stored += result.stored
      done.duplicates += result.duplicates
    } else if (result !== undefined) done.refused++
  }
  context.reader.forget()
  return done
}

/** Undefined: somebody else has closed it and retention has removed it since. */
async function replay({ postgres, log }: PageContext, id: number): Promise<Rerun | 'away' | undefined> {
  try {
    return await postgres.withClient(async (client, commitContext) => {
      const entry = await getQuarantine(client, id)
      return entry && (await rerun(client, commitContext, entry))
    })
  } catch (error) {
    if (classify(error) === 'away') return 'away'
    log.warn({ id, err: publicError(error) }, 'a quarantined entry could not be replayed')
    return { done: false, reason: 'internal error' }
  }
}
