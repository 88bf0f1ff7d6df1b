import type { Call, Rights } from '../store/ops.ts'
import { failed } from './failures.ts'
import { type Content, type Html, html } from './html.ts'
import {
  callPath,
  empty,
  half,
  layout,
  outcomeTag,
  panel,
  scenarioName,
  table,
  tag,
  type View,
  when,
} from './layout.ts'
import type { Answer } from './reader.ts'

/** How many calls a list has at most. */
export const listLength = 50

export interface Search {
  session?: string | undefined
  /** As the fields of the form have them. */
  from?: string | undefined
  to?: string | undefined
  outcome?: string | undefined
}

export interface CallsList {
  search: Search
  calls: Answer<Call[]>
  rights: Answer<Rights>
  openEntries: number | undefined
  /** What was searched for by number or userData: the words of the kind, never the value. */
  by?: 'number' | 'userData' | undefined
}

/** Calls, the latest first, and the ways to find one. */
export function callsPage(view: View, it: CallsList): Html {
  const { words, format } = view
  const { search, calls } = it
  const isSearch = it.by !== undefined || Object.values(search).some((value) => value !== undefined)
  const count = calls.ok && isSearch ? words.found(format.number(calls.value.length)) : ''
  return layout(view, {
    title: words.callsTitle,
    section: '/calls',
    openEntries: it.openEntries,
    body: html`
<div class="head"><h1>${words.callsTitle}</h1></div>
${panel('search', words.searchTitle, '', searchForm(view, search))}
${panel('list', isSearch ? words.searchResult : words.latestCalls, count, calls.ok ? list(view, it, calls.value) : failed(calls.failed, view))}
${panel('by-person', words.byPersonTitle, '', personForms(view, it.rights))}`,
  })
}

function searchForm({ words, format }: View, { session, from, to, outcome }: Search): Html {
  const option = (value: string, name: string) =>
    html`<option value="${value}"${value === (outcome ?? '') && html` selected`}>${name}</option>`
  return html`<form action="/calls" class="fields">
<label class="wide">${words.session}<input name="session" value="${session}" autocomplete="off" spellcheck="false"></label>
<label>${words.from}<input type="datetime-local" name="from" value="${from}" step="1" title="${words.times(format.timeZone)}"></label>
<label>${words.to}<input type="datetime-local" name="to" value="${to}" step="1" title="${words.times(format.timeZone)}"></label>
<label>${words.outcome}<select name="outcome">${option('', words.anyOutcome)}${Object.entries(words.outcomes).map(([value, name]) => option(value, name))}</select></label>
<button class="main">${words.search}</button>
</form>`
}

/** POST, so that what is searched for stands in no address, no history and no log of a proxy. */
function personForms(view: View, rights: Answer<Rights>): Content {
  const { words } = view
  if (!rights.ok) return failed(rights.failed, view)
  const form = (by: string, label: string, more: Content) =>
    html`<form action="/calls" method="post" class="fields"><label class="wide">${label}<input name="${by}" required maxlength="256" autocomplete="off" spellcheck="false"${more}></label><button>${words.search}</button></form>`
  if (!rights.value.number && !rights.value.userData) return empty(words.mayNotSearch)
  return html`<div class="two">
${rights.value.number && form('number', words.byNumber, html` inputmode="tel"`)}
${rights.value.userData && form('userData', words.byUserData, null)}
</div><p class="soft small">${words.byPersonHint}</p>`
}

function list(view: View, { search, by }: CallsList, calls: readonly Call[]): Content {
  const { words, format, language } = view
  if (calls.length === 0) return empty(by !== undefined ? words.nothingFoundPerson : nothingThere(view, search))
  const last = calls.at(-1)
  const more = calls.length >= listLength && last
  return html`${table(
    words.callsTitle,
    [
      {
        name: words.began,
        kind: 't',
        cell: (call) => html`<a href="${callPath(call)}">${when(view, call.started_at)}</a>`,
      },
      {
        name: words.outcome,
        cell: (call) =>
          html`${outcomeTag(call.outcome, view)}${!call.has_cdr && html` ${html`<span class="minor">${tag(words.noCdr)}</span>`}`}`,
      },
      { name: words.a, kind: 'num', cell: ({ a_number }) => a_number ?? format.none },
      { name: words.b, kind: 'num', cell: ({ b_number }) => b_number ?? format.none },
      { name: words.scenario, kind: 't minor', cell: ({ scenario }) => scenarioName(scenario, view) },
      { name: words.rang, kind: 'n minor', cell: ({ ring_seconds }) => format.seconds(ring_seconds) },
      { name: words.talk, kind: 'n', cell: ({ talk_seconds }) => format.seconds(talk_seconds) },
      {
        name: words.reason,
        kind: 'wrap minor',
        cell: ({ outcome, reason }) => (outcome === 'answered' ? '' : half(reason, language)),
      },
    ],
    calls,
  )}
${more && by === undefined && search.session === undefined && html`<p class="more"><a href="${olderPath(search, last)}">${words.older}</a></p>`}
${more && (by !== undefined || search.session !== undefined) && html`<p class="soft more">${words.firstOnly(format.number(calls.length))}</p>`}`
}

function nothingThere({ words }: View, search: Search): string {
  const { session, ...others } = search
  if (session !== undefined) return words.noSession
  return Object.values(others).some((value) => value !== undefined)
    ? words.nothingFound
    : `${words.noCallsAtAll} ${words.noCallsNext}`
}

function olderPath({ from, outcome }: Search, { started_at, call_ref }: Call): string {
  const query = new URLSearchParams({ before: started_at.toISOString(), below: call_ref })
  if (from !== undefined) query.set('from', from)
  if (outcome !== undefined) query.set('outcome', outcome)
  return `/calls?${query}`
}
