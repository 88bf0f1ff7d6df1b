import { lookUpKinds } from '../store/page/look-ups.ts'
import type { Format } from './format.ts'
import { type Content, type Html, html } from './html.ts'
import type { Answer } from './reader.ts'
import { type Language, named, type Words } from './words.ts'

/** In whose language and zone a page is written, and when. */
export interface View {
  language: Language
  words: Words
  format: Format
  now: Date
}

export interface Page {
  title: string
  /** Which of the sections it belongs to. */
  section?: '/' | '/calls' | '/quarantine' | '/forwarding'
  /** Open quarantine entries, where they are known. */
  openEntries?: Answer<number>
  /** Refreshes itself. Not where somebody is writing. */
  refreshes?: boolean
  body: Content
}

/** The frame of every page. */
export function layout(view: View, { title, section, openEntries, refreshes = false, body }: Page): Html {
  const { words, format } = view
  const link = (path: string, name: string, more: Content = null) =>
    html`<li><a href="${path}"${section === path && html` aria-current="page"`}>${name}${more}</a></li>`
  const open =
    openEntries?.ok && openEntries.value > 0 && html` <span class="count">${format.number(openEntries.value)}</span>`
  return html`<!doctype html>
<html lang="${view.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · ${words.name}</title>
<link rel="stylesheet" href="/style.css">
<link rel="icon" href="/icon.svg" type="image/svg+xml">
${refreshes && html`<noscript><meta http-equiv="refresh" content="30"></noscript><script src="/refresh.js" defer></script>`}
</head>
<body>
<a class="skip" href="#content">${words.skip}</a>
<header class="top"><div>
<a class="name" href="/">${words.name}</a>
<nav aria-label="${words.sections}"><ul>${link('/', words.overview)}${link('/calls', words.calls)}${link('/quarantine', words.quarantine, open)}${link('/forwarding', words.forwarding)}</ul></nav>
${findForm(view)}
</div></header>
<main id="content" tabindex="-1">
${body}
</main>
<footer class="foot"><span>${words.made(format.time(view.now))}</span><span>${words.times(format.timeZone)}</span>${refreshes && html`<span>${words.refreshes}</span>`}</footer>
</body>
</html>
`
}

/** A part of the page with a heading of its own. */
export function panel(id: string, title: string, hint: string, body: Content): Html {
  return html`<section class="panel" aria-labelledby="${id}"><header><h2 id="${id}">${title}</h2>${hint !== '' && html`<p>${hint}</p>`}</header>
${body}</section>`
}

/** Where a list would be, and there is nothing in it: says what to do next. */
export function empty(text: Content): Html {
  return html`<p class="empty">${text}</p>`
}

export interface Column<Row> {
  name: string
  cell: (row: Row) => Content
  /** n = a figure, t = a time; minor ones are left out on a phone. */
  kind?: 'n' | 't' | 'wrap' | 'minor' | 'n minor' | 't minor' | 'wrap minor' | 'share minor' | 'num' | 'num minor'
}

/** A table that scrolls within itself where the screen is too narrow for it. */
export function table<Row>(label: string, columns: readonly Column<Row>[], rows: readonly Row[]): Html {
  const attribute = (kind: Column<Row>['kind']) => kind && html` class="${kind}"`
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0"><table>
<thead><tr>${columns.map(({ name, kind }) => html`<th scope="col"${attribute(kind)}>${name}</th>`)}</tr></thead>
<tbody>${rows.map(
    (row) => html`<tr>${columns.map(({ cell, kind }) => html`<td${attribute(kind)}>${cell(row)}</td>`)}</tr>
`,
  )}</tbody></table></div>`
}

/** unknown: nobody can say. */
export type Mood = 'good' | 'warn' | 'bad' | 'unknown' | 'plain'

export function tag(text: string, mood: Mood = 'plain'): Html {
  return html`<span class="tag ${mood}">${text}</span>`
}

/** Names and values beside each other. */
export function facts(pairs: readonly (readonly [string, Content])[], more = ''): Html {
  return html`<dl class="facts ${more}">${pairs.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`
}

/** Some views say what they mean as "English / 中文": the half that this reader wants. */
export function half(text: string | null, language: Language): string | null {
  const [, english, chinese] = /^(.*?) \/ ([^/]*\p{Script=Han}.*)$/su.exec(text ?? '') ?? []
  if (english === undefined || chinese === undefined) return text
  return language === 'zh-CN' ? chinese : english
}

/** Why a call ended, in the reader's language. */
export function reasonOf(
  { reason_en, reason_zh }: { reason_en: string | null; reason_zh: string | null },
  language: Language,
): string | null {
  return language === 'zh-CN' ? (reason_zh ?? reason_en) : reason_en
}

/** Tone of an outcome: what went well, what is nobody's fault, what is ours to look at. */
export function outcomeTag(outcome: string | null, { words }: View): Html {
  const mood: Mood = outcome === 'answered' ? 'good' : outcome === 'failed' || outcome === 'unknown' ? 'bad' : 'plain'
  return tag(named(words.outcomes, outcome ?? 'unknown'), mood)
}

export function scenarioName(scenario: string | null, { words, format }: View): string {
  return scenario === null ? format.none : named(words.scenarios, scenario)
}

/** A time in a list: the day is left out where it is today, the year where it is this one. */
export function when({ format, now }: View, time: Date | null): Content {
  if (time === null) return format.none
  const [text, today] = [format.time(time), format.time(now)]
  const shown =
    text.slice(0, 10) === today.slice(0, 10)
      ? text.slice(11)
      : text.slice(0, 4) === today.slice(0, 4)
        ? text.slice(5)
        : text
  return html`<time datetime="${time.toISOString()}" title="${text}">${shown}</time>`
}

/** Where the story of a call stands. */
export function callPath(callRef: string): string {
  return `/call/${callRef}`
}

/** POST, so that what is looked for stands in no address, no history and no log of a proxy. */
function findForm({ words }: View): Html {
  return html`<form class="find" action="/calls" method="post" role="search"><select name="by" aria-label="${words.findBy}">${lookUpKinds.map(
    (kind) => html`<option value="${kind}">${words.lookUps[kind]}</option>`,
  )}</select><input name="what" aria-label="${words.findWhat}" placeholder="${words.findWhat}" required maxlength="256" autocomplete="off" spellcheck="false"><button>${words.find}</button></form>`
}
