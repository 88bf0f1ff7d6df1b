import type { EventLeg } from './event-legs.ts'
import type { LegColumns } from './scenario-rules.ts'
import { longestCall, within } from './times.ts'
import type { CdrFact } from './types.ts'

/** A leg as it went, from CDR and events together. */
export interface Leg {
  startedAt: number | null
  ringingAt: number | null
  answeredAt: number | null
  endedAt: number | null
  /** It was dialed, or came in. */
  isThere: boolean
  /** An event supplied the answer that the CDR has not. */
  isAnsweredByEvent: boolean
}

/** The second leg of a scenario that has none. */
export const noLeg: Leg = {
  startedAt: null,
  ringingAt: null,
  answeredAt: null,
  endedAt: null,
  isThere: false,
  isAnsweredByEvent: false,
}

interface Stages {
  started: number | null
  ringing: number | null
  answered: number | null
}

const nothing: Stages = { started: null, ringing: null, answered: null }

/**
 * The leg that the CDR's columns tell of, with events for what it leaves open. A time that contradicts the others (an
 * answer before its start, a stage after the end or longer before it than a call can last) counts as absent: it would
 * make a duration, and a bill, that nobody owes.
 *
 * @param from no stage is earlier: when the leg before it began
 * @param endedAt end of the call
 */
export function legOf(
  cdr: CdrFact | null,
  columns: LegColumns,
  event: EventLeg,
  from: number | null,
  endedAt: number | null,
): Leg {
  const earliest = from ?? (cdr ? cdr.cdr_time - longestCall : Number.NEGATIVE_INFINITY)
  const latest = endedAt ?? Number.POSITIVE_INFINITY
  const own = cdr ? fill(nothing, stagesOf(cdr, columns), earliest, latest) : nothing
  const stages = fill(own, stagesOf(event, columns), earliest, latest)
  const isThere = stages.started !== null || stages.ringing !== null || stages.answered !== null
  return {
    startedAt: stages.started,
    ringingAt: stages.ringing,
    answeredAt: stages.answered,
    // A CDR has one end for both legs.
    endedAt: isThere ? ((cdr ? null : event.ended) ?? endedAt) : null,
    isThere,
    isAnsweredByEvent: cdr !== null && own.answered === null && stages.answered !== null,
  }
}

function stagesOf(source: CdrFact | EventLeg, columns: LegColumns): Stages {
  if ('isOpen' in source) return columns.answered ? source : { ...nothing, started: source.started }
  return {
    started: source[columns.started],
    ringing: columns.ringing && source[columns.ringing],
    answered: columns.answered && source[columns.answered],
  }
}

/** What is known, and of what is not the stages that fit between. */
function fill(known: Stages, other: Stages, earliest: number, latest: number): Stages {
  const started = known.started ?? within(other.started, earliest, known.ringing ?? known.answered ?? latest)
  const answered = known.answered ?? within(other.answered, known.ringing ?? started ?? earliest, latest)
  const ringing = known.ringing ?? within(other.ringing, started ?? earliest, answered ?? latest)
  return { started, ringing, answered }
}
