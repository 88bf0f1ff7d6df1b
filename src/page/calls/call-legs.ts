import type { Call, Leg } from '../../store/page/calls.ts'
import { type Content, type Html, html } from '../html.ts'
import { empty, type View } from '../layout.ts'
import { table } from '../table.ts'

const width = 1000

/** The time scale that both legs share, in milliseconds. */
interface Scale {
  first: number
  last: number
}

/** Both legs as bars on one time scale, and the same as a table. */
export function legTimeline(view: View, call: Call, legs: readonly Leg[]): Content {
  const { texts } = view
  const scale = scaleOf(view, call, legs)
  if (scale === undefined) return empty(texts.noLegsOfCall)
  return html`<div class="legs">${legs.map((leg) => legBar(view, call, scale, leg))}${ticks(view, scale)}</div>
<ul class="key left"><li class="dial">${texts.dialing}</li><li class="ring">${texts.ringing}</li><li class="talk">${texts.talking}</li></ul>
${legTable(view, legs)}`
}

function scaleOf({ now }: View, call: Call, legs: readonly Leg[]): Scale | undefined {
  const times = legs
    .flatMap((leg) => [leg.leg_started_at, leg.ringing_at, leg.answered_at, leg.ended_at])
    .filter((time) => time !== null)
    .map(Number)
  if (times.length === 0) return undefined
  const first = Math.min(...times)
  // Who is still talking has no end yet.
  return { first, last: Math.max(...times, call.ended_at === null ? now.getTime() : 0, first + 1000) }
}

function legBar({ texts, format }: View, call: Call, { first, last }: Scale, leg: Leg): Html {
  const x = (time: Date) => Math.round(((time.getTime() - first) / (last - first)) * width)
  const part = (name: 'dial' | 'ring' | 'talk', label: string, from: Date | null, to: Date | null) => {
    if (from === null) return null
    const end = to ?? new Date(last)
    const long = Math.round((end.getTime() - from.getTime()) / 1000)
    return html`<rect class="${name}" x="${x(from)}" width="${Math.max(x(end) - x(from), 2)}" y="3" height="18"><title>${label}: ${format.clock(from)}, ${format.duration(long)}</title></rect>`
  }
  const end = leg.ended_at ?? call.ended_at
  return html`<div class="num"><strong>${leg.leg}</strong> ${leg.number}</div>
<svg viewBox="0 0 ${width} 24" preserveAspectRatio="none" role="img" aria-labelledby="leg-${leg.leg}"><title id="leg-${leg.leg}">${leg.leg} ${leg.number}</title><rect class="rail" y="11" height="2" width="${width}"/>
${part('dial', texts.dialing, leg.leg_started_at, leg.ringing_at ?? leg.answered_at ?? end)}${part('ring', texts.ringing, leg.ringing_at, leg.answered_at ?? end)}${part('talk', texts.talking, leg.answered_at, end)}</svg>`
}

function ticks({ format }: View, { first, last }: Scale): Html {
  const times = [0, 0.5, 1].map((part) => new Date(first + part * (last - first)))
  return html`<div class="ticks" aria-hidden="true">${times.map((time) => html`<span>${format.clock(time)}</span>`)}</div>`
}

function legTable({ texts, format }: View, legs: readonly Leg[]): Html {
  return table(
    texts.legTitle,
    [
      { name: texts.leg, cell: ({ leg }) => leg },
      { name: texts.number, kind: 'num', cell: ({ number }) => number ?? format.none },
      { name: texts.shownNumber, kind: 'num', cell: ({ shown_number }) => shown_number ?? format.none },
      { name: texts.dialing, kind: 't', cell: ({ leg_started_at }) => format.clock(leg_started_at) },
      { name: texts.ringing, kind: 't', cell: ({ ringing_at }) => format.clock(ringing_at) },
      { name: texts.talking, kind: 't', cell: ({ answered_at }) => format.clock(answered_at) },
      { name: texts.ended, kind: 't', cell: ({ ended_at }) => format.clock(ended_at) },
      {
        name: texts.talk,
        kind: 'n',
        cell: ({ seconds, answered_at }) => (answered_at ? format.duration(seconds) : format.none),
      },
      { name: texts.billed, kind: 'n', cell: ({ billed_minutes }) => format.number(billed_minutes) },
    ],
    legs,
  )
}
