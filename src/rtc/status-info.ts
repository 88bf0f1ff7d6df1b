import { type Static, Type } from 'typebox'
import { columnsOf, int, optionalProperties, text, time } from './fields.ts'

/** Every field of CallStatusInfo (pages rtc_05_0008, rtc_05_0014 and rtc_05_0017). */
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
] as const

/** The lenient schema of every event, documented or not: what must be there to store it. */
export const StatusInfo = Type.Object(
  {
    ...optionalProperties(statusFields),
    sessionId: Type.String({ minLength: 1, maxLength: 1024, description: 'Id of the call' }),
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
