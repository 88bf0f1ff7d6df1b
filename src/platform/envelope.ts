import { Type } from 'typebox'
import { FeeInfo } from './fee-info.ts'
import { type CallbackKind, isJsonObject, type JsonObject, type Place } from './record.ts'
import { StatusInfo, statusInfoByEvent } from './status-info.ts'

/** Records of a `feeLst` as documented; more are taken and counted. */
const documentedRecords = 50
/** Beyond, none is: a body of a million commas must not cost a gigabyte of memory. */
export const mostRecords = 5_000

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

/**
 * What is taken and counted: what is not documented, so that a change of the platform is seen, and `block_callin`, for
 * which the platform waits for another answer than this receiver gives.
 */
export type Oddity = 'feeLst_object' | 'feeLst_empty' | 'feeLst_over_50' | 'feeLst_siblings' | 'block_callin'

export interface Envelope {
  kind: CallbackKind
  /** As sent. */
  eventType: string
  /** The records, unchecked: the body itself of a status event or a notice, the elements of a `feeLst`. */
  records: unknown[]
  oddities: Oddity[]
}

/** The body is JSON, but no callback that can be taken: answered 400. `reason` is what it is quarantined for. */
export class EnvelopeError extends Error {
  readonly reason: 'not_a_callback' | 'sms_event'
  readonly places: Place[]

  constructor(pointer: string, message: string, reason: EnvelopeError['reason'] = 'not_a_callback') {
    super(`${pointer || 'body'} ${message}`)
    this.name = 'EnvelopeError'
    this.reason = reason
    this.places = [{ pointer, message }]
  }
}

/**
 * Opens a callback's body. Both kinds may be pushed to one URL (protocol.md: envelope), so eventType decides: "fee" in
 * any case is a CDR callback, all else a status event. What has an eventType and neither statusInfo nor feeLst is a
 * notice.
 *
 * @throws EnvelopeError when the body is no object, or lacks a usable eventType, statusInfo or feeLst
 */
export function openEnvelope(body: unknown): Envelope {
  if (!isJsonObject(body)) throw new EnvelopeError('', 'must be an object')
  const { eventType } = body
  if (typeof eventType !== 'string' || eventType === '') throw noEventType(body)
  if (body.statusInfo === undefined && body.feeLst === undefined) {
    return { kind: 'notice', eventType, records: [body], oddities: [] }
  }
  return eventType.toLowerCase() === 'fee' ? openFee(eventType, body) : openStatus(eventType, body)
}

/**
 * SMS events of the private-number product have no eventType (protocol.md: text messages). They are refused, because
 * they belong to another server, which may even have to decide on them; but they are told apart from rubbish.
 */
function noEventType({ eventType, smsEvent }: JsonObject): EnvelopeError {
  if (eventType !== undefined) return new EnvelopeError('/eventType', 'must be non-empty text')
  if (smsEvent === undefined) return new EnvelopeError('/eventType', 'is missing')
  return new EnvelopeError('/smsEvent', 'is an SMS event, which this receiver of calls does not take', 'sms_event')
}

function openStatus(eventType: string, body: JsonObject): Envelope {
  if (!isJsonObject(body.statusInfo)) {
    throw new EnvelopeError('/statusInfo', body.statusInfo === undefined ? 'is missing' : 'must be an object')
  }
  return {
    kind: 'status',
    eventType,
    records: [body],
    oddities: isBlocked(eventType, body.statusInfo) ? ['block_callin'] : [],
  }
}

/** The platform puts such a call through only once it is told where to (protocol.md: X mode). */
function isBlocked(eventType: string, { notifyMode }: JsonObject): boolean {
  return eventType.toLowerCase() === 'callin' && typeof notifyMode === 'string' && notifyMode.toLowerCase() === 'block'
}

function openFee(eventType: string, body: JsonObject): Envelope {
  const { feeLst } = body
  const oddities: Oddity[] = []
  // Members beside feeLst belong to no record, so there is no row to keep them in.
  if (Object.keys(body).length > 2) oddities.push('feeLst_siblings')
  if (Array.isArray(feeLst)) {
    if (feeLst.length === 0) oddities.push('feeLst_empty')
    if (feeLst.length > documentedRecords) oddities.push('feeLst_over_50')
    return { kind: 'fee', eventType, records: feeLst, oddities }
  }
  // Undocumented, but others have met it (protocol.md: envelope).
  if (isJsonObject(feeLst)) {
    return { kind: 'fee', eventType, records: [feeLst], oddities: [...oddities, 'feeLst_object'] }
  }
  throw new EnvelopeError('/feeLst', feeLst === undefined ? 'is missing' : 'must be an array')
}
