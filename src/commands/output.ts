/** Rows as a table for people. Times are ISO 8601 in UTC unless the caller formatted them. */
export function table(columns: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const cells = [columns, ...rows.map((row) => row.map(cell))]
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => width(row[i] ?? ''))))
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

export function print(text: string): void {
  process.stdout.write(text)
}

export function printJson(value: unknown): void {
  print(`${JSON.stringify(value, null, 2)}\n`)
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (value instanceof Date) return value.toISOString()
  if (Buffer.isBuffer(value)) return `\\x${value.toString('hex')}`
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  // What is stored came from outside: control characters must not reach the terminal.
  return text.replace(/[\p{Cc}\p{Cf}]/gu, '�')
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
