import { type Html, html } from '../html.ts'
import { tag, type View } from '../layout.ts'
import { attention, type Finding } from './attention.ts'
import type { Overview } from './overview.ts'

/** The box on top: whether something is wrong, or whether nobody can say. */
export function stateBox(view: View, it: Overview): Html {
  const { texts } = view
  const findings = attention(view, it)
  const mood = moodOf(it, findings)
  const heading = { good: texts.fine, warn: texts.attention, bad: texts.refusing, unknown: texts.notKnown }[mood]
  const line = ({ mood, about, text, href }: Finding) =>
    html`<li>${tag(about, mood)}<p>${text}${href !== undefined && html` <a href="${href}">${texts.show}<span class="hidden">: ${about}</span></a>`}</p></li>`
  return html`<section class="state ${mood}" aria-labelledby="now"><h2 id="now">${heading}</h2>
<p class="soft">${mood === 'good' && `${texts.nothingWrong} `}${texts.lastSeen(lastSeen(view, it, 'status'), lastSeen(view, it, 'fee'))}</p>
${findings.length > 0 && html`<ul>${findings.map(line)}</ul>`}</section>`
}

/** Good only where everything was asked and everything answered: what is not known is not fine. */
function moodOf({ state }: Overview, findings: readonly Finding[]): 'good' | 'warn' | 'bad' | 'unknown' {
  if (!state.ready) return 'bad'
  if (findings.some(({ mood }) => mood !== 'unknown')) return 'warn'
  return findings.length > 0 ? 'unknown' : 'good'
}

/** Since its start the receiver knows itself; before that, and of other receivers, the tables do, to within an hour. */
function lastSeen({ texts, format, now }: View, { state, subscriptions }: Overview, kind: 'status' | 'fee'): string {
  const time = kind === 'status' ? state.lastStatus : state.lastFee
  if (time) return texts.ago(format.duration(Math.max(0, Math.round((now.getTime() - time.getTime()) / 1000))))
  const rows = subscriptions.ok ? subscriptions.value : []
  const hours = rows.flatMap((row) => (kind === 'status' ? row.last_event_hour : row.last_cdr_hour) ?? [])
  if (hours.length === 0) return subscriptions.ok ? texts.notInAWeek : texts.notKnown
  const latest = new Date(Math.max(...hours.map(Number)))
  return texts.inHour(format.time(latest).slice(0, 16))
}
