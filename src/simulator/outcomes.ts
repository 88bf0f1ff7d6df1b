/** The three APIs that place calls: verification code, notification, callback call. */
export const scenarios = ['callVerify', 'callnotify', 'click2Call'] as const
export type Scenario = (typeof scenarios)[number]

export const outcomes = ['answered', 'busy', 'no answer', 'rejected', 'cancelled', 'unreachable', 'failed'] as const
export type Outcome = (typeof outcomes)[number]

/** How many of a hundred calls end so; a made-up mix that looks like a working day. */
export const outcomeWeights: Readonly<Record<Outcome, number>> = {
  answered: 64,
  busy: 7,
  'no answer': 14,
  rejected: 6,
  cancelled: 3,
  unreachable: 4,
  failed: 2,
}

export const scenarioWeights: Readonly<Record<Scenario, number>> = { callVerify: 50, callnotify: 30, click2Call: 20 }

/** How a leg that nobody answered ends, in the codes of the platform's tables (STATE, REL, Q850). */
export interface FailedLeg {
  stateCode: number
  stateDesc: string
  ulFailReason: number
  sipStatusCode: number
  q850: number
  /** Seconds it rings before that, at least and at most; it does not ring without. */
  rings?: readonly [number, number]
}

/** "Look at the Q.850 value": 518 for the leg to B, 520 for the leg to A. */
const elsewhere = { a: 520, b: 518 } as const

export function failuresOf(outcome: Exclude<Outcome, 'answered'>, leg: 'a' | 'b'): readonly FailedLeg[] {
  const notConnected = { stateCode: 8001, stateDesc: 'The user is not connected.', ulFailReason: elsewhere[leg] }
  switch (outcome) {
    case 'busy':
      return [
        { stateCode: 8102, stateDesc: 'The callee is busy.', ulFailReason: 8102, sipStatusCode: 486, q850: 17 },
        { ...notConnected, sipStatusCode: 486, q850: 17 },
      ]
    case 'no answer':
      return [
        {
          stateCode: 8101,
          stateDesc: 'The callee does not answer.',
          ulFailReason: 8101,
          sipStatusCode: 480,
          q850: 18,
          rings: [30, 60],
        },
        {
          stateCode: 8003,
          stateDesc: 'Ringing timed out.',
          ulFailReason: 8003,
          sipStatusCode: 0,
          q850: 0,
          rings: [58, 60],
        },
      ]
    case 'rejected':
      return [
        { ...notConnected, sipStatusCode: 603, q850: 21, rings: [2, 15] },
        {
          stateCode: 8004,
          stateDesc: 'The user hangs up while the phone rings.',
          ulFailReason: 8004,
          sipStatusCode: 603,
          q850: 21,
          rings: [2, 20],
        },
      ]
    case 'cancelled':
      return [
        {
          stateCode: 8009,
          stateDesc: 'The caller hangs up before the call is answered.',
          ulFailReason: leg === 'a' ? 8009 : 552,
          sipStatusCode: 487,
          q850: 0,
          rings: [3, 20],
        },
      ]
    case 'unreachable':
      return [
        { stateCode: 8104, stateDesc: 'The callee is powered off.', ulFailReason: 8104, sipStatusCode: 480, q850: 20 },
        {
          stateCode: 8103,
          stateDesc: 'The callee is temporarily unreachable.',
          ulFailReason: 8103,
          sipStatusCode: 480,
          q850: 20,
        },
      ]
    case 'failed':
      return [
        { stateCode: 8100, stateDesc: 'The number does not exist.', ulFailReason: 8100, sipStatusCode: 404, q850: 1 },
        { stateCode: 8000, stateDesc: 'Internal error.', ulFailReason: 8000, sipStatusCode: 500, q850: 41 },
        { stateCode: 7109, stateDesc: 'Not enough voice ports.', ulFailReason: 7109, sipStatusCode: 0, q850: 0 },
      ]
  }
}

/** What callbacks there are: the eventType of status events, and fee for CDRs. */
export const callbackTypes = ['callout', 'alerting', 'answer', 'collectInfo', 'disconnect', 'fee'] as const

export type CallbackType = (typeof callbackTypes)[number]

/** What a call has to be to have such a callback, where that is not asked for. */
export const callFor: Readonly<Record<CallbackType, { scenario?: Scenario; outcome?: Outcome }>> = {
  callout: {},
  alerting: { outcome: 'answered' },
  answer: { outcome: 'answered' },
  collectInfo: { scenario: 'callnotify', outcome: 'answered' },
  disconnect: {},
  fee: {},
}
