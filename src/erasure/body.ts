import { isUtf8 } from 'node:buffer'
import { constants, unzipSync } from 'node:zlib'
import type { NumberFinder } from './finder.ts'

/** The most that a compressed body is inflated to: what is read must be bounded whatever a sender has sent. */
const inflatedBytes = 1024 * 1024

/** yes and no are certain; unknown: nobody can read it, as with encryption, or compression of a kind we do not know. */
export type BodyFinding = 'yes' | 'no' | 'unknown'

/** Whether a body in quarantine may hold the number. Reads it once, and at most 1 MiB of what a compressed one holds. */
export function findInBody(number: NumberFinder, body: Buffer): BodyFinding {
  const bytes = isCompressed(body) ? inflate(body) : body
  if (bytes === undefined) return 'unknown'
  // Texts in other encodings (GBK) have the digits of ASCII, and UTF-16 has a NUL beside each.
  if (number.mayBeIn(bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1'))) return 'yes'
  return isText(bytes) ? 'no' : 'unknown'
}

function isCompressed(body: Buffer): boolean {
  const gzip = body[0] === 0x1f && body[1] === 0x8b
  const zlib = body.length > 2 && ((body[0] ?? 0) & 0x0f) === 8 && body.readUInt16BE(0) % 31 === 0
  return gzip || zlib
}

/** Bodies are kept up to 64 KiB, so the end may be missing. Undefined where there is more than is read. */
function inflate(body: Buffer): Buffer | undefined {
  try {
    return unzipSync(body, { maxOutputLength: inflatedBytes, finishFlush: constants.Z_SYNC_FLUSH })
  } catch {
    return undefined
  }
}

/** The last character may be cut. */
function isText(bytes: Buffer): boolean {
  if ([0, 1, 2, 3].some((cut) => isUtf8(bytes.subarray(0, bytes.length - cut)) && !bytes.includes(0))) return true
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)
  return isUtf16 || !bytes.some((byte) => byte < 32 && byte !== 9 && byte !== 10 && byte !== 13)
}
