/** Rows as a table for people. Times are ISO 8601 in UTC unless the caller formatted them. */
export function table(columns: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const cells = [columns, ...rows.map((row) => row.map(cell))]
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

/** What is stored came from outside: control characters, and those that turn the direction, do not reach a terminal. */
const unsafe = /[^\P{Cc}\n]|\p{Cf}/gu

export function print(text: string): void {
  process.stdout.write(text.replace(unsafe, '�'))
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2).replace(unsafe, escaped)}\n`)
}

/** As JSON writes it; beyond the first plane that takes two units. */
function escaped(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (value instanceof Date) return value.toISOString()
  if (Buffer.isBuffer(value)) return `\\x${value.toString('hex')}`
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  return text.replaceAll('\n', '�')
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
