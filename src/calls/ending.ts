import type { EventLegs } from './event-legs.ts'
import { eventType } from './facts.ts'
import { longestCall, minute, within } from './times.ts'
import type { CdrFact, EventFact } from './types.ts'

/** A disconnect with nothing after it for so long ends the call, however many legs have none: events can get lost. */
const quietEnd = 10 * minute

export interface Ending {
  endedAt: number | null
  /** A CDR has no end of its own, and an event supplied it. */
  isFromEvent: boolean
  isLive: boolean
  isFinished: boolean
  /** When one of these changes by the clock alone. */
  changesAt: number | null
}

/** Whether the call is over, and since when. A CDR is sent at the end, so with one it is. */
export function endingOf(cdr: CdrFact | null, events: readonly EventFact[], legs: EventLegs, now: number): Ending {
  const last = events.at(-1)
  const lastDisconnect = events.findLast((event) => eventType(event) === 'disconnect')
  if (cdr) return endingOfCdr(cdr, lastDisconnect)

  const forgottenAt = (last ? seenAt(events) : now) + longestCall
  const isForgotten = forgottenAt <= now
  const over = {
    isFromEvent: false,
    isLive: false,
    isFinished: isForgotten,
    changesAt: isForgotten ? null : forgottenAt,
  }
  if (lastDisconnect) {
    const endedAt = lastDisconnect.occurred_at
    if (!legs.a.isOpen && !legs.b.isOpen) return { ...over, endedAt }
    const quietAt = seen(lastDisconnect) + quietEnd
    if (lastDisconnect === last) {
      if (quietAt <= now) return { ...over, endedAt }
      return { ...over, endedAt: null, isLive: true, changesAt: quietAt }
    }
  }
  return { ...over, endedAt: null, isLive: !isForgotten }
}

function endingOfCdr(cdr: CdrFact, lastDisconnect: EventFact | undefined): Ending {
  const from = cdr.cdr_time - longestCall
  const to = cdr.cdr_time + longestCall
  const own = within(cdr.call_end_time, from, to) ?? within(cdr.fail_time, from, to)
  const event = own === null ? within(lastDisconnect?.occurred_at ?? null, cdr.cdr_time, to) : null
  return {
    // The latest stage that is known, when nothing says more.
    endedAt: own ?? event ?? cdr.cdr_time,
    isFromEvent: event !== null,
    isLive: false,
    isFinished: true,
    changesAt: null,
  }
}

/** When the last of the events was seen: a time of the future was not seen later than it came. */
function seenAt(events: readonly EventFact[]): number {
  return events.reduce((latest, event) => Math.max(latest, seen(event)), Number.NEGATIVE_INFINITY)
}

function seen({ occurred_at, received_at }: EventFact): number {
  return Math.min(occurred_at, received_at)
}
