import { type Html, html } from './html.ts'
import type { View } from './layout.ts'
import type { Overview } from './overview.ts'

/** The figures of the period, each with what it is made of. */
export function figures(view: View, { totals, records, delays, live, peaks }: Overview): Html {
  const { words, format } = view
  const all = totals.ok ? totals.value.rows : undefined
  const ratio = (part: number | undefined, whole: number | undefined) =>
    part === undefined || !whole ? null : part / whole
  const count = (kind: 'events' | 'cdrs') =>
    records.ok ? records.value.rows.reduce((total, row) => total + row[kind], 0) : null
  const [events, cdrs] = [count('events'), count('cdrs')]
  const slowest = (kind: 'status' | 'fee') =>
    highest(
      delays.ok ? delays.value.rows.flatMap((row) => (row.kind === kind && row.p95 !== null ? [row.p95] : [])) : [],
    )
  const peak = highest(peaks.ok ? peaks.value.rows.map(({ legs }) => legs) : [])
  const attempts = totals.ok ? (all?.attempts ?? 0) : null
  const answered = totals.ok ? (all?.answered ?? 0) : null
  const figure = (name: string, value: string | Html, more: string) =>
    html`<div><dt>${name}</dt><dd>${value}</dd><dd class="more">${more}</dd></div>`
  return html`<dl class="figures">
${figure(words.goesOn, html`<a href="/calls?live=yes">${format.number(live.ok ? live.value.calls : null)}</a>`, words.peak(format.number(peak)))}
${figure(words.callsMade, format.number(attempts), words.answeredCalls(format.number(answered)))}
${figure(words.asr, format.percent(ratio(all?.answered, all?.attempts)), words.effective(format.percent(ratio(all?.effective, all?.attempts))))}
${figure(words.acd, format.seconds(ratio(all?.talk_seconds, all?.talks)), words.talked(format.seconds(totals.ok ? (all?.talk_seconds ?? 0) : null)))}
${figure(words.pdd, format.seconds(all?.post_dial_delay_p50), words.slowest(format.seconds(all?.post_dial_delay_p95)))}
${figure(words.delay, format.seconds(slowest('status')), words.ofCdrs(format.seconds(slowest('fee'))))}
${figure(words.recordsCame, format.number(events === null || cdrs === null ? null : events + cdrs), words.eventsAndCdrs(format.number(events), format.number(cdrs)))}
</dl>`
}

function highest(values: readonly number[]): number | null {
  return values.length > 0 ? Math.max(...values) : null
}
