import type { OpenEntry, OpenReason } from '../../store/page/quarantine.ts'
import { failed } from '../failures.ts'
import { type Content, type Html, html } from '../html.ts'
import { empty, layout, panel, type View, when } from '../layout.ts'
import type { Answer } from '../reader.ts'
import { type Column, table } from '../table.ts'
import { named } from '../texts/texts.ts'
import { type Done, told } from './done.ts'
import { minutes, places, reasonName } from './entry.ts'

export interface QuarantineList {
  reason: string | undefined
  entries: Answer<OpenEntry[]>
  reasons: Answer<OpenReason[]>
  openEntries: Answer<number>
  /** Whether all entries are ticked at first. */
  areSelected: boolean
  done: Done | undefined
  /** Why nothing was done. */
  refused: string | undefined
  /** Entries that are replayed by one click at most. */
  replayedAtOnce: number
}

/** Open entries by what is wrong with them. */
export function quarantinePage(view: View, it: QuarantineList): Html {
  const { texts } = view
  const reasons = it.reasons.ok ? it.reasons.value : []
  return layout(view, {
    title: texts.quarantineTitle,
    section: '/quarantine',
    openEntries: it.openEntries,
    body: html`
<div class="head"><h1>${texts.quarantineTitle}</h1><p>${texts.quarantineHint}</p></div>
${it.done && told(view, it.done)}
${it.refused !== undefined && html`<p class="said bad" role="alert">${it.refused}</p>`}
${reasons.length > 0 && panel('reasons', texts.byReason, '', html`${reasonLinks(view, reasons, it.reason)}${replayReason(view, it, reasons)}`)}
${panel('entries', texts.openEntries, '', it.entries.ok ? list(view, it, it.entries.value) : failed(it.entries.failed, view))}`,
  })
}

/** Where the list of a reason, or of all, stands. */
function listPath(reason: string | undefined, more: Record<string, string> = {}, path = '/quarantine'): string {
  const query = new URLSearchParams({ ...(reason === undefined ? {} : { reason }), ...more }).toString()
  return query === '' ? path : `${path}?${query}`
}

function reasonLinks({ texts, format }: View, rows: readonly OpenReason[], chosen: string | undefined): Html {
  const link = (href: string, name: Content, isChosen: boolean) =>
    html`<li><a href="${href}"${isChosen && html` aria-current="true"`}>${name}</a></li>`
  return html`<ul class="chips">${link('/quarantine', texts.all, chosen === undefined)}${rows.map(
    ({ reason, entries }) =>
      link(
        listPath(reason),
        html`${reasonName(reason, texts)} <span class="soft">${format.number(entries)}</span>`,
        reason === chosen,
      ),
  )}</ul>`
}

/** For the reason that is chosen. A conflict would be one again: somebody has to accept or close it. */
function replayReason({ texts, format }: View, it: QuarantineList, rows: readonly OpenReason[]): Content {
  const chosen = rows.find(({ reason }) => reason === it.reason)
  if (!chosen || chosen.reason === 'conflict') return null
  const { reason, entries } = chosen
  // Those up to there have been tried already.
  const below = it.done?.how === 'replayedMany' && it.done.left > 0 ? it.done.last : undefined
  const count = below === undefined || it.done?.how !== 'replayedMany' ? entries : it.done.left
  return html`<form method="post" action="/quarantine/replay" class="row"><input type="hidden" name="reason" value="${reason}">${below !== undefined && html`<input type="hidden" name="below" value="${below}">`}<button class="main">${texts.replayReason(format.number(count), reasonName(reason, texts))}</button><p class="soft">${texts.replayReasonHint(format.number(it.replayedAtOnce))}</p></form>`
}

/** The entries, each with a box to tick, and what can be done with those that are. */
function list(view: View, { reason, areSelected }: QuarantineList, rows: readonly OpenEntry[]): Content {
  const { texts } = view
  if (rows.length === 0) return empty(texts.quarantineEmpty)
  const select = areSelected
    ? html`<a href="${listPath(reason)}">${texts.selectNone}</a>`
    : html`<a href="${listPath(reason, { select: 'all' })}">${texts.selectAll}</a>`
  // Close comes first: it is what Enter in its field does.
  return html`<p class="links">${select}<a href="${listPath(reason, {}, '/quarantine.csv')}" download>${texts.csv}</a></p>
<form method="post" action="/quarantine/selected">${reason !== undefined && html`<input type="hidden" name="reason" value="${reason}">`}
${table(texts.openEntries, columns(view, areSelected, rows), rows)}
<fieldset class="selected"><legend>${texts.withSelected}</legend>
<div class="fields"><label class="wide">${texts.why}<input name="why" required maxlength="500"></label><button name="do" value="close">${texts.closeSelected}</button><button class="main" name="do" value="replay" formnovalidate>${texts.replaySelected}</button></div></fieldset>
</form>`
}

function columns(view: View, areSelected: boolean, rows: readonly OpenEntry[]): Column<OpenEntry>[] {
  const { texts, format } = view
  const billed: Column<OpenEntry> = {
    name: texts.billed,
    kind: 'n',
    cell: (entry) => (entry.minutes_stored === null ? format.none : minutes(view, entry)),
  }
  return [
    {
      name: '',
      kind: 'pick',
      cell: ({ id }) =>
        html`<input type="checkbox" name="id" value="${id}" aria-label="${texts.select(id)}"${areSelected && html` checked`}>`,
    },
    { name: texts.entryColumn, kind: 't', cell: ({ id }) => html`<a href="/quarantine/${id}">${id}</a>` },
    { name: texts.kind, cell: ({ kind }) => named(texts.kinds, kind) },
    { name: texts.reason, cell: ({ reason }) => reasonName(reason, texts) },
    { name: texts.place, kind: 'wrap', cell: (entry) => places(view, entry) },
    ...(rows.some(({ minutes_stored }) => minutes_stored !== null) ? [billed] : []),
    { name: texts.seen, kind: 'n', cell: ({ seen_count }) => texts.often(format.number(seen_count)) },
    { name: texts.lastSeenAt, kind: 't', cell: ({ last_seen_at }) => when(view, last_seen_at) },
  ]
}
