import { type Content, type Html, html } from './html.ts'

export interface Column<Row> {
  name: string
  cell: (row: Row) => Content
  /** n = a figure, t = a time, num = a phone number, id = may break anywhere, wrap = text, share = a bar, pick = a checkbox. */
  kind?: 'n' | 't' | 'num' | 'id' | 'wrap' | 'share' | 'pick'
}

/**
 * A table that scrolls within itself where it is too wide for the screen. On a phone each row is a card, whose cells say
 * the name of their column: nothing is left out. The roles are said because a table that is laid out as cards has none.
 */
export function table<Row>(label: string, columns: readonly Column<Row>[], rows: readonly Row[]): Html {
  const attribute = (kind: Column<Row>['kind']) => kind && html` class="${kind}"`
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0"><table class="cards" role="table">
<thead role="rowgroup"><tr role="row">${columns.map(({ name, kind }) => html`<th scope="col" role="columnheader"${attribute(kind)}>${name}</th>`)}</tr></thead>
<tbody role="rowgroup">${rows.map(
    (row) =>
      html`<tr role="row">${columns.map(({ name, cell, kind }) => html`<td role="cell"${attribute(kind)}${name !== '' && html` data-label="${name}"`}>${cell(row)}</td>`)}</tr>
`,
  )}</tbody></table></div>`
}
