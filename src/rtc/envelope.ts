import { Type } from 'typebox'
import { FeeInfo } from './fee-info.ts'
import { isJsonObject, type JsonObject, type Place, type RecordKind } from './record.ts'
import { StatusInfo, statusInfoByEvent } from './status-info.ts'

const MAX_RECORDS = 50

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
  { eventType: Type.Literal('fee'), feeLst: Type.Array(FeeInfo, { minItems: 1, maxItems: MAX_RECORDS }) },
  { description: 'CDR callback' },
)

/** What no page describes and is taken all the same; counted, so that a change of the platform is seen. */
export type Oddity = 'feeLst_object' | 'feeLst_empty' | 'feeLst_over_50' | 'feeLst_siblings'

export interface Envelope {
  kind: RecordKind
  /** As sent. */
  eventType: string
  /** The records, unchecked: the body itself of a status event, the elements of a `feeLst`. */
  records: unknown[]
  oddities: Oddity[]
}

/** The body is JSON, but no callback: answered 400. */
export class EnvelopeError extends Error {
  readonly places: Place[]

  constructor(pointer: string, message: string) {
    super(`${pointer || 'body'} ${message}`)
    this.name = 'EnvelopeError'
    this.places = [{ pointer, message }]
  }
}

/**
 * Opens a callback's body. Both kinds may be pushed to one URL (FAQ-00026), so eventType decides: "fee" in any case is
 * a CDR callback, all else a status event.
 *
 * @throws EnvelopeError when the body is no object, or lacks a usable eventType, statusInfo or feeLst
 */
export function openEnvelope(body: unknown): Envelope {
  if (!isJsonObject(body)) throw new EnvelopeError('', 'must be an object')
  const { eventType } = body
  if (typeof eventType !== 'string' || eventType === '') {
    throw new EnvelopeError('/eventType', eventType === undefined ? 'is missing' : 'must be non-empty text')
  }
  return eventType.toLowerCase() === 'fee' ? openFee(eventType, body) : openStatus(eventType, body)
}

function openStatus(eventType: string, body: JsonObject): Envelope {
  if (!isJsonObject(body.statusInfo)) {
    throw new EnvelopeError('/statusInfo', body.statusInfo === undefined ? 'is missing' : 'must be an object')
  }
  return { kind: 'status', eventType, records: [body], oddities: [] }
}

function openFee(eventType: string, body: JsonObject): Envelope {
  const { feeLst } = body
  const oddities: Oddity[] = []
  // Members beside feeLst belong to no record, so there is no row to keep them in.
  if (Object.keys(body).length > 2) oddities.push('feeLst_siblings')
  if (Array.isArray(feeLst)) {
    if (feeLst.length === 0) oddities.push('feeLst_empty')
    if (feeLst.length > MAX_RECORDS) oddities.push('feeLst_over_50')
    return { kind: 'fee', eventType, records: feeLst, oddities }
  }
  // Two third-party handlers declare a single object here.
  if (isJsonObject(feeLst)) {
    return { kind: 'fee', eventType, records: [feeLst], oddities: [...oddities, 'feeLst_object'] }
  }
  throw new EnvelopeError('/feeLst', feeLst === undefined ? 'is missing' : 'must be an array')
}
