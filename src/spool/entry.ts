import { crc32 } from 'node:zlib'

/** What is spooled: one record of a callback with what the receiver knew of it when it came. */
export interface SpoolEntry {
  /** When the callback was received, ISO 8601 with Z. */
  at: string
  kind: 'status' | 'fee' | 'notice' | 'quarantine'
  /** The appKey of a verified header. */
  signer: string | null
  /** The record as parsed; for 'quarantine' the quarantine entry as plain JSON. */
  record: unknown
}

const VERSION = 1
const CRC_DIGITS = 8
const BLANK = 0x20

/**
 * The line of an entry: CRC32 of the JSON's UTF-8 bytes in eight hex digits, a blank, the JSON, a newline.
 * JSON.stringify escapes newlines and lone surrogates, so one line is one record and the bytes are valid UTF-8.
 * `more` are members for people; the reader ignores them. Throws what JSON.stringify throws (BigInt, a cycle).
 */
export function encodeLine(entry: SpoolEntry, more?: Record<string, unknown>): string {
  const { at, kind, signer, record } = entry
  const json = JSON.stringify({ v: VERSION, at, kind, signer, ...more, record: record ?? null })
  return `${checksum(json)} ${json}\n`
}

/** The entry of a line without its newline; undefined when the line is damaged or of a version unknown here. */
export function decodeLine(line: Buffer): SpoolEntry | undefined {
  if (line.length <= CRC_DIGITS + 1 || line[CRC_DIGITS] !== BLANK) return undefined
  const json = line.subarray(CRC_DIGITS + 1)
  // Compared as text, so that a flipped bit that only makes a digit upper case is noticed too.
  if (line.toString('latin1', 0, CRC_DIGITS) !== checksum(json)) return undefined
  return entryOf(parse(json.toString()))
}

/**
 * The entry of a last line that lacks its newline. Whole but for the newline is whole: the write may have been cut
 * just there, or the newline itself may have been damaged after the record was acknowledged.
 */
export function decodeTail(tail: Buffer): SpoolEntry | undefined {
  return decodeLine(tail) ?? decodeLine(tail.subarray(0, -1))
}

function checksum(json: string | Buffer): string {
  return crc32(json).toString(16).padStart(CRC_DIGITS, '0')
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

function entryOf(value: unknown): SpoolEntry | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { v, at, kind, signer, record } = value as Record<string, unknown>
  if (v !== VERSION || typeof at !== 'string') return undefined
  if (kind !== 'status' && kind !== 'fee' && kind !== 'notice' && kind !== 'quarantine') return undefined
  return { at, kind, signer: typeof signer === 'string' ? signer : null, record }
}
