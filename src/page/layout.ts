import { lookUpKinds } from '../store/page/look-ups.ts'
import { type Failed, failed } from './failures.ts'
import type { Format } from './format.ts'
import { type Content, type Html, html } from './html.ts'
import type { Answer } from './reader.ts'
import { type Language, named, type Texts } from './texts/texts.ts'

/** In whose language and zone a page is written, and when. */
export interface View {
  language: Language
  texts: Texts
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
  const { texts, format } = view
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
<title>${title} · ${texts.name}</title>
<link rel="stylesheet" href="/style.css">
<link rel="icon" href="/icon.svg" type="image/svg+xml">
${refreshes && html`<noscript><meta http-equiv="refresh" content="30"></noscript><script src="/refresh.js" defer></script>`}
</head>
<body>
<a class="skip" href="#content">${texts.skip}</a>
<header class="top"><div>
<a class="name" href="/">${texts.name}</a>
<nav aria-label="${texts.sections}"><ul>${link('/', texts.overview)}${link('/calls', texts.calls)}${link('/quarantine', texts.quarantine, open)}${link('/forwarding', texts.forwarding)}</ul></nav>
${findForm(view)}
</div></header>
<main id="content" tabindex="-1">
${body}
</main>
<footer class="foot"><span>${texts.made(format.time(view.now))}</span><span>${texts.times(format.timeZone)}</span>${refreshes && html`<span>${texts.refreshes}</span>`}</footer>
</body>
</html>
`
}

/** Instead of a page that could not be read. */
export function failedPage(view: View, section: NonNullable<Page['section']>, failure: Failed): Html {
  const { texts } = view
  const back = {
    '/': texts.overview,
    '/calls': texts.callsTitle,
    '/quarantine': texts.quarantineTitle,
    '/forwarding': texts.forwarding,
  }[section]
  return layout(view, {
    title: texts.queryFailed,
    section,
    body: html`<div class="head"><h1>${texts.queryFailed}</h1></div><div class="panel">${failed(failure, view)}<p><a href="${section}">${back}</a></p></div>`,
  })
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
export function outcomeTag(outcome: string | null, { texts }: View): Html {
  const mood: Mood = outcome === 'answered' ? 'good' : outcome === 'failed' || outcome === 'unknown' ? 'bad' : 'plain'
  return tag(named(texts.outcomes, outcome ?? 'unknown'), mood)
}

export function scenarioName(scenario: string | null, { texts, format }: View): string {
  return scenario === null ? format.none : named(texts.scenarios, scenario)
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
function findForm({ texts }: View): Html {
  return html`<form class="find" action="/calls" method="post" role="search"><select name="by" aria-label="${texts.findBy}">${lookUpKinds.map(
    (kind) => html`<option value="${kind}">${texts.lookUps[kind]}</option>`,
  )}</select><input name="what" aria-label="${texts.findWhat}" placeholder="${texts.findWhat}" required maxlength="256" autocomplete="off" spellcheck="false"><button>${texts.find}</button></form>`
}
