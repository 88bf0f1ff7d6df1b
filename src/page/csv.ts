import type { FastifyReply } from 'fastify'

export type Cell = string | number | null | undefined

/**
 * A table as CSV for spreadsheets: RFC 4180 with a byte order mark, without which Excel does not read Chinese.
 * Text that a spreadsheet would take for a formula gets an apostrophe before it; figures are left as they are.
 */
export function csv(columns: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return `\uFEFF${[columns, ...rows].map((row) => `${row.map(cellOf).join(',')}\r\n`).join('')}`
}

/** Also what only looks like one after blanks, and the wide characters of Chinese input. */
const formula = /^[\s\uFEFF]*[=+\-@＝＋－＠]|^[\t\r\n]/

function cellOf(cell: Cell): string {
  if (typeof cell === 'number') return Number.isFinite(cell) ? String(Math.round(cell * 10_000) / 10_000) : ''
  const text = cell ?? ''
  const safe = formula.test(text) ? `'${text}` : text
  return /[",\r\n;\t]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** @param name of the file: letters, digits and hyphens */
export function sendCsv(reply: FastifyReply, name: string, text: string): FastifyReply {
  return reply
    .header('content-disposition', `attachment; filename="${name}.csv"`)
    .type('text/csv; charset=utf-8')
    .send(text)
}
