import type { ListedCall } from '../../store/page/calls.ts'
import type { LookUpKind } from '../../store/page/look-ups.ts'
import type { Subscription } from '../../store/page/reconciliation.ts'
import { failed } from '../failures.ts'
import { type Content, type Html, html } from '../html.ts'
import { callPath, empty, layout, outcomeTag, panel, reasonOf, scenarioName, tag, type View, when } from '../layout.ts'
import type { Answer } from '../reader.ts'
import { table } from '../table.ts'
import { callsPath, isSearch, type Search } from './search.ts'

/** How many calls a list has at most. */
export const listLength = 50

export interface CallsList {
  search: Search
  calls: Answer<ListedCall[]>
  /** Applications of the last week, to choose from. */
  apps: Answer<Subscription[]>
  openEntries: Answer<number>
  /** Calls that a download has at most. */
  downloadLength: number
}

/** Calls, the latest first, and the filters of the list. */
export function callsPage(view: View, { search, calls, apps, openEntries, downloadLength }: CallsList): Html {
  const { texts, format } = view
  const isFiltered = isSearch(search)
  const count = calls.ok && isFiltered ? texts.found(format.number(calls.value.length)) : ''
  return layout(view, {
    title: texts.callsTitle,
    section: '/calls',
    openEntries,
    body: html`
<div class="head"><h1>${texts.callsTitle}</h1></div>
${panel('search', texts.filterTitle, '', filterForm(view, search, apps.ok ? apps.value : []))}
${panel('list', isFiltered ? texts.searchResult : texts.latestCalls, count, calls.ok ? html`${list(view, search, calls.value)}${calls.value.length > 0 && html`<p class="more"><a href="${callsPath(search, { csv: true })}" download>${texts.csvCalls(format.number(downloadLength))}</a></p>`}` : failed(calls.failed, view))}`,
  })
}

/** What was found by a number or the like, which is not said. */
export function foundPage(
  view: View,
  { by, calls, openEntries }: { by: LookUpKind; calls: Answer<ListedCall[]>; openEntries: Answer<number> },
): Html {
  const { texts, format } = view
  const found = (rows: readonly ListedCall[]) =>
    rows.length === 0
      ? empty(by === 'session' ? texts.noSession : texts.nothingFoundPerson)
      : html`${callsTable(view, rows)}${rows.length >= listLength && html`<p class="soft more">${texts.firstOnly(format.number(rows.length))}</p>`}`
  const mayNot = !calls.ok && calls.failed.why === 'right'
  const body = calls.ok
    ? found(calls.value)
    : mayNot
      ? empty(by === 'session' ? texts.noSession : texts.mayNotSearch)
      : failed(calls.failed, view)
  return layout(view, {
    title: texts.searchResult,
    section: '/calls',
    openEntries,
    body: html`
<div class="head"><h1>${texts.searchResult}</h1><p>${texts.lookUps[by]}</p></div>
${panel('list', texts.callsTitle, calls.ok ? texts.found(format.number(calls.value.length)) : '', html`${body}<p class="soft small">${texts.byPersonHint}</p>`)}`,
  })
}

function filterForm({ texts, format }: View, search: Search, apps: readonly Subscription[]): Html {
  const { from, to, outcomes = [], app, scenario, company, source, code, live } = search
  const time = (name: 'from' | 'to', label: string, value: string | undefined) =>
    html`<label>${label}<input type="datetime-local" name="${name}" value="${value}" step="1" title="${texts.times(format.timeZone)}"></label>`
  const select = (
    name: string,
    label: string,
    chosen: string | undefined,
    options: readonly (readonly [string, string])[],
  ) =>
    html`<label>${label}<select name="${name}"><option value="">${texts.any}</option>${options.map(
      ([value, text]) => html`<option value="${value}"${value === chosen && html` selected`}>${text}</option>`,
    )}</select></label>`
  const appKeys = new Map(apps.flatMap(({ app_key, name }) => (app_key === null ? [] : [[app_key, name ?? app_key]])))
  if (app !== undefined && !appKeys.has(app)) appKeys.set(app, app)
  const box = (name: string, value: string, text: string, isChecked: boolean) =>
    html`<label class="check"><input type="checkbox" name="${name}" value="${value}"${isChecked && html` checked`}>${text}</label>`
  return html`<form action="/calls" class="fields">
${time('from', texts.from, from)}${time('to', texts.before, to)}
${select('app', texts.app, app, [...appKeys])}
${select('scenario', texts.scenario, scenario, Object.entries(texts.scenarios))}
<label>${texts.company}<input name="company" value="${company}" maxlength="64" autocomplete="off" spellcheck="false"></label>
${select('source', texts.reason, source, Object.entries(texts.codes))}
<label>${texts.code}<input name="code" value="${code}" maxlength="9" inputmode="numeric" autocomplete="off"></label>
<fieldset class="checks"><legend>${texts.outcome}</legend>${Object.entries(texts.outcomes).map(([value, text]) => box('outcome', value, text, outcomes.includes(value)))}${box('live', 'yes', texts.liveOnly, live === 'yes')}</fieldset>
<button class="main">${texts.search}</button>
</form>`
}

function list(view: View, search: Search, calls: readonly ListedCall[]): Content {
  const { texts } = view
  if (calls.length === 0)
    return empty(isSearch(search) ? texts.nothingFound : `${texts.noCallsAtAll} ${texts.noCallsNext}`)
  const last = calls.at(-1)
  return html`${callsTable(view, calls)}
${calls.length >= listLength && last && html`<p class="more"><a href="${callsPath(search, { after: last })}">${texts.older}</a></p>`}`
}

function callsTable(view: View, calls: readonly ListedCall[]): Html {
  const { texts, format, language } = view
  return table(
    texts.callsTitle,
    [
      {
        name: texts.began,
        kind: 't',
        cell: (call) => html`<a href="${callPath(call.call_ref)}">${when(view, call.started_at)}</a>`,
      },
      {
        name: texts.outcome,
        cell: (call) =>
          html`${outcomeTag(call.outcome, view)}${call.is_live && html` ${tag(texts.goesOn)}`}${!call.is_live && call.cdr_count === 0 && html` ${tag(texts.noCdr)}`}`,
      },
      { name: texts.a, kind: 'num', cell: ({ a_number }) => a_number ?? format.none },
      { name: texts.b, kind: 'num', cell: ({ b_number }) => b_number ?? format.none },
      { name: texts.company, kind: 'num', cell: ({ bind_num }) => bind_num ?? format.none },
      { name: texts.scenario, kind: 't', cell: ({ scenario }) => scenarioName(scenario, view) },
      { name: texts.rang, kind: 'n', cell: ({ ring_seconds }) => format.duration(ring_seconds) },
      { name: texts.talk, kind: 'n', cell: ({ talk_seconds }) => format.duration(talk_seconds) },
      {
        name: texts.reason,
        kind: 'wrap',
        cell: (call) => (call.outcome === 'answered' ? '' : reasonOf(call, language)),
      },
    ],
    calls,
  )
}
