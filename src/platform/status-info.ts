import { type Static, Type } from 'typebox'
import { columnsOf, int, optionalProperties, SessionId, text, time } from './fields.ts'

/**
 * Every documented field of `statusInfo` (protocol.md: status callback), and what the private-number product adds to it
 * (protocol.md: private-number events).
 */
export const statusFields = [
  text('sessionId', 'session_id', 'Id of the call, the same as in the API response and in the CDR'),
  time('timestamp', 'occurred_at', 'Time of the event on the platform'),
  text('caller', 'caller', 'Calling number of this leg; the display number on the first'),
  text('called', 'called', 'Called number of this leg'),
  text('userData', 'user_data', "The request's userData"),
  text('digitInfo', 'digit_info', 'Digits the user keyed (voice notification)'),
  text('partyType', 'party_type', 'Which side hung up (click2Call, on request)'),
  int('stateCode', 'state_code', 'Hang-up reason'),
  text('stateDesc', 'state_desc', 'Text for stateCode'),
  text('subscriptionId', 'subscription_id', 'Id of the binding (private number)'),
  text('notifyMode', 'notify_mode', 'Notify, or Block when the platform waits for a decision (private number, X mode)'),
  int('callRelDirection', 'call_rel_direction', 'Who hung up: 1 caller, 2 callee (private number, X mode)'),
] as const

/** The lenient schema of every event, documented or not: what must be there to store it. */
export const StatusInfo = Type.Object(
  {
    ...optionalProperties(statusFields),
    sessionId: SessionId('Id of the call'),
    timestamp: Type.String({ format: 'rtc-time', description: 'Time of the event; yyyy-MM-dd HH:mm:ss, UTC' }),
  },
  { additionalProperties: true, description: 'State of a call' },
)
export type StatusInfo = Static<typeof StatusInfo>

const [sessionId, ...others] = columnsOf(statusFields)

/** Columns of a call event that come from the record. */
export const callEventColumns = [
  sessionId,
  { column: 'event_type', type: 'text' },
  ...others,
  { column: 'extra', type: 'json' },
] as const

// What each event carries (protocol.md: status callback). collectInfo has no numbers; callin is in the prose of the
// voice pages and in private-number samples only.
const leg = ['sessionId', 'timestamp', 'caller', 'called', 'userData'] as const

/** The documented `statusInfo` of each event, by the documented spelling of its eventType. */
export const statusInfoByEvent = {
  callin: Type.Pick(StatusInfo, leg, { additionalProperties: true, description: 'A call came in' }),
  callout: Type.Pick(StatusInfo, leg, { additionalProperties: true, description: 'The platform dials a party' }),
  alerting: Type.Pick(StatusInfo, leg, { additionalProperties: true, description: 'The phone rings' }),
  answer: Type.Pick(StatusInfo, leg, { additionalProperties: true, description: 'The party answered' }),
  collectInfo: Type.Pick(StatusInfo, ['sessionId', 'timestamp', 'digitInfo', 'userData'], {
    additionalProperties: true,
    description: 'The user keyed digits (voice notification)',
  }),
  disconnect: Type.Pick(StatusInfo, [...leg, 'partyType', 'stateCode', 'stateDesc'], {
    additionalProperties: true,
    description: 'A party hung up',
  }),
}
