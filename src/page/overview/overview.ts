import type { Freshness } from '../../store/freshness.ts'
import type { MissingCdr, Silence, Subscription } from '../../store/page/reconciliation.ts'
import type { CallStats, Delay, Duration, Failure, Live, Peak, Records } from '../../store/page/statistics.ts'
import type { Server } from '../../store/page/transaction.ts'
import { failed } from '../failures.ts'
import { type Content, type Html, html } from '../html.ts'
import { layout, panel, type View } from '../layout.ts'
import type { Buckets, PeriodName } from '../periods.ts'
import { asrPlot, durationPlot, outcomesPlot, pddPlot, peaksPlot, ringPlot } from '../plots/call-plots.ts'
import { delayPlot, recordsPlot } from '../plots/callback-plots.ts'
import type { Answer } from '../reader.ts'
import { figures } from './figures.ts'
import { missingList, reasons, receiverFacts, silenceList, subscriptionList } from './lists.ts'
import type { ReceiverState } from './receiver-state.ts'
import { stateBox } from './state-box.ts'

/** Rows, and the buckets of time they are of. */
export interface Bucketed<Rows> {
  buckets: Buckets
  rows: Rows
}

/** Calls at the same time of an earlier day. */
export interface Earlier {
  /** Up to the same time of day as now; undefined where there was no call. */
  totals: CallStats | undefined
  starts: Date[]
  stats: CallStats[]
}

export interface Overview {
  period: PeriodName
  state: ReceiverState
  server: Answer<Server>
  freshness: Answer<Freshness | undefined>
  live: Answer<Live>
  stats: Answer<Bucketed<CallStats[]>>
  /** The whole period as one bucket; undefined where there was no call. */
  totals: Answer<Bucketed<CallStats | undefined>>
  yesterday: Answer<Bucketed<Earlier>>
  lastWeek: Answer<Bucketed<Earlier>>
  durations: Answer<Bucketed<Duration[]>>
  records: Answer<Bucketed<Records[]>>
  delays: Answer<Bucketed<Delay[]>>
  failures: Answer<Bucketed<Failure[]>>
  /** Of the last day, whatever the period. */
  peaks: Answer<Bucketed<Peak[]>>
  missing: Answer<{ calls: MissingCdr[]; total: number }>
  silence: Answer<Silence[]>
  subscriptions: Answer<Subscription[]>
  /** Of the quarantine. */
  openEntries: Answer<number>
}

/** The first page: whether something is wrong, then how calls go, then where to look. */
export function overviewPage(view: View, it: Overview): Html {
  const { texts } = view
  const link = (period: PeriodName, name: string) =>
    html`<a href="${period === 'day' ? '/' : '/?period=hour'}"${it.period === period && html` aria-current="true"`}>${name}</a>`
  const earlier = [it.yesterday, it.lastWeek].map((answer) => (answer.ok ? answer.value.rows : undefined))
  return layout(view, {
    title: texts.overview,
    section: '/',
    openEntries: it.openEntries,
    refreshes: true,
    body: html`
<div class="head"><h1>${texts.overview}</h1><div class="tools"><a href="/overview.csv?period=${it.period}" download>${texts.csv}</a><div class="switch" role="group" aria-label="${texts.period}">${link('hour', texts.lastHour)}${link('day', texts.lastDay)}</div></div></div>
${stateBox(view, it)}
${figures(view, it)}
<div class="two">
${shown(it.stats, view, texts.outcomesPlot, ({ buckets, rows }) => outcomesPlot(view, buckets, rows, earlier))}
${shown(it.stats, view, texts.asrPlot, ({ buckets, rows }) => asrPlot(view, buckets, rows))}
${shown(it.durations, view, texts.durationPlot, ({ buckets, rows }) => durationPlot(view, buckets, rows, it.stats.ok ? it.stats.value.rows : []))}
${shown(it.durations, view, texts.ringPlot, ({ buckets, rows }) => ringPlot(view, buckets, rows))}
${shown(it.stats, view, texts.pddPlot, ({ buckets, rows }) => pddPlot(view, buckets, rows))}
${shown(it.peaks, view, texts.peaksPlot, ({ buckets, rows }) => peaksPlot(view, buckets, rows))}
${shown(it.records, view, texts.recordsPlot, ({ buckets, rows }) => recordsPlot(view, buckets, rows))}
${shown(it.delays, view, texts.delayPlot, ({ buckets, rows }) => delayPlot(view, buckets, rows))}
</div>
${panel(
  'reasons',
  texts.reasons,
  texts.reasonsHint,
  answerOr(it.failures, view, ({ buckets, rows }) => reasons(view, buckets, rows)),
)}
${panel(
  'missing',
  texts.missingTitle,
  texts.missingHint,
  answerOr(it.missing, view, ({ calls }) => missingList(view, calls)),
)}
${panel(
  'silence',
  texts.silenceTitle,
  texts.silenceHint,
  html`<div class="two apart"><div>${answerOr(it.silence, view, (rows) => silenceList(view, rows))}</div>
<div>${answerOr(it.subscriptions, view, (rows) => subscriptionList(view, rows))}</div></div>`,
)}
${panel('state', texts.stateTitle, texts.stateHint, receiverFacts(view, it))}
`,
  })
}

/** A plot in a panel of its own; a failure takes its place. */
function shown<T>(answer: Answer<T>, view: View, title: string, draw: (value: T) => Html): Html {
  return html`<div class="panel">${!answer.ok && html`<h3>${title}</h3>`}${answerOr(answer, view, draw)}</div>`
}

function answerOr<T>(answer: Answer<T>, view: View, draw: (value: T) => Content): Content {
  return answer.ok ? draw(answer.value) : failed(answer.failed, view)
}
