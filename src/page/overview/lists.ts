import type { MissingCdr, Silence, Subscription } from '../../store/page/reconciliation.ts'
import type { Failure } from '../../store/page/statistics.ts'
import { callsPath, localTime } from '../calls/search.ts'
import { type Html, html } from '../html.ts'
import { callPath, empty, facts, half, outcomeTag, reasonOf, scenarioName, tag, type View, when } from '../layout.ts'
import type { Buckets } from '../periods.ts'
import { table } from '../table.ts'
import { named } from '../texts/texts.ts'
import type { Overview } from './overview.ts'

/** Why calls were not answered, with the code that says so; each leads to its calls. */
export function reasons(view: View, { from, to }: Buckets, rows: readonly Failure[]): Html {
  const { texts, format, language } = view
  if (rows.length === 0) return empty(texts.noReasons)
  const all = rows[0]?.failed_calls ?? 0
  const time = { from: localTime(view, from), to: localTime(view, to) }
  const path = ({ outcome, reason_source, reason_code }: Failure) =>
    callsPath({
      ...time,
      outcomes: [outcome],
      ...(reason_source === null || reason_code === null ? {} : { source: reason_source, code: String(reason_code) }),
    })
  return table(
    texts.reasons,
    [
      { name: texts.outcome, cell: ({ outcome }) => outcomeTag(outcome, view) },
      {
        name: texts.reason,
        kind: 'wrap',
        cell: (row) => html`<a href="${path(row)}">${reasonOf(row, language) ?? texts.noReason}</a>`,
      },
      {
        name: texts.code,
        kind: 't',
        cell: ({ reason_source, reason_code }) =>
          reason_source === null ? format.none : `${named(texts.codes, reason_source)} ${reason_code}`,
      },
      { name: texts.count, kind: 'n', cell: ({ calls }) => format.number(calls) },
      { name: texts.share, kind: 'n', cell: ({ calls }) => format.percent(calls / all) },
      { name: '', kind: 'share', cell: ({ calls }) => bar(calls / all) },
    ],
    rows,
  )
}

/** How much of the whole, to be seen at a glance; the figure stands beside it. */
function bar(part: number): Html {
  return html`<svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect class="rail" width="100" height="6"/><rect class="bar" width="${Math.round(part * 1000) / 10}" height="6"/></svg>`
}

export function missingList(view: View, calls: readonly MissingCdr[]): Html {
  const { texts, format } = view
  if (calls.length === 0) return empty(texts.noMissing)
  return table(
    texts.missingTitle,
    [
      {
        name: texts.ended,
        kind: 't',
        cell: (call) =>
          html`<a href="${callPath(call.call_ref)}">${when(view, call.ended_at ?? call.last_received_at)}</a>${call.presumed && html` ${tag(texts.presumed)}`}`,
      },
      { name: texts.sessionId, kind: 'id', cell: ({ session_id }) => session_id ?? texts.sessionHidden },
      { name: texts.app, cell: ({ app_key }) => app_key ?? format.none },
      { name: texts.scenario, cell: ({ scenario }) => scenarioName(scenario, view) },
      { name: texts.resendsLeft, kind: 'n', cell: ({ resends_left }) => format.number(resends_left) },
    ],
    calls,
  )
}

/** The last full hours beside what is usual in them. */
export function silenceList(view: View, rows: readonly Silence[]): Html {
  const { texts, format } = view
  return html`<h3 class="within">${texts.silenceHours}</h3>
${table(
  texts.silenceHours,
  [
    { name: texts.hour, kind: 't', cell: ({ hour }) => hoursText(view, hour) },
    { name: texts.kind, cell: ({ kind }) => (kind === 'fee' ? texts.cdrs : texts.statusEvents) },
    { name: texts.came, kind: 'n', cell: ({ records }) => format.number(records) },
    { name: texts.usual, kind: 'n', cell: ({ expected }) => format.number(expected) },
    {
      name: texts.finding,
      cell: ({ silent, records }) =>
        silent ? tag(texts.silent, 'bad') : records > 0 ? tag(texts.normal, 'good') : format.none,
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
  const { texts, format, language } = view
  if (rows.length === 0) return empty(texts.noSubscriptions)
  return html`<h3 class="within">${texts.subscriptions}</h3>
${table(
  texts.subscriptions,
  [
    { name: texts.app, kind: 'wrap', cell: ({ app_key, name }) => name ?? app_key ?? texts.unknownApp },
    { name: texts.statusEvents, kind: 'n', cell: ({ events }) => format.number(events) },
    { name: texts.cdrs, kind: 'n', cell: ({ cdrs }) => format.number(cdrs) },
    {
      name: texts.lastCame,
      kind: 't',
      cell: (row) => when(view, laterOf(row.last_event_hour, row.last_cdr_hour)),
    },
    {
      name: texts.finding,
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
  const { texts, format } = view
  const mood = !state.ready
    ? tag(texts.notReady, 'bad')
    : state.degraded.length > 0
      ? tag(texts.degraded, 'warn')
      : tag(texts.ready, 'good')
  const database = server.ok
    ? texts.reachable(`Postgres ${server.value.version.split(' ')[0]}`, format.number(Math.ceil(server.value.ms)))
    : server.failed.why === 'away'
      ? tag(texts.unreachable, 'bad')
      : tag(texts.noAnswer, 'unknown')
  const fresh = freshness.ok ? freshness.value : undefined
  return facts(
    [
      [texts.state, mood],
      [texts.database, database],
      [
        texts.foldLag,
        fresh
          ? texts.foldLagOf(format.duration(fresh.lag_seconds), format.number(fresh.waiting_sessions))
          : texts.notKnown,
      ],
      [texts.newestFact, fresh ? when(view, fresh.newest_fact_at) : texts.notKnown],
      [
        texts.spool,
        state.spoolRecords > 0
          ? texts.spoolHolds(format.number(state.spoolRecords), format.bytes(state.spoolBytes))
          : texts.spoolEmpty,
      ],
      [texts.setAsideFact, texts.records(format.number(state.setAside))],
      [texts.waiting, texts.records(format.number(state.queued))],
      [texts.diskFree, format.bytes(state.diskFree)],
      [texts.quarantine, format.bytes(state.quarantineBytes)],
      [texts.uptime, format.duration(state.uptime)],
    ],
    'many',
  )
}
