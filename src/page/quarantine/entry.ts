import type { OpenEntry } from '../../store/page/quarantine.ts'
import type { Failed } from '../failures.ts'
import { type Content, type Html, html } from '../html.ts'
import { callPath, empty, facts, failedPage, layout, panel, type View } from '../layout.ts'
import type { Answer } from '../reader.ts'
import { named } from '../texts/texts.ts'

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
  const { texts, format } = view
  const shape =
    entry.skeleton === null
      ? empty(texts.noShape)
      : html`<pre tabindex="0" aria-label="${texts.shape}">${JSON.stringify(entry.skeleton, null, 2)}</pre>`
  return layout(view, {
    title: texts.entry(entry.id),
    section: '/quarantine',
    openEntries,
    body: html`
<div class="head"><h1>${texts.entry(entry.id)}: ${reasonName(entry.reason, texts)}</h1><p><a href="/quarantine">${texts.backToList}</a></p></div>
${refused !== undefined && html`<p class="said bad" role="alert">${refused}</p>`}
${panel(
  'what',
  texts.whatIsWrong,
  '',
  facts([
    [texts.kind, named(texts.kinds, entry.kind)],
    [texts.reason, html`${reasonName(entry.reason, texts)} <code class="soft">${entry.reason}</code>`],
    [entry.differing.length > 0 ? texts.differing : texts.place, places(view, entry)],
    ...(entry.call_ref === null
      ? []
      : ([
          [texts.call, html`<a href="${callPath(entry.call_ref)}"><code>${entry.call_ref}</code></a>`],
          [texts.billed, minutes(view, entry)],
        ] as const)),
    [texts.seen, texts.often(format.number(entry.seen_count))],
    [texts.firstSeen, format.time(entry.first_seen_at)],
    [texts.lastSeenAt, format.time(entry.last_seen_at)],
    [texts.size, format.bytes(entry.body_size)],
    [texts.app, entry.app_key ?? format.none],
  ]),
)}
<div class="two">
${panel('shape', texts.shape, texts.shapeHint, shape)}
${panel('do', texts.whatToDo, '', actions(view, entry, isDoubtful))}
</div>`,
  })
}

function actions({ texts }: View, { id, reason }: OpenEntry, isDoubtful: boolean): Html {
  const accept = html`<form method="post" action="/quarantine/${id}/accept"><p class="soft">${texts.acceptHint}</p>${isDoubtful && html`<p class="said bad">${texts.doubtful}</p>`}<button class="main">${texts.accept}</button></form>`
  const replay = html`<form method="post" action="/quarantine/${id}/replay"><p class="soft">${texts.replayHint}</p><button${reason !== 'conflict' && html` class="main"`}>${texts.replay}</button></form>`
  return html`<div class="steps">
${reason === 'conflict' && accept}
${replay}
<form method="post" action="/quarantine/${id}/resolve"><p class="soft">${texts.resolveHint}</p><div class="fields"><label class="wide">${texts.why}<input name="why" required maxlength="500"></label><button>${texts.resolve}</button></div></form>
</div>`
}

export function noEntryPage(view: View, failure?: Failed): Html {
  const { texts } = view
  if (failure) return failedPage(view, '/quarantine', failure)
  return layout(view, {
    title: texts.noSuchEntry,
    section: '/quarantine',
    body: html`<div class="head"><h1>${texts.noSuchEntry}</h1></div><div class="panel">${empty(texts.noSuchEntryNext)}<p><a href="/quarantine">${texts.backToList}</a></p></div>`,
  })
}

export function reasonName(reason: string, texts: View['texts']): string {
  return named(texts.quarantineReasons, reason)
}

/** Where the fault is; of a conflict, which fields differ. */
export function places(view: View, { errors, record_index, differing }: OpenEntry): Content {
  const { texts } = view
  if (differing.length > 0) return differing.map((name, i) => html`${i > 0 && ', '}<code>${name}</code>`)
  const where = record_index === null ? null : html`<span class="soft">${texts.recordOf(record_index)}</span> `
  return html`${where}${(errors ?? []).map(({ pointer, message }, i) => html`${i > 0 && '; '}<code>${pointer || texts.body}</code> ${message}`)}`
}

/** Of a conflict: billed minutes by the stored CDR, and by this one. */
export function minutes({ texts, format }: View, { minutes_stored, minutes_received }: OpenEntry): string {
  return texts.billedBoth(format.number(minutes_stored), format.number(minutes_received))
}
