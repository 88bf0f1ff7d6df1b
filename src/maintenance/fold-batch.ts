import type pg from 'pg'
import { fold } from '../calls/fold.ts'
import { callRef } from '../calls/references.ts'
import type { FoldContext, Scenario } from '../calls/types.ts'
import { type KnownCall, readKnownCalls } from '../store/calls.ts'
import { genericPlans } from '../store/citus.ts'
import { publicError } from '../store/errors.ts'
import { type FoldTurn, lockFold, noteFolded, type Reached } from '../store/maintenance.ts'
import { readPlacedScenarios } from '../store/placed-calls.ts'
import { transaction } from '../store/pool.ts'
import { type CountedFacts, readSomeFacts } from '../store/session-facts.ts'
import { FoldOutcome, type ReferredSession, type Session } from './fold-outcome.ts'
import type { FoldTables } from './fold-tables.ts'
import { readSessionFacts, type Sought } from './session-facts.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

export interface FoldLimits {
  /** Sessions of one transaction. */
  batchSessions: number
  /** Facts of a kind that are read for all sessions of a batch. */
  batchFacts: number
  /** Facts of a kind from which on a session is folded from some of them only, and not each time it gets one. */
  sessionFacts: number
  /** What each fact of such a session adds to the time between two of its folds, and how long that is at most. */
  waitPerFactMs: number
  maxWaitMs: number
}

export const foldLimits: FoldLimits = {
  batchSessions: 500,
  batchFacts: 10_000,
  sessionFacts: 1_000,
  // 20,000 CDRs of one session: folded every 200 seconds.
  waitPerFactMs: 10,
  maxWaitMs: HOUR,
}

export interface BatchOptions {
  tables: FoldTables
  limits: FoldLimits
  /** How far the fold had come before, to be noted. */
  reached?: Reached
}

export interface Folded {
  /** Calls that were computed. */
  calls: number
  /** Sessions that could not be folded and are put off. */
  failed: { callRef: string; error: unknown }[]
}

// No plan may read more than an index points it to: with a custom plan Postgres believes statistics, which know little of
// the newest rows, and may read all of a day for one session. Commits are durable: calls that a crash takes back would be
// folded again, but positions of the feed would be given again, to other facts, which whoever has read up to them would
// never see.
const settings = `SET LOCAL statement_timeout = '30s'; SET LOCAL jit = off;
  ${genericPlans}; SET LOCAL enable_seqscan = off`

/** Sessions that are folded before callbacks get their turn. */
const foldedAtOnce = 25

/**
 * Folds sessions in one transaction: locks, reads their facts, writes their calls, and takes them from what is to fold.
 * Resolves to undefined, with nothing done, where another process is folding. Throws what Postgres threw, with nothing
 * done, and TooManyFactsError.
 */
export function foldBatch(
  client: pg.ClientBase,
  sessions: readonly Session[],
  options: BatchOptions,
): Promise<Folded | undefined> {
  return inTurn(client, sessions, options, (batch) => batch.fold())
}

/** Puts off a session whose fold failed although it was alone, longer each time. Resolves as `foldBatch` does. */
export function putOffSession(
  client: pg.ClientBase,
  session: Session,
  error: unknown,
  options: BatchOptions,
): Promise<Folded | undefined> {
  return inTurn(client, [session], options, (batch) => batch.fail(error))
}

function inTurn(
  client: pg.ClientBase,
  sessions: readonly Session[],
  { tables, limits, reached }: BatchOptions,
  work: (batch: Batch) => Promise<Folded>,
): Promise<Folded | undefined> {
  return transaction(
    client,
    async () => {
      const turn = await lockFold(client)
      if (!turn) return undefined
      const context = await tables.read(client, turn.now)
      const referred = sessions.map((session) => ({
        ...session,
        callRef: callRef(context.references.signed, session.id),
      }))
      const known = await readKnownCalls(client, referred)
      if (reached) await noteFolded(client, reached)
      return work(new Batch(client, referred, known, turn, context, limits))
    },
    settings,
  )
}

/** The work of one transaction: what becomes of each session is noted, and written at the end. */
class Batch {
  readonly #client: pg.ClientBase
  readonly #sessions: readonly ReferredSession[]
  readonly #known: ReadonlyMap<string, KnownCall>
  readonly #turn: FoldTurn
  readonly #context: FoldContext
  readonly #limits: FoldLimits
  readonly #outcome: FoldOutcome
  readonly #failed: Folded['failed'] = []

  constructor(
    client: pg.ClientBase,
    sessions: readonly ReferredSession[],
    known: ReadonlyMap<string, KnownCall>,
    turn: FoldTurn,
    context: FoldContext,
    limits: FoldLimits,
  ) {
    this.#client = client
    this.#sessions = sessions
    this.#known = known
    this.#turn = turn
    this.#context = context
    this.#limits = limits
    this.#outcome = new FoldOutcome(sessions, known)
  }

