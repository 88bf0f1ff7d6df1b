import type pg from 'pg'
import type { CallRow } from '../calls/types.ts'
import {
  deleteCalls,
  type KnownCall,
  leaveCalls,
  type PrivateCall,
  writeCalls,
  writePrivateCalls,
} from '../store/calls.ts'
import { allotPositions, announce, enterFeed, type FeedRow } from '../store/feed.ts'
import { deleteFoldLater, type FoldLater, putOffFolds } from '../store/fold-later.ts'
import { countCalls, readCallMeasures } from '../store/statistics.ts'

/** A session to fold. */
export interface Session {
  id: string
  /** Its rows of rtc.unfolded. */
  rows: number[]
  /**
   * Earliest key time of the facts that are not folded yet (milliseconds); null where it is not known, Infinity where
   * there are none and only the clock has gone on.
   */
  from: number | null
}

export type ReferredSession = Session & { callRef: string }

/** What becomes of the sessions of a batch, gathered while they are folded. */
export class FoldOutcome {
  readonly calls: CallRow[] = []
  readonly privateCalls: PrivateCall[] = []
  /** call_refs of sessions without facts, and of calls that stay as they are whatever the clock says. */
  readonly gone: string[] = []
  readonly left: string[] = []
  readonly later: FoldLater[] = []
  readonly #sessions: readonly ReferredSession[]
  readonly #known: ReadonlyMap<string, KnownCall>

  constructor(sessions: readonly ReferredSession[], known: ReadonlyMap<string, KnownCall>) {
    this.#sessions = sessions
    this.#known = known
  }

  /** Writes it in the transaction that is open, takes the sessions from what is to fold, and enters them in the feed. */
  async write(client: pg.ClientBase): Promise<void> {
    const positions = await this.#positions(client)
    const changing = [...this.calls.map(({ call_ref }) => call_ref), ...this.gone]
    const before = await readCallMeasures(client, changing)
    const versions = await writeCalls(
      client,
      this.calls,
      this.calls.map(({ call_ref }) => positions.get(call_ref) ?? 0),
    )
    await writePrivateCalls(client, this.privateCalls)
    await deleteCalls(client, this.gone)
    await countCalls(client, changing, before)
    await leaveCalls(client, this.left)
    const later = new Set(this.later.map(({ session_id }) => session_id))
    const wasPutOff = (id: string) => (this.#known.get(id)?.due_at ?? null) !== null
    const done = this.#sessions.filter(({ id }) => wasPutOff(id) && !later.has(id))
    await putOffFolds(client, this.later)
    await deleteFoldLater(
      client,
      done.map(({ id }) => id),
    )
    await this.#enterFeed(client, positions, versions)
  }

  /** Of each call, after as many as its new facts need. */
  async #positions(client: pg.ClientBase): Promise<Map<string, number>> {
    let position = 0
    const places = this.#sessions.map(({ callRef, rows }) => {
      position += rows.length + 1
      return [callRef, position] as const
    })
    const before = await allotPositions(client, position)
    return new Map(places.map(([callRef, place]) => [callRef, before + place]))
  }

  /** @param versions those positions that are the version of a call now */
  async #enterFeed(
    client: pg.ClientBase,
    positions: ReadonlyMap<string, number>,
    versions: ReadonlySet<number>,
  ): Promise<void> {
    const gone = new Set(this.gone)
    const isRemoved = ({ id, callRef }: ReferredSession) =>
      gone.has(callRef) && (this.#known.get(id)?.folded_at ?? null) !== null
    const rows = this.#sessions.flatMap<FeedRow>((session) => {
      const { id, callRef } = session
      const position = positions.get(callRef) ?? 0
      const kind = isRemoved(session) ? 'removed' : versions.has(position) ? 'call' : null
      return kind === null && session.rows.length === 0 ? [] : [{ position, callRef, sessionId: id, kind }]
    })
    const ids = this.#sessions.flatMap(({ rows }) => rows)
    if (rows.length === 0) return
    await enterFeed(client, ids, rows)
    await announce(client)
  }
}
