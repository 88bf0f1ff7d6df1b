import secureJson from 'secure-json-parse'
import { documentedRecords } from './envelope.ts'
import { type CallbackKind, isJsonObject, type JsonObject, type Place } from './record.ts'

/** Beyond what is documented, and taken: a body of a million commas must not cost a gigabyte of memory. */
export const mostRecords = 5_000

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

/** A body that no callback is made of: answered 400. `reason` is what it is quarantined for. */
export class BodyError extends Error {
  readonly reason: 'invalid_utf8' | 'invalid_json' | 'not_a_callback' | 'sms_event'
  readonly places: Place[]

  constructor(reason: BodyError['reason'], message: string, place: Place = { pointer: '', message }) {
    super(message)
    this.reason = reason
    this.places = [place]
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Parses a body as it came. Bytes that are no UTF-8 are refused rather than replaced, for what is stored must be what
 * was sent. Keys that would reach a prototype are removed; nothing else is changed, coerced or filled in.
 *
 * @throws BodyError whose message says where, never what
 */
export function parseBody(body: Buffer): unknown {
  let text: string
  try {
    text = utf8.decode(body)
  } catch {
    throw new BodyError('invalid_utf8', 'body is not valid UTF-8')
  }
  try {
    return secureJson.parse(text, { protoAction: 'remove', constructorAction: 'remove' })
  } catch {
    throw new BodyError('invalid_json', `body is not JSON${place(text)}`)
  }
}

/** Bodies up to this many characters are searched for the place of the error. */
const searched = 64 * 1024

/**
 * Where the text stops being JSON. V8 does not always say, and repeats part of the text in its message: so the longest
 * beginning that could still become JSON is looked for, by halving.
 */
function place(text: string): string {
  if (text.trim() === '') return ': it is empty'
  if (couldGoOn(text)) return `: it ends too early, after ${text.length} characters`
  if (text.length > searched) return ''
  let good = 0
  let bad = text.length
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (couldGoOn(text.slice(0, middle))) good = middle
    else bad = middle
  }
  return ` at character ${bad}`
}

/** Whether a text is JSON or the beginning of it. */
function couldGoOn(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch (error) {
    const { message } = error as Error
    const position = /position (\d+)/.exec(message)?.[1]
    return /end of JSON input|Unterminated/.test(message) || (position !== undefined && Number(position) >= text.length)
  }
}

/**
 * Opens a callback's body. Both kinds may be pushed to one URL (protocol.md: envelope), so eventType decides: "fee" in
 * any case is a CDR callback, all else a status event. What has an eventType and neither statusInfo nor feeLst is a
 * notice.
 *
 * @throws BodyError when the body is no object, or lacks a usable eventType, statusInfo or feeLst
 */
export function openEnvelope(body: unknown): Envelope {
  if (!isJsonObject(body)) throw noCallback('', 'must be an object')
  const { eventType } = body
  if (typeof eventType !== 'string' || eventType === '') throw noEventType(body)
  if (body.statusInfo === undefined && body.feeLst === undefined) {
    return { kind: 'notice', eventType, records: [body], oddities: [] }
  }
  return eventType.toLowerCase() === 'fee' ? openFee(eventType, body) : openStatus(eventType, body)
}

/** The body is JSON, but no callback that can be taken. */
function noCallback(pointer: string, message: string, reason: BodyError['reason'] = 'not_a_callback'): BodyError {
  return new BodyError(reason, `${pointer || 'body'} ${message}`, { pointer, message })
}

/**
 * SMS events of the private-number product have no eventType (protocol.md: text messages). They are refused, because
 * they belong to another server, which may even have to decide on them; but they are told apart from rubbish.
 */
function noEventType({ eventType, smsEvent }: JsonObject): BodyError {
  if (eventType !== undefined) return noCallback('/eventType', 'must be non-empty text')
  if (smsEvent === undefined) return noCallback('/eventType', 'is missing')
  return noCallback('/smsEvent', 'is an SMS event, which this receiver of calls does not take', 'sms_event')
}

function openStatus(eventType: string, body: JsonObject): Envelope {
  if (!isJsonObject(body.statusInfo)) {
    throw noCallback('/statusInfo', body.statusInfo === undefined ? 'is missing' : 'must be an object')
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
  throw noCallback('/feeLst', feeLst === undefined ? 'is missing' : 'must be an array')
}
