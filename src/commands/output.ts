import type { Writable } from 'node:stream'
import { ConfigError } from '../config/values.ts'

/**
 * Everything that commands write goes through here, for much of it came from outside: keys, numbers and texts of
 * callbacks, errors of Postgres that quote them. A sequence of control characters in one would move the cursor, hide
 * lines or set the title of an operator's terminal; a line feed would forge a line; a character that turns the direction
 * would show digits in another order. So what is written is lines, and within a line all of that is shown, not sent.
 */
export function printLines(...lines: string[]): void {
  write(process.stdout, lines)
}

/** The same on standard error: what is no result. */
export function noteLines(...lines: string[]): void {
  write(process.stderr, lines)
}

/** The one line of a command, or of the receiver, that failed; of a bad configuration a line a variable, which is ours. */
export function printError(error: unknown): void {
  // Node tries every address of a name; the error that sums up has only a code.
  const { message, code } = error as NodeJS.ErrnoException
  const text = `rtc-receiver: ${message || code}`
  noteLines(...(error instanceof ConfigError ? text.split('\n') : [text]))
}

/** JSON for scripts, and for terminals: as its own escapes. */
export function printJson(value: unknown): void {
  const text = JSON.stringify(value, null, 2)
  process.stdout.write(`${text.replace(unsafe, (character) => (character === '\n' ? '\n' : units(character)))}\n`)
}

/** Bytes as they are, unless somebody looks at them. */
export function printRaw(bytes: Buffer, stream: Writable & { isTTY?: boolean } = process.stdout): void {
  if (stream.isTTY) write(stream, [bytes.toString()])
  else stream.write(bytes)
}

/** Rows as a table for people. */
export function printTable(columns: readonly string[], rows: readonly (readonly unknown[])[]): void {
  // Not as arguments: of those a call may have some hundred thousand.
  write(process.stdout, table(columns, rows).slice(0, -1).split('\n'))
}

/** The lines of a table, each with its end. Times are ISO 8601 in UTC unless the caller formatted them. */
export function table(columns: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const cells = [columns.map(visible), ...rows.map((row) => row.map(cell))]
  const widths = columns.map((_, i) => cells.reduce((most, row) => Math.max(most, width(row[i] ?? '')), 0))
  const line = (row: readonly string[]) =>
    row
      .map((text, i) => text + ' '.repeat((widths[i] ?? 0) - width(text)))
      .join('  ')
      .trimEnd()
  const [head = [], ...body] = cells
  return [line(head), widths.map((n) => '-'.repeat(n)).join('  '), ...body.map(line)]
    .map((text) => `${text}\n`)
    .join('')
}

/** Control characters, those that format (which turn the direction, or cannot be seen), and ends of lines. */
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** A text in which nothing acts on a terminal: `\n`, `\x1b`, `\u202e` are shown for what they stand for. */
export function visible(text: string): string {
  return text.replace(unsafe, (character) => {
    const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character]
    if (short !== undefined) return short
    return character <= '\xff' ? `\\x${hex(character, 2)}` : units(character)
  })
}

/** As JSON writes it; beyond the first plane that takes two units. */
function units(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${hex(unit, 4)}`)
    .join('')
}

function hex(unit: string, digits: number): string {
  return unit.charCodeAt(0).toString(16).padStart(digits, '0')
}

function write(stream: Writable, lines: readonly string[]): void {
  stream.write(lines.map((line) => `${visible(line)}\n`).join(''))
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (value instanceof Date) return value.toISOString()
  if (Buffer.isBuffer(value)) return `\\x${value.toString('hex')}`
  return visible(typeof value === 'object' ? JSON.stringify(value) : String(value))
}

/** Columns on a terminal: Chinese characters take two. */
function width(text: string): number {
  let columns = 0
  for (const character of text)
    columns += /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/.test(
      character,
    )
      ? 2
      : 1
  return columns
}
