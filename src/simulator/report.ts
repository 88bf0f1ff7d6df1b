import { outcomes } from './outcomes.ts'
import type { Latency, Summary } from './tally.ts'

/** The summary of a run for people. */
export function reportOf(summary: Summary): string[] {
  const { callbacks, records, latencyMs } = summary
  const lines = [
    `${count(summary.calls, 'call')} in ${summary.seconds} s`,
    `  callbacks  ${n(callbacks.sent)} sent (${n(callbacks.perSecond)} a second): ${n(callbacks.acknowledged)} acknowledged, ` +
      `${n(callbacks.refused)} refused, ${n(callbacks.unanswered)} without an answer`,
    `  records    ${n(records.status.acknowledged)} of ${count(records.status.sent, 'event')} and ` +
      `${n(records.fee.acknowledged)} of ${count(records.fee.sent, 'CDR')} acknowledged`,
    `  latency    events ${latency(latencyMs.status)}`,
    `             CDRs   ${latency(latencyMs.fee)}`,
  ]
  const extras = [
    [summary.resent, 'CDR messages sent again'],
    [summary.givenUp, 'CDRs given up'],
    [summary.duplicates, 'duplicates'],
    [summary.malformed, 'malformed'],
    [summary.lostCdrs, 'CDRs kept back'],
  ] as const
  const told = extras.filter(([value]) => value > 0).map(([value, what]) => `${n(value)} ${what}`)
  if (told.length > 0) lines.push(`  of these   ${told.join(', ')}`)
  for (const [what, times] of Object.entries(summary.failures)) lines.push(`  failed     ${n(times)} × ${what}`)
  for (const [scenario, counts] of Object.entries(summary.outcomes)) {
    const parts = outcomes
      .filter((outcome) => counts[outcome])
      .map((outcome) => `${n(counts[outcome] ?? 0)} ${outcome}`)
    lines.push(`  ${scenario.padEnd(10)} ${parts.join(', ')}`)
  }
  return lines
}

function latency({ p50, p95, p99, max }: Latency): string {
  return `p50 ${p50} ms, p95 ${p95} ms, p99 ${p99} ms, max ${max} ms`
}

function count(value: number, what: string): string {
  return `${n(value)} ${what}${value === 1 ? '' : 's'}`
}

function n(value: number): string {
  return value.toLocaleString('en')
}
