import type { CallStats, Delay } from '../store/ops.ts'
import { type Html, html } from './html.ts'
import type { View } from './layout.ts'
import type { Bucketed } from './overview.ts'
import type { Answer } from './reader.ts'

interface Totals {
  attempts: number
  answered: number
  effective: number
  talk: number
}

function totals(stats: readonly CallStats[]): Totals {
  const sum = (key: 'attempts' | 'answered' | 'effective' | 'talk_seconds') =>
    stats.reduce((total, row) => total + row[key], 0)
  return {
    attempts: sum('attempts'),
    answered: sum('answered'),
    effective: sum('effective'),
    talk: sum('talk_seconds'),
  }
}

/** The figures of the period, each with what it is made of. */
export function figures(view: View, stats: Answer<Bucketed<CallStats>>, delays: Answer<Bucketed<Delay>>): Html {
  const { words, format } = view
  const all = stats.ok ? totals(stats.value.rows) : undefined
  const rows = delays.ok ? delays.value.rows : undefined
  const ratio = (part: number | undefined, whole: number | undefined) =>
    part === undefined || !whole ? null : part / whole
  const count = (kind: Delay['kind']) =>
    rows?.filter((row) => row.kind === kind).reduce((total, { records }) => total + records, 0)
  const [events, cdrs] = [count('status'), count('fee')]
  const worst = (values: (number | null)[] | undefined) => {
    const known = values?.filter((value) => value !== null) ?? []
    return known.length > 0 ? Math.max(...known) : null
  }
  const latest = (kind: Delay['kind']) => worst(rows?.filter((row) => row.kind === kind).map((row) => row.p95))
  const figure = (name: string, value: string, more: string) =>
    html`<div><dt>${name}</dt><dd>${value}</dd><dd class="more">${more}</dd></div>`
  return html`<dl class="figures">
${figure(words.recordsCame, format.number(events === undefined || cdrs === undefined ? null : events + cdrs), words.eventsAndCdrs(format.number(events), format.number(cdrs)))}
${figure(words.callsMade, format.number(all?.attempts), words.answeredCalls(format.number(all?.answered)))}
${figure(words.asr, format.percent(ratio(all?.answered, all?.attempts)), words.effective(format.percent(ratio(all?.effective, all?.attempts))))}
${figure(words.acd, format.seconds(ratio(all?.talk, all?.answered)), words.talked(format.seconds(all?.talk)))}
${figure(words.pdd, format.seconds(weighted(stats.ok ? stats.value.rows : [])), words.slowest(format.seconds(worst(stats.ok ? stats.value.rows.map((row) => row.post_dial_delay_p95) : undefined))))}
${figure(words.delay, format.seconds(latest('status')), words.ofCdrs(format.seconds(latest('fee'))))}
</dl>`
}

/** Median of the buckets' medians, each as heavy as it has calls. */
function weighted(stats: readonly CallStats[]): number | null {
  const known = stats
    .flatMap((row) =>
      row.post_dial_delay_p50 === null
        ? []
        : [{ delay: row.post_dial_delay_p50, weight: row.attempts + row.in_progress }],
    )
    .sort((a, b) => a.delay - b.delay)
  const half = known.reduce((total, { weight }) => total + weight, 0) / 2
  let below = 0
  for (const { delay, weight } of known) {
    below += weight
    if (below >= half) return delay
  }
  return null
}
