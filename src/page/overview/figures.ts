import type { CallStats } from '../../store/page/statistics.ts'
import { type Content, type Html, html } from '../html.ts'
import type { View } from '../layout.ts'
import type { Earlier, Overview } from './overview.ts'

/** The figures of the period, each with what it is made of, and what it was yesterday and last week. */
export function figures(view: View, it: Overview): Html {
  return html`<dl class="figures">
${ofCalls(view, it)}
${ofTimes(view, it)}
${ofCallbacks(view, it)}
</dl>
<p class="soft small">${view.texts.comparedHint}</p>`
}

function ofCalls(view: View, it: Overview): Html {
  const { texts, format } = view
  const { totals, live, peaks } = it
  const all = totals.ok ? totals.value.rows : undefined
  const known = (count: number | undefined) => (totals.ok ? (count ?? 0) : null)
  const peak = highest(peaks.ok ? peaks.value.rows.map(({ legs }) => legs) : [])
  const inProgress = html`<a href="/calls?live=yes">${format.number(live.ok ? live.value.calls : null)}</a>`
  const count = (value: number) => format.number(value)
  return html`${figure(texts.goesOn, inProgress, texts.peak(format.number(peak)))}
${figure(
  texts.callsMade,
  format.number(known(all?.attempts)),
  texts.answeredCalls(format.number(known(all?.answered))),
  compared(view, it, (stats) => stats.attempts, count, relative(view)),
)}
${figure(
  texts.asr,
  format.percent(ratio(all?.answered, all?.attempts)),
  texts.effective(format.percent(ratio(all?.effective, all?.attempts))),
  compared(
    view,
    it,
    (stats) => ratio(stats.answered, stats.attempts),
    (share) => format.percent(share),
    (now, then) => texts.points(format.difference((now - then) * 100)),
  ),
)}`
}

function ofTimes(view: View, it: Overview): Html {
  const { texts, format } = view
  const { totals, durations } = it
  const all = totals.ok ? totals.value.rows : undefined
  const whole = (wanted: 'talk' | 'ring') =>
    durations.ok
      ? durations.value.rows.find(({ bucket_start, kind }) => bucket_start === null && kind === wanted)
      : undefined
  const seconds = (value: number) => format.duration(value)
  const [talk, ring] = [whole('talk'), whole('ring')]
  return html`${figure(
    texts.acd,
    format.duration(ratio(all?.talk_seconds, all?.talks)),
    texts.spread(format.duration(talk?.p50), format.duration(talk?.p95)),
    compared(view, it, (stats) => ratio(stats.talk_seconds, stats.talks), seconds, relative(view)),
  )}
${figure(texts.ringTime, format.duration(ring?.p50), texts.slowest(format.duration(ring?.p95)))}
${figure(
  texts.pdd,
  format.duration(all?.post_dial_delay_p50),
  texts.slowest(format.duration(all?.post_dial_delay_p95)),
  compared(view, it, (stats) => stats.post_dial_delay_p50, seconds, relative(view)),
)}`
}

function ofCallbacks({ texts, format }: View, { records, delays }: Overview): Html {
  const count = (kind: 'events' | 'cdrs') =>
    records.ok ? records.value.rows.reduce((total, row) => total + row[kind], 0) : null
  const [events, cdrs] = [count('events'), count('cdrs')]
  const slowest = (kind: 'status' | 'fee') =>
    highest(
      delays.ok ? delays.value.rows.flatMap((row) => (row.kind === kind && row.p95 !== null ? [row.p95] : [])) : [],
    )
  return html`${figure(texts.delay, format.duration(slowest('status')), texts.ofCdrs(format.duration(slowest('fee'))))}
${figure(texts.recordsCame, format.number(events === null || cdrs === null ? null : events + cdrs), texts.eventsAndCdrs(format.number(events), format.number(cdrs)))}`
}

function figure(name: string, value: string | Html, more: string, then: Content = null): Html {
  return html`<div><dt>${name}</dt><dd>${value}</dd><dd class="more">${more}</dd>${then}</div>`
}

/** What a figure was yesterday and a week ago, and how much has changed since; nothing where there was nothing. */
function compared(
  { texts }: View,
  { totals, yesterday, lastWeek }: Overview,
  value: (stats: CallStats) => number | null,
  write: (value: number) => string,
  change: (now: number, then: number) => string,
): Content {
  const now = totals.ok && totals.value.rows ? value(totals.value.rows) : null
  const line = (name: string, earlier: Earlier | undefined) => {
    const then = earlier?.totals ? value(earlier.totals) : null
    if (then === null) return null
    const changed = now === null ? null : change(now, then)
    return html`<dd class="then"><span>${name}</span> ${write(then)}${changed !== null && html` <span class="soft">${changed}</span>`}</dd>`
  }
  return [
    line(texts.yesterday, yesterday.ok ? yesterday.value.rows : undefined),
    line(texts.lastWeek, lastWeek.ok ? lastWeek.value.rows : undefined),
  ]
}

function relative({ format }: View): (now: number, then: number) => string {
  return (now, then) => (then === 0 ? '' : format.change(now / then - 1))
}

function ratio(part: number | undefined, whole: number | undefined): number | null {
  return part === undefined || !whole ? null : part / whole
}

function highest(values: readonly number[]): number | null {
  return values.length > 0 ? Math.max(...values) : null
}