  async fold(): Promise<Folded> {
    const [ordinary, large]: [ReferredSession[], ReferredSession[]] = [[], []]
    for (const session of this.#sessions) {
      const known = this.#known.get(session.id)
      const dueAt = known && this.#dueAt(known)
      if (dueAt !== undefined && dueAt > this.#turn.now) this.#putOff(session, dueAt, known?.tries ?? 0)
      else if (known && this.#wouldShrink(known)) this.#outcome.left.push(session.callRef)
      else if (known && this.#isLarge(known)) large.push(session)
      else ordinary.push(session)
    }
    const facts = await this.#read(ordinary, large)
    const sessions = [...ordinary, ...large]
    const placed = await readPlacedScenarios(
      this.#client,
      sessions.map(({ id }) => id),
    )
    for (const [i, session] of sessions.entries()) {
      if (i % foldedAtOnce === foldedAtOnce - 1) await new Promise(setImmediate)
      const found = facts.get(session.id)
      if (found) this.#foldOne(session, found, placed.get(session.id) ?? null)
      else this.#outcome.gone.push(session.callRef)
    }
    return this.#write()
  }

  fail(error: unknown): Promise<Folded> {
    for (const session of this.#sessions) this.#fail(session, error)
    return this.#write()
  }

  /** Until when the fold is put off: of a session whose fold failed, or that has so many facts. */
  #dueAt(known: KnownCall): number | undefined {
    const { due_at, tries, folded_at, event_count, cdr_count } = known
    if (due_at !== null && tries !== null && tries > 0) return due_at
    if (folded_at === null || !this.#isLarge(known)) return undefined
    const { waitPerFactMs, maxWaitMs } = this.#limits
    return folded_at + Math.min(maxWaitMs, ((event_count ?? 0) + (cdr_count ?? 0)) * waitPerFactMs)
  }

  #isLarge({ event_count, cdr_count }: KnownCall): boolean {
    return Math.max(event_count ?? 0, cdr_count ?? 0) > this.#limits.sessionFacts
  }

  /** Whether retention may have removed some of its facts since it was folded. */
  #wouldShrink({ facts_from, folded_at }: KnownCall): boolean {
    const { kept_from, removed_at } = this.#turn
    if (facts_from === null || folded_at === null || kept_from === null || removed_at === null) return false
    return facts_from < kept_from && folded_at < removed_at
  }

  async #read(
    ordinary: readonly ReferredSession[],
    large: readonly ReferredSession[],
  ): Promise<Map<string, CountedFacts>> {
    const { batchFacts, sessionFacts } = this.#limits
    const sought = ordinary.map((session) => this.#sought(session))
    const limits = { most: batchFacts, some: sessionFacts }
    const facts = await readSessionFacts(this.#client, sought, this.#turn.now, limits)
    for (const { id } of large) {
      const some = await readSomeFacts(this.#client, id, sessionFacts)
      if (some.eventCount + some.cdrCount > 0) facts.set(id, some)
    }
    return facts
  }

  /**
   * Every fact of a session is in its call, which knows the earliest of them, or stands in rtc.unfolded with its time: no
   * fact is earlier than these.
   */
  #sought({ id, from }: ReferredSession): Sought {
    if (from === null) return { id, earliest: null }
    const earliest = Math.min(from, this.#known.get(id)?.facts_from ?? from)
    return { id, earliest: Number.isFinite(earliest) ? earliest : null }
  }

  #foldOne(session: ReferredSession, facts: CountedFacts, placedScenario: Scenario | null): void {
    const { earliest, ...counted } = facts
    try {
      const { call, privateCall } = fold({ sessionId: session.id, placedScenario, ...counted }, this.#context)
      // One that were due at once would be folded without end.
      const isPast = call.recheck_at !== null && call.recheck_at <= this.#turn.now
      this.#outcome.calls.push(isPast ? { ...call, recheck_at: this.#turn.now + HOUR } : call)
      this.#outcome.privateCalls.push({ ...privateCall, facts_from: earliest })
    } catch (error) {
      this.#fail(session, error)
    }
  }

  #fail(session: ReferredSession, error: unknown): void {
    const tries = (this.#known.get(session.id)?.tries ?? 0) + 1
    const { code = error instanceof Error ? error.name : null } = publicError(error)
    this.#putOff(session, this.#turn.now + Math.min(DAY, MINUTE * 4 ** (tries - 1)), tries, code)
    this.#failed.push({ callRef: session.callRef, error })
  }

  /** Its call is not due by the clock meanwhile. */
  #putOff(session: ReferredSession, dueAt: number, tries: number, error: string | null = null): void {
    const { id, from, callRef } = session
    const factTime = from !== null && Number.isFinite(from) ? from : null
    this.#outcome.later.push({ session_id: id, due_at: dueAt, fact_time: factTime, tries, error })
    this.#outcome.left.push(callRef)
  }

  async #write(): Promise<Folded> {
    await this.#outcome.write(this.#client)
    return { calls: this.#outcome.calls.length, failed: this.#failed }
  }
}
