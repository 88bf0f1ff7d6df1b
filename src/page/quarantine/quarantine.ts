import type { OpenEntry, OpenReason } from '../store/page/quarantine.ts'
import { type Failed, failed } from './failures.ts'
import { type Content, type Html, html } from './html.ts'
import { callPath, empty, facts, layout, panel, table, type View, when } from './layout.ts'
import type { Answer } from './reader.ts'
import { named } from './words.ts'

/** What became of an entry, for the page that is shown next. */
export type Done =
  | { id: number; how: 'resolved' | 'accepted' }
  | { id: number; how: 'replayed'; stored: number; duplicates: number }

export interface QuarantineList {
  reason: string | undefined
  entries: Answer<OpenEntry[]>
  reasons: Answer<OpenReason[]>
  openEntries: Answer<number>
  done: Done | undefined
}

/** Open entries by what is wrong with them. */
export function quarantinePage(view: View, it: QuarantineList): Html {
  const { words } = view
  return layout(view, {
    title: words.quarantineTitle,
    section: '/quarantine',
    openEntries: it.openEntries,
    body: html`
<div class="head"><h1>${words.quarantineTitle}</h1><p>${words.quarantineHint}</p></div>
${it.done && said(view, it.done)}
${it.reasons.ok && it.reasons.value.length > 1 && panel('reasons', words.byReason, '', reasons(view, it.reasons.value, it.reason))}
${panel('entries', words.openEntries, '', it.entries.ok ? entries(view, it.entries.value) : failed(it.entries.failed, view))}`,
  })
}

function said({ words }: View, done: Done): Html {
  const text =
    done.how === 'replayed' ? words.replayed(done.id, done.stored, done.duplicates) : words[done.how](done.id)
  return html`<p class="said" role="status">${text}</p>`
}

function reasons({ words, format }: View, rows: readonly OpenReason[], chosen: string | undefined): Html {
  const link = (href: string, name: Content, isChosen: boolean) =>
    html`<li><a href="${href}"${isChosen && html` aria-current="true"`}>${name}</a></li>`
  return html`<ul class="chips">${link('/quarantine', words.all, chosen === undefined)}${rows.map(
    ({ reason, entries }) =>
      link(
        `/quarantine?reason=${encodeURIComponent(reason)}`,
        html`${reasonName(reason, words)} <span class="soft">${format.number(entries)}</span>`,
        reason === chosen,
      ),
  )}</ul>`
}

function reasonName(reason: string, words: View['words']): string {
  return named(words.quarantineReasons, reason)
}

function places(view: View, { errors, record_index, differing }: OpenEntry): Content {
  const { words } = view
  if (differing.length > 0) return differing.map((name, i) => html`${i > 0 && ', '}<code>${name}</code>`)
  const where = record_index === null ? null : html`<span class="soft">${words.recordOf(record_index)}</span> `
  return html`${where}${(errors ?? []).map(({ pointer, message }, i) => html`${i > 0 && '; '}<code>${pointer || words.body}</code> ${message}`)}`
}

function entries(view: View, rows: readonly OpenEntry[]): Content {
  const { words, format } = view
  if (rows.length === 0) return empty(words.quarantineEmpty)
  return table(
    words.openEntries,
    [
      { name: words.entryColumn, cell: ({ id }) => html`<a href="/quarantine/${id}">${id}</a>` },
      { name: words.kind, kind: 'minor', cell: ({ kind }) => named(words.kinds, kind) },
      { name: words.reason, cell: ({ reason }) => reasonName(reason, words) },
      { name: words.place, kind: 'wrap', cell: (entry) => places(view, entry) },
      {
        name: words.billed,
        kind: 'n minor',
        cell: (entry) => (entry.minutes_stored === null ? '' : minutes(view, entry)),
      },
      { name: words.seen, kind: 'n', cell: ({ seen_count }) => words.often(format.number(seen_count)) },
      { name: words.lastSeenAt, kind: 't minor', cell: ({ last_seen_at }) => when(view, last_seen_at) },
    ],
    rows,
  )
}

