import { type FailedLeg, failuresOf, type Outcome, type Scenario } from './outcomes.ts'
import type { Random } from './random.ts'

/** A party that is called. Times are seconds from the beginning of the call. */
export interface Leg {
  startedAt: number
  alertingAt?: number
  answeredAt?: number
  /** How it failed, when nobody answered. */
  failure?: FailedLeg
}

/** What happens in a call, before there are numbers and a date. */
export interface Timeline {
  a: Leg
  /** The second party of a callback call, dialled once the first has answered (protocol.md: callback calls). */
  b?: Leg
  endedAt: number
  /** Which side ended an answered call. */
  hungUpBy: 'caller' | 'callee' | 'platform'
  /** Hang-up reason and release point of an answered call: 0, or what cut it short. */
  ending: Pick<FailedLeg, 'stateCode' | 'stateDesc' | 'ulFailReason'>
  /** What the callee keyed in a notification, and when. */
  digits?: { at: number; keys: string[]; dynamicIvr: boolean }
}

const released = { stateCode: 0, stateDesc: 'The user releases the call.', ulFailReason: 0 }
/** "must be keyed within 5 s after the prompt ended" (REL, row 100). */
const nothingKeyed = { stateCode: 8008, stateDesc: 'Failed to play and collect digits.', ulFailReason: 100 }
const tooLong = { stateCode: 8010, stateDesc: 'The maximum call duration is reached.', ulFailReason: 8010 }
const maxTalkS = 1_800

export function makeTimeline(random: Random, scenario: Scenario, outcome: Outcome): Timeline {
  if (scenario === 'click2Call') return callback(random, outcome)
  const a = dial(random, 0, outcome, 'a')
  if (a.answeredAt === undefined) return unanswered(random, a)
  return scenario === 'callVerify' ? verification(random, a, a.answeredAt) : notification(random, a, a.answeredAt)
}

function verification(random: Random, a: Leg, answeredAt: number): Timeline {
  // Announcement, code and pauses, up to three times; some callees have heard enough before.
  const heard = random.chance(0.4)
  const endedAt = answeredAt + (heard ? random.whole(4, 15) : random.whole(18, 40))
  return { a, endedAt, hungUpBy: heard ? 'callee' : 'platform', ending: released }
}

function notification(random: Random, a: Leg, answeredAt: number): Timeline {
  const promptEndsAt = answeredAt + random.whole(8, 30)
  if (random.chance(0.4)) return { a, endedAt: promptEndsAt, hungUpBy: 'platform', ending: released }
  if (random.chance(0.1)) return { a, endedAt: promptEndsAt + 5, hungUpBy: 'platform', ending: nothingKeyed }
  const dynamicIvr = random.chance(0.3)
  const keys = Array.from({ length: dynamicIvr ? random.whole(2, 4) : 1 }, () => String(random.whole(0, 9)))
  const at = promptEndsAt + random.whole(1, 4)
  const hungUpBy = random.pick(['callee', 'platform'] as const)
  return { a, endedAt: at + random.whole(1, 10), hungUpBy, ending: released, digits: { at, keys, dynamicIvr } }
}

function callback(random: Random, outcome: Outcome): Timeline {
  // Of callback calls that fail most fail at B: A has just asked for the call.
  if (outcome !== 'answered' && random.chance(0.3)) return unanswered(random, dial(random, 0, outcome, 'a'))
  const a = dial(random, 0, 'answered', 'a')
  const b = dial(random, a.answeredAt ?? 0, outcome, 'b')
  if (b.answeredAt === undefined) return { ...unanswered(random, b), a, b }
  const talk = Math.round(5 - 90 * Math.log(1 - random.next()))
  const cut = random.chance(0.01)
  const endedAt = b.answeredAt + (cut ? maxTalkS : Math.min(talk, maxTalkS))
  return {
    a,
    b,
    endedAt,
    hungUpBy: cut ? 'platform' : random.pick(['caller', 'callee'] as const),
    ending: cut ? tooLong : released,
  }
}

function unanswered(random: Random, leg: Leg): Timeline {
  const { startedAt, alertingAt, failure } = leg
  const [least, most] = failure?.rings ?? [1, 6]
  return {
    a: leg,
    endedAt: (alertingAt ?? startedAt) + random.whole(least, most),
    hungUpBy: failure?.stateCode === 8009 ? 'caller' : 'platform',
    ending: failure ?? released,
  }
}

function dial(random: Random, startedAt: number, outcome: Outcome, side: 'a' | 'b'): Leg {
  const alertingAt = startedAt + random.whole(1, 6)
  if (outcome === 'answered') return { startedAt, alertingAt, answeredAt: alertingAt + random.whole(2, 25) }
  const failure = random.pick(failuresOf(outcome, side))
  return failure.rings ? { startedAt, alertingAt, failure } : { startedAt, failure }
}
