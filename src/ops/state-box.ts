import { attention, type Finding } from './attention.ts'
import { type Html, html } from './html.ts'
import { tag, type View } from './layout.ts'
import type { Overview } from './overview.ts'

/** The box on top: whether something is wrong, or whether nobody can say. */
export function stateBox(view: View, it: Overview): Html {
  const { words, format, now } = view
  const findings = attention(view, it)
  const mood = moodOf(it, findings)
  const heading = { good: words.fine, warn: words.attention, bad: words.refusing, unknown: words.notKnown }[mood]
  const { lastStatus, lastFee } = lastSeen(it)
  const ago = (time: number | undefined) =>
    time === undefined
      ? words.notInAWeek
      : words.ago(format.seconds(Math.max(0, Math.round((now.getTime() - time) / 1000))))
  const line = ({ mood, about, text, href }: Finding) =>
    html`<li>${tag(about, mood)}<p>${text}${href !== undefined && html` <a href="${href}">${words.show}<span class="hidden">: ${about}</span></a>`}</p></li>`
  return html`<section class="state ${mood}" aria-labelledby="now"><h2 id="now">${heading}</h2>
<p class="soft">${mood === 'good' && `${words.nothingWrong} `}${words.lastSeen(ago(lastStatus), ago(lastFee))}</p>
${findings.length > 0 && html`<ul>${findings.map(line)}</ul>`}</section>`
}

/** Good only where everything was asked and everything answered: what is not known is not fine. */
function moodOf({ state }: Overview, findings: readonly Finding[]): 'good' | 'warn' | 'bad' | 'unknown' {
  if (!state.ready) return 'bad'
  if (findings.some(({ mood }) => mood !== 'unknown')) return 'warn'
  return findings.length > 0 ? 'unknown' : 'good'
}

/** Since its start the receiver knows itself; before that, and of other receivers, the tables do, to within an hour. */
function lastSeen({ state, subscriptions }: Overview): { lastStatus: number | undefined; lastFee: number | undefined } {
  const rows = subscriptions.ok ? subscriptions.value : []
  const latest = (...times: (Date | null | undefined)[]) => {
    const known = times.flatMap((time) => (time ? [time.getTime()] : []))
    return known.length > 0 ? Math.max(...known) : undefined
  }
  return {
    lastStatus: latest(state.lastStatus, ...rows.map(({ last_event_hour }) => last_event_hour)),
    lastFee: latest(state.lastFee, ...rows.map(({ last_cdr_hour }) => last_cdr_hour)),
  }
}