/** Of a conflict: billed minutes by the stored CDR, and by this one. */
function minutes({ words, format }: View, { minutes_stored, minutes_received }: OpenEntry): string {
  return words.billedBoth(format.number(minutes_stored), format.number(minutes_received))
}

export interface QuarantineDetail {
  entry: OpenEntry & { skeleton: unknown }
  /** A conflict that a stranger may have sent. */
  isDoubtful: boolean
  openEntries: Answer<number>
  /** Why a replay changed nothing, or what was missing from the form. */
  refused: string | undefined
}

/** One entry: what is wrong and where, the shape of its body, and what can be done. */
export function entryPage(view: View, { entry, isDoubtful, openEntries, refused }: QuarantineDetail): Html {
  const { words, format } = view
  const shape =
    entry.skeleton === null
      ? empty(words.noShape)
      : html`<pre tabindex="0" aria-label="${words.shape}">${JSON.stringify(entry.skeleton, null, 2)}</pre>`
  return layout(view, {
    title: words.entry(entry.id),
    section: '/quarantine',
    openEntries,
    body: html`
<div class="head"><h1>${words.entry(entry.id)}: ${reasonName(entry.reason, words)}</h1><p><a href="/quarantine">${words.backToList}</a></p></div>
${refused !== undefined && html`<p class="said bad" role="alert">${refused}</p>`}
${panel(
  'what',
  words.whatIsWrong,
  '',
  facts([
    [words.kind, named(words.kinds, entry.kind)],
    [words.reason, html`${reasonName(entry.reason, words)} <code class="soft">${entry.reason}</code>`],
    [entry.differing.length > 0 ? words.differing : words.place, places(view, entry)],
    ...(entry.call_ref === null
      ? []
      : ([
          [words.call, html`<a href="${callPath(entry.call_ref)}"><code>${entry.call_ref}</code></a>`],
          [words.billed, minutes(view, entry)],
        ] as const)),
    [words.seen, words.often(format.number(entry.seen_count))],
    [words.firstSeen, format.time(entry.first_seen_at)],
    [words.lastSeenAt, format.time(entry.last_seen_at)],
    [words.size, format.bytes(entry.body_size)],
    [words.app, entry.app_key ?? format.none],
  ]),
)}
<div class="two">
${panel('shape', words.shape, words.shapeHint, shape)}
${panel('do', words.whatToDo, '', actions(view, entry, isDoubtful))}
</div>`,
  })
}

function actions({ words }: View, { id, reason }: OpenEntry, isDoubtful: boolean): Html {
  const accept = html`<form method="post" action="/quarantine/${id}/accept"><p class="soft">${words.acceptHint}</p>${isDoubtful && html`<p class="said bad">${words.doubtful}</p>`}<button class="main">${words.accept}</button></form>`
  const replay = html`<form method="post" action="/quarantine/${id}/replay"><p class="soft">${words.replayHint}</p><button${reason !== 'conflict' && html` class="main"`}>${words.replay}</button></form>`
  return html`<div class="steps">
${reason === 'conflict' && accept}
${replay}
<form method="post" action="/quarantine/${id}/resolve"><p class="soft">${words.resolveHint}</p><div class="fields"><label class="wide">${words.why}<input name="why" required maxlength="500"></label><button>${words.resolve}</button></div></form>
</div>`
}

export function noEntryPage(view: View, failure?: Failed): Html {
  const { words } = view
  return layout(view, {
    title: failure ? words.queryFailed : words.noSuchEntry,
    section: '/quarantine',
    body: html`<div class="head"><h1>${failure ? words.queryFailed : words.noSuchEntry}</h1></div><div class="panel">${failure ? failed(failure, view) : empty(words.noSuchEntryNext)}<p><a href="/quarantine">${words.backToList}</a></p></div>`,
  })
}
