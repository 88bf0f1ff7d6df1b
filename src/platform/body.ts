import secureJson from 'secure-json-parse'
import type { Place } from './record.ts'

/** The body is not JSON in UTF-8: answered 400. */
export class BodyError extends Error {
  readonly reason: 'invalid_utf8' | 'invalid_json'
  readonly places: Place[]

  constructor(reason: BodyError['reason'], message: string) {
    super(message)
    this.reason = reason
    this.places = [{ pointer: '', message }]
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
