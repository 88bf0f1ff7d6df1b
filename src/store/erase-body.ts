import { isUtf8 } from 'node:buffer'
import { constants, unzipSync } from 'node:zlib'
import type { NumberSearch } from '../rtc/number-search.ts'

/** The most that a body is inflated to. 64 KiB of zeros come to 64 MiB; callbacks to ten times their size. */
const inflatedBytes = 16 * 1024 * 1024

/**
 * The body without the number, as it came otherwise; empty where it holds the number in a way that nothing can be put into
 * its place (compressed, UTF-16).
 */
export function eraseFromBody(number: NumberSearch, body: Buffer, pseudonym: string): Buffer {
  const replaced = replaceInBody(number, body, pseudonym)
  for (const text of readings(replaced)) if (number.isIn(text)) return Buffer.alloc(0)
  return replaced
}

/**
 * Whether nobody can tell what the body holds: compressed in another way or too far, encrypted, binary. Texts in other
 * encodings (GBK) have the digits of ASCII. The last character may be cut.
 */
export function isUnreadable(body: Buffer): boolean {
  const bytes = inflated(body) ?? body
  if (isUtf16(bytes) || [0, 1, 2, 3].some((cut) => isUtf8(bytes.subarray(0, bytes.length - cut)))) return false
  return bytes.some((byte) => byte < 32 && byte !== 9 && byte !== 10 && byte !== 13)
}

/**
 * The text is searched, so that all the rest of a body stays as it came. Where the number was a number of JSON, or was
 * written with \u, what is left would be no JSON or still hold it: then the body is made anew from its value.
 */
function replaceInBody(number: NumberSearch, body: Buffer, pseudonym: string): Buffer {
  const encoding = isUtf8(body) ? 'utf8' : 'latin1'
  const replaced = Buffer.from(number.replace(body.toString(encoding), pseudonym), encoding)
  try {
    const value: unknown = JSON.parse(body.toString())
    const text = JSON.stringify(number.replaceDeep(value, pseudonym))
    if (text === JSON.stringify(value)) return replaced
    return JSON.stringify(parsed(replaced)) === text ? replaced : Buffer.from(text)
  } catch {
    // No JSON, or nested too deep.
    return replaced
  }
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}

/** As what else the bytes may be read. */
function* readings(body: Buffer): Generator<string> {
  const inner = inflated(body)
  for (const bytes of inner ? [body, inner] : [body]) {
    yield bytes.toString().replace(/\\u([0-9a-f]{4})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
    if (!bytes.includes(0)) continue
    yield bytes.toString('utf16le')
    yield new TextDecoder('utf-16be').decode(bytes)
  }
}

/** What gzip or deflate made of a text, as far as it was kept. */
function inflated(body: Buffer): Buffer | undefined {
  // Most bodies begin otherwise, and a failure takes longer than the search.
  if (body[0] !== 0x1f && body[0] !== 0x78) return undefined
  try {
    return unzipSync(body, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: inflatedBytes })
  } catch {
    return undefined
  }
}

/** By its mark, or by an ASCII character at the beginning, as JSON has it. */
function isUtf16([first, second]: Buffer): boolean {
  return (first === 0) !== (second === 0) || (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)
}
