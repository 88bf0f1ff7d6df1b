import type { Writable } from 'node:stream'
import { styleText } from 'node:util'
import { ConfigError } from '../config/values.ts'
import { hasColours, type Output, units, unsafe, visible, width } from '../lib/terminal.ts'

type Format = Parameters<typeof styleText>[0]

/** A piece of a line in a colour; where there are no colours it is its text. */
export interface Painted {
  format: Format
  text: string
}

export type Line = string | readonly (string | Painted)[]

export function painted(format: Format, text: string): Painted {
  return { format, text }
}

/**
 * Everything that commands write goes through here, for much of it came from outside: keys, numbers and texts of
 * callbacks, errors of Postgres that quote them. A sequence of control characters in one would move the cursor, hide
 * lines or set the title of an operator's terminal; a line feed would forge a line; a character that turns the direction
 * would show digits in another order. So what is written is lines, and within a line all of that is shown, not sent.
 */
export function printLines(...lines: Line[]): void {
  write(process.stdout, lines)
}

/** The same on standard error: what is no result. */
export function noteLines(...lines: Line[]): void {
  write(process.stderr, lines)
}

/** An error that takes more than one line to say. */
export class ExplainedError extends Error {
  readonly lines: readonly Line[]

  constructor(message: string, lines: readonly Line[]) {
    super(message)
    this.lines = lines
  }
}

/** The one line of a command, or of the receiver, that failed; of a bad configuration a line a variable, which is ours. */
export function printError(error: unknown): void {
  // Node tries every address of a name; the error that sums up has only a code.
  const { message, code } = error as NodeJS.ErrnoException
  const [first = '', ...more] = error instanceof ConfigError ? message.split('\n') : [message || (code ?? '')]
  noteLines([painted('red', 'rtc-receiver:'), ` ${first}`], ...more)
  if (error instanceof ExplainedError) noteLines(...error.lines)
}

/** JSON for scripts, and for terminals: as its own escapes. */
export function printJson(value: unknown): void {
  const text = JSON.stringify(value, null, 2)
  process.stdout.write(`${text.replace(unsafe, (character) => (character === '\n' ? '\n' : units(character)))}\n`)
}

/** Bytes as they are, unless somebody looks at them. */
export function printRaw(bytes: Buffer, stream: Writable & Output = process.stdout): void {
  if (stream.isTTY) write(stream, [bytes.toString()])
  else stream.write(bytes)
}

/** How help looks where there are colours. */
export const styleHelp = Object.fromEntries(
  Object.entries({
    styleTitle: 'bold',
    styleCommandText: 'cyan',
    styleSubcommandText: 'cyan',
    styleOptionText: 'green',
  }).map(([part, format]) => [part, (text: string) => styleText(format as Format, text, { validateStream: false })]),
)

/** Rows as a table for people. */
export function printTable(columns: readonly string[], rows: readonly (readonly unknown[])[]): void {
  // Not as arguments: of those a call may have some hundred thousand.
  const [head = '', ...body] = table(columns, rows).slice(0, -1).split('\n')
  write(process.stdout, [[painted('bold', head)], ...body])
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

function write(stream: Writable & Output, lines: readonly Line[]): void {
  stream.write(linesText(lines, hasColours(stream)))
}

export function linesText(lines: readonly Line[], colours: boolean): string {
  const pieceText = (piece: string | Painted) => {
    if (typeof piece === 'string') return visible(piece)
    // Whether there are colours is decided here, not by what Node thinks of standard output.
    return colours ? styleText(piece.format, visible(piece.text), { validateStream: false }) : visible(piece.text)
  }
  return lines.map((line) => `${typeof line === 'string' ? visible(line) : line.map(pieceText).join('')}\n`).join('')
}

function cell(value: unknown): string {
  return visible(textOf(value))
}

/** A value as text. Times are ISO 8601 in UTC. */
export function textOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (value instanceof Date) return value.toISOString()
  if (Buffer.isBuffer(value)) return `\\x${value.toString('hex')}`
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
