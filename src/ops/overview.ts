import type { CallStats, Delay, Failure, MissingCdr, Server, Silence, Subscription } from '../store/ops.ts'
import { attention, type Finding } from './attention.ts'
import { failed } from './failures.ts'
import { figures } from './figures.ts'
import { type Content, type Html, html } from './html.ts'
import { latest } from './latest.ts'
import { layout, panel, tag, type View } from './layout.ts'
import { missingList, reasons, receiverFacts, silenceList, subscriptionList } from './lists.ts'
import type { Buckets, PeriodName } from './periods.ts'
import { acdPlot, asrPlot, callbacksPlot, delayPlot, outcomesPlot, pddPlot } from './plots.ts'
import type { Answer } from './reader.ts'
import type { ReceiverState } from './receiver-state.ts'

/** Rows, and the buckets of time they are of. */
export interface Bucketed<Row> {
  buckets: Buckets
  rows: Row[]
}

export interface Overview {
  period: PeriodName
  state: ReceiverState
  server: Answer<Server>
  stats: Answer<Bucketed<CallStats>>
  delays: Answer<Bucketed<Delay>>
  failures: Answer<Bucketed<Failure>>
  missing: Answer<{ calls: MissingCdr[]; total: number }>
  silence: Answer<Silence[]>
  subscriptions: Answer<Subscription[]>
  /** Of the quarantine; undefined where it cannot be told. */
  openEntries: number | undefined
}

/** The first page: whether something is wrong, then how calls go, then where to look. */
export function overviewPage(view: View, it: Overview): Html {
  const { words } = view
  const link = (period: PeriodName, name: string) =>
    html`<a href="${period === 'day' ? '/' : '/?period=hour'}"${it.period === period && html` aria-current="true"`}>${name}</a>`
  return layout(view, {
    title: words.overview,
    section: '/',
    openEntries: it.openEntries,
    refreshes: true,
    body: html`
<div class="head"><h1>${words.overview}</h1><div class="switch" role="group" aria-label="${words.period}">${link('hour', words.lastHour)}${link('day', words.lastDay)}</div></div>
${oldFigures(view, it)}
${stateOf(view, it)}
${figures(view, it.stats, it.delays)}
<div class="two">
${shown(it.delays, view, words.callbacksPlot, ({ buckets, rows }) => callbacksPlot(view, buckets, rows))}
${shown(it.stats, view, words.outcomesPlot, ({ buckets, rows }) => outcomesPlot(view, buckets, rows))}
${shown(it.stats, view, words.asrPlot, ({ buckets, rows }) => asrPlot(view, buckets, rows))}
${shown(it.stats, view, words.acdPlot, ({ buckets, rows }) => acdPlot(view, buckets, rows))}
${shown(it.stats, view, words.pddPlot, ({ buckets, rows }) => pddPlot(view, buckets, rows))}
${shown(it.delays, view, words.delayPlot, ({ buckets, rows }) => delayPlot(view, buckets, rows))}
</div>
${panel(
  'reasons',
  words.reasons,
  words.reasonsHint,
  answerOr(it.failures, view, ({ rows }) => reasons(view, rows)),
)}
${panel(
  'missing',
  words.missingTitle,
  words.missingHint,
  answerOr(it.missing, view, ({ calls }) => missingList(view, calls)),
)}
${panel(
  'silence',
  words.silenceTitle,
  words.silenceHint,
  html`<div class="two apart"><div>${answerOr(it.silence, view, (rows) => silenceList(view, rows))}</div>
<div>${answerOr(it.subscriptions, view, (rows) => subscriptionList(view, rows))}</div></div>`,
)}
${panel('state', words.stateTitle, words.stateHint, receiverFacts(view, it.state, it.server))}
`,
  })
}

/** Where a query takes longer than people wait, they see what it said before. */
const oldMs = 120_000

function oldFigures({ words, format, now }: View, { stats, delays, failures }: Overview): Content {
  const times = [stats, delays, failures].flatMap((answer) => (answer.ok ? [answer.at.getTime()] : []))
  const oldest = Math.min(...times)
  return (
    times.length > 0 &&
    oldest < now.getTime() - oldMs &&
    html`<p class="soft">${words.oldFigures(format.time(new Date(oldest)))}</p>`
  )
}

/** A plot in a panel of its own; a failure takes its place. */
function shown<T>(answer: Answer<T>, view: View, title: string, draw: (value: T) => Html): Html {
  return html`<div class="panel">${!answer.ok && html`<h3>${title}</h3>`}${answerOr(answer, view, draw)}</div>`
}

function answerOr<T>(answer: Answer<T>, view: View, draw: (value: T) => Content): Content {
  return answer.ok ? draw(answer.value) : failed(answer.failed, view)
}

function stateOf(view: View, it: Overview): Html {
  const { words, format, now } = view
  const findings = attention(view, it)
  const mood = !it.state.ready ? 'bad' : findings.length > 0 ? 'warn' : 'good'
  const heading = { good: words.fine, warn: words.attention, bad: words.refusing }[mood]
  // Since the start the receiver knows itself; before that, and of other receivers, the tables do.
  const rows = it.subscriptions.ok ? it.subscriptions.value : []
  const lastStatus = latest(it.state.lastStatus, ...rows.map((row) => row.last_event_at))
  const lastFee = latest(it.state.lastFee, ...rows.map((row) => row.last_cdr_at))
  const ago = (time: Date | null) =>
    time
      ? words.ago(format.seconds(Math.max(0, Math.round((now.getTime() - time.getTime()) / 1000))))
      : words.notInAWeek
  const line = ({ mood, about, text, href }: Finding) =>
    html`<li>${tag(about, mood)}<p>${text}${href !== undefined && html` <a href="${href}">${words.show}<span class="hidden">: ${about}</span></a>`}</p></li>`
  return html`<section class="state ${mood}" aria-labelledby="now"><h2 id="now">${heading}</h2>
<p class="soft">${findings.length === 0 && `${words.nothingWrong} `}${words.lastSeen(ago(lastStatus), ago(lastFee))}</p>
${findings.length > 0 && html`<ul>${findings.map(line)}</ul>`}</section>`
}
