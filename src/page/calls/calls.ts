import type { ListedCall } from '../store/page/calls.ts'
import type { LookUpKind } from '../store/page/look-ups.ts'
import type { Subscription } from '../store/page/reconciliation.ts'
import { failed } from './failures.ts'
import { type Content, type Html, html } from './html.ts'
import {
  callPath,
  empty,
  layout,
  outcomeTag,
  panel,
  reasonOf,
  scenarioName,
  table,
  tag,
  type View,
  when,
} from './layout.ts'
import type { Answer } from './reader.ts'
import { callsPath, isSearch, type Search } from './search.ts'

/** How many calls a list has at most. */
export const listLength = 50

export interface CallsList {
  search: Search
  calls: Answer<ListedCall[]>
  /** Applications of the last week, to choose from. */
  apps: Answer<Subscription[]>
  openEntries: Answer<number>
}

/** Calls, the latest first, and the filters of the list. */
export function callsPage(view: View, { search, calls, apps, openEntries }: CallsList): Html {
  const { words, format } = view
  const isFiltered = isSearch(search)
  const count = calls.ok && isFiltered ? words.found(format.number(calls.value.length)) : ''
  return layout(view, {
    title: words.callsTitle,
    section: '/calls',
    openEntries,
    body: html`
<div class="head"><h1>${words.callsTitle}</h1></div>
${panel('search', words.filterTitle, '', filterForm(view, search, apps.ok ? apps.value : []))}
${panel('list', isFiltered ? words.searchResult : words.latestCalls, count, calls.ok ? list(view, search, calls.value) : failed(calls.failed, view))}`,
  })
}

/** What was found by a number or the like, which is not said. */
export function foundPage(
  view: View,
  { by, calls, openEntries }: { by: LookUpKind; calls: Answer<ListedCall[]>; openEntries: Answer<number> },
): Html {
  const { words, format } = view
  const found = (rows: readonly ListedCall[]) =>
    rows.length === 0
      ? empty(by === 'session' ? words.noSession : words.nothingFoundPerson)
      : html`${callsTable(view, rows)}${rows.length >= listLength && html`<p class="soft more">${words.firstOnly(format.number(rows.length))}</p>`}`
  const mayNot = !calls.ok && calls.failed.why === 'right'
  const body = calls.ok
    ? found(calls.value)
    : mayNot
      ? empty(by === 'session' ? words.noSession : words.mayNotSearch)
      : failed(calls.failed, view)
  return layout(view, {
    title: words.searchResult,
    section: '/calls',
    openEntries,
    body: html`
<div class="head"><h1>${words.searchResult}</h1><p>${words.lookUps[by]}</p></div>
${panel('list', words.callsTitle, calls.ok ? words.found(format.number(calls.value.length)) : '', html`${body}<p class="soft small">${words.byPersonHint}</p>`)}`,
  })
}

function filterForm({ words, format }: View, search: Search, apps: readonly Subscription[]): Html {
  const { from, to, outcomes = [], app, scenario, company, source, code, live } = search
  const time = (name: 'from' | 'to', label: string, value: string | undefined) =>
    html`<label>${label}<input type="datetime-local" name="${name}" value="${value}" step="1" title="${words.times(format.timeZone)}"></label>`
  const select = (
    name: string,
    label: string,
    chosen: string | undefined,
    options: readonly (readonly [string, string])[],
  ) =>
    html`<label>${label}<select name="${name}"><option value="">${words.any}</option>${options.map(
      ([value, text]) => html`<option value="${value}"${value === chosen && html` selected`}>${text}</option>`,
    )}</select></label>`
  const appKeys = new Map(apps.flatMap(({ app_key, name }) => (app_key === null ? [] : [[app_key, name ?? app_key]])))
  if (app !== undefined && !appKeys.has(app)) appKeys.set(app, app)
  const box = (name: string, value: string, text: string, isChecked: boolean) =>
    html`<label class="check"><input type="checkbox" name="${name}" value="${value}"${isChecked && html` checked`}>${text}</label>`
  return html`<form action="/calls" class="fields">
${time('from', words.from, from)}${time('to', words.before, to)}
${select('app', words.app, app, [...appKeys])}
${select('scenario', words.scenario, scenario, Object.entries(words.scenarios))}
<label>${words.company}<input name="company" value="${company}" maxlength="64" autocomplete="off" spellcheck="false"></label>
${select('source', words.reason, source, Object.entries(words.codes))}
<label>${words.code}<input name="code" value="${code}" maxlength="9" inputmode="numeric" autocomplete="off"></label>
<fieldset class="checks"><legend>${words.outcome}</legend>${Object.entries(words.outcomes).map(([value, text]) => box('outcome', value, text, outcomes.includes(value)))}${box('live', 'yes', words.liveOnly, live === 'yes')}</fieldset>
<button class="main">${words.search}</button>
</form>`
}

function list(view: View, search: Search, calls: readonly ListedCall[]): Content {
  const { words } = view
  if (calls.length === 0)
    return empty(isSearch(search) ? words.nothingFound : `${words.noCallsAtAll} ${words.noCallsNext}`)
  const last = calls.at(-1)
  return html`${callsTable(view, calls)}
${calls.length >= listLength && last && html`<p class="more"><a href="${callsPath(search, last)}">${words.older}</a></p>`}`
}

function callsTable(view: View, calls: readonly ListedCall[]): Html {
  const { words, format, language } = view
  return table(
    words.callsTitle,
    [
      {
        name: words.began,
        kind: 't',
        cell: (call) => html`<a href="${callPath(call.call_ref)}">${when(view, call.started_at)}</a>`,
      },
      {
        name: words.outcome,
        cell: (call) =>
          html`${outcomeTag(call.outcome, view)}${call.is_live && html` ${tag(words.goesOn)}`}${!call.is_live && call.cdr_count === 0 && html` <span class="minor">${tag(words.noCdr)}</span>`}`,
      },
      { name: words.a, kind: 'num', cell: ({ a_number }) => a_number ?? format.none },
      { name: words.b, kind: 'num', cell: ({ b_number }) => b_number ?? format.none },
      { name: words.company, kind: 'num minor', cell: ({ bind_num }) => bind_num ?? format.none },
      { name: words.scenario, kind: 't minor', cell: ({ scenario }) => scenarioName(scenario, view) },
      { name: words.rang, kind: 'n minor', cell: ({ ring_seconds }) => format.seconds(ring_seconds) },
      { name: words.talk, kind: 'n', cell: ({ talk_seconds }) => format.seconds(talk_seconds) },
      {
        name: words.reason,
        kind: 'wrap minor',
        cell: (call) => (call.outcome === 'answered' ? '' : reasonOf(call, language)),
      },
    ],
    calls,
  )
}
