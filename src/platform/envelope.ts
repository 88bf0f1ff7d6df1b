import { Type } from 'typebox'
import { FeeInfo } from './fee-info.ts'
import { StatusInfo, statusInfoByEvent } from './status-info.ts'

/** Records of a `feeLst` as documented; more are taken and counted. */
export const documentedRecords = 50

/** A status callback as documented, one schema an event, and any event the platform may add. */
export const StatusCallback = Type.Union(
  [
    ...Object.entries(statusInfoByEvent).map(([eventType, statusInfo]) =>
      Type.Object({ eventType: Type.Literal(eventType), statusInfo }),
    ),
    Type.Object({ eventType: Type.String({ minLength: 1 }), statusInfo: StatusInfo }),
  ],
  { description: 'Call status callback' },
)

/** A CDR callback as documented. */
export const FeeCallback = Type.Object(
  { eventType: Type.Literal('fee'), feeLst: Type.Array(FeeInfo, { minItems: 1, maxItems: documentedRecords }) },
  { description: 'CDR callback' },
)

/** Any other notice the platform may push (protocol.md: notices). */
export const Notice = Type.Object(
  { eventType: Type.String({ minLength: 1 }) },
  { additionalProperties: true, description: 'Notice of another kind, kept as it is' },
)
