import type { MissingCdr, Silence, Subscription } from '../store/page/reconciliation.ts'
import type { Failure } from '../store/page/statistics.ts'
import { type Html, html } from './html.ts'
import {
  callPath,
  empty,
  facts,
  half,
  outcomeTag,
  reasonOf,
  scenarioName,
  table,
  tag,
  type View,
  when,
} from './layout.ts'
import type { Overview } from './overview.ts'
import type { Buckets } from './periods.ts'
import { callsPath, localTime } from './search.ts'
import { named } from './words.ts'

/** Why calls were not answered, with the code that says so; each leads to its calls. */
export function reasons(view: View, { from, to }: Buckets, rows: readonly Failure[]): Html {
  const { words, format, language } = view
  if (rows.length === 0) return empty(words.noReasons)
  const all = rows[0]?.failed_calls ?? 0
  const time = { from: localTime(view, from), to: localTime(view, to) }
  const path = ({ outcome, reason_source, reason_code }: Failure) =>
    callsPath({
      ...time,
      outcomes: [outcome],
      ...(reason_source === null || reason_code === null ? {} : { source: reason_source, code: String(reason_code) }),
    })
  return table(
    words.reasons,
    [
      { name: words.outcome, cell: ({ outcome }) => outcomeTag(outcome, view) },
      {
        name: words.reason,
        kind: 'wrap',
        cell: (row) => html`<a href="${path(row)}">${reasonOf(row, language) ?? words.noReason}</a>`,
      },
      {
        name: words.code,
        kind: 't',
        cell: ({ reason_source, reason_code }) =>
          reason_source === null ? format.none : `${named(words.codes, reason_source)} ${reason_code}`,
      },
      { name: words.count, kind: 'n', cell: ({ calls }) => format.number(calls) },
      { name: words.share, kind: 'n', cell: ({ calls }) => format.percent(calls / all) },
      { name: '', kind: 'share minor', cell: ({ calls }) => bar(calls / all) },
    ],
    rows,
  )
}

/** How much of the whole, to be seen at a glance; the figure stands beside it. */
function bar(part: number): Html {
  return html`<svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect class="rail" width="100" height="6"/><rect class="bar" width="${Math.round(part * 1000) / 10}" height="6"/></svg>`
}

export function missingList(view: View, calls: readonly MissingCdr[]): Html {
  const { words, format } = view
  if (calls.length === 0) return empty(words.noMissing)
  return table(
    words.missingTitle,
    [
      {
        name: words.ended,
        kind: 't',
        cell: (call) =>
          html`<a href="${callPath(call.call_ref)}">${when(view, call.ended_at ?? call.last_received_at)}</a>${call.presumed && html` ${tag(words.presumed)}`}`,
      },
      { name: words.sessionId, kind: 'wrap minor', cell: ({ session_id }) => session_id ?? words.sessionHidden },
      { name: words.app, cell: ({ app_key }) => app_key ?? format.none },
      { name: words.scenario, kind: 'minor', cell: ({ scenario }) => scenarioName(scenario, view) },
      { name: words.resendsLeft, kind: 'n', cell: ({ resends_left }) => format.number(resends_left) },
    ],
    calls,
  )
}

/** The last full hours beside what is usual in them. */
export function silenceList(view: View, rows: readonly Silence[]): Html {
  const { words, format } = view
  return html`<h3 class="within">${words.silenceHours}</h3>
${table(
  words.silenceHours,
  [
    { name: words.hour, kind: 't', cell: ({ hour }) => hoursText(view, hour) },
    { name: words.kind, cell: ({ kind }) => (kind === 'fee' ? words.cdrs : words.statusEvents) },
    { name: words.came, kind: 'n', cell: ({ records }) => format.number(records) },
    { name: words.usual, kind: 'n', cell: ({ expected }) => format.number(expected) },
    {
      name: words.finding,
      cell: ({ silent, records }) =>
        silent ? tag(words.silent, 'bad') : records > 0 ? tag(words.normal, 'good') : format.none,
    },
  ],
  rows,
)}`
}

/** 09:00–10:00 */
export function hoursText({ format }: View, hour: Date): string {
  return `${format.minute(hour)}–${format.minute(new Date(hour.getTime() + 3_600_000))}`
}

export function subscriptionList(view: View, rows: readonly Subscription[]): Html {
  const { words, format, language } = view
  if (rows.length === 0) return empty(words.noSubscriptions)
  return html`<h3 class="within">${words.subscriptions}</h3>
${table(
  words.subscriptions,
  [
    { name: words.app, kind: 'wrap', cell: ({ app_key, name }) => name ?? app_key ?? words.unknownApp },
    { name: words.statusEvents, kind: 'n', cell: ({ events }) => format.number(events) },
    { name: words.cdrs, kind: 'n', cell: ({ cdrs }) => format.number(cdrs) },
    {
      name: words.lastCame,
      kind: 't minor',
      cell: (row) => when(view, laterOf(row.last_event_hour, row.last_cdr_hour)),
    },
    {
      name: words.finding,
      cell: ({ app_key, needs_attention, finding }) =>
        tag(half(finding, language) ?? '', needs_attention ? 'warn' : app_key === null ? 'plain' : 'good'),
    },
  ],
  rows,
)}`
}

function laterOf(a: Date | null, b: Date | null): Date | null {
  return a !== null && (b === null || a > b) ? a : b
}

export function receiverFacts(view: View, { state, server, freshness }: Overview): Html {
  const { words, format } = view
  const mood = !state.ready
    ? tag(words.notReady, 'bad')
    : state.degraded.length > 0
      ? tag(words.degraded, 'warn')
      : tag(words.ready, 'good')
  const database = server.ok
    ? words.reachable(`Postgres ${server.value.version.split(' ')[0]}`, format.number(Math.ceil(server.value.ms)))
    : tag(words.unreachable, 'bad')
  const fresh = freshness.ok ? freshness.value : undefined
  return facts(
    [
      [words.state, mood],
      [words.database, database],
      [
        words.foldLag,
        fresh
          ? words.foldLagOf(format.seconds(fresh.lag_seconds), format.number(fresh.waiting_sessions))
          : words.notKnown,
      ],
      [words.newestFact, fresh ? when(view, fresh.newest_fact_at) : words.notKnown],
      [
        words.spool,
        state.spoolRecords > 0
          ? words.spoolHolds(format.number(state.spoolRecords), format.bytes(state.spoolBytes))
          : words.spoolEmpty,
      ],
      [words.setAsideFact, words.records(format.number(state.setAside))],
      [words.waiting, words.records(format.number(state.queued))],
      [words.diskFree, format.bytes(state.diskFree)],
      [words.quarantine, format.bytes(state.quarantineBytes)],
      [words.uptime, format.seconds(state.uptime)],
    ],
    'many',
  )
}
