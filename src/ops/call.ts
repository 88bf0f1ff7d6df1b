import type { Call, CallEvent, Leg } from '../store/ops.ts'
import { type Failed, failed } from './failures.ts'
import { type Content, type Html, html } from './html.ts'
import { empty, facts, half, layout, outcomeTag, panel, scenarioName, table, tag, type View, when } from './layout.ts'
import type { Answer } from './reader.ts'
import { named } from './words.ts'

export interface CallStory {
  call: Call
  legs: Answer<Leg[]>
  events: Answer<CallEvent[]>
  openEntries: number | undefined
}

/** One call: how it ended, both legs on one scale, every event, and what else is known of it. */
export function callPage(view: View, { call, legs, events, openEntries }: CallStory): Html {
  const { words, format, language } = view
  return layout(view, {
    title: `${words.callTitle} ${format.time(call.started_at)}`,
    section: '/calls',
    openEntries,
    body: html`
<div class="head"><h1>${words.callTitle} <span class="t">${format.time(call.started_at)}</span></h1>
<p>${outcomeTag(call.outcome, view)} ${!call.has_cdr && tag(words.noCdr, 'warn')} ${call.outcome !== 'answered' && half(call.reason, language)}</p></div>
${panel('legs', words.legTitle, words.legHint, legs.ok ? lanes(view, call, legs.value) : failed(legs.failed, view))}
${panel('events', words.story, '', events.ok ? eventList(view, events.value) : failed(events.failed, view))}
${panel('details', words.details, '', details(view, call, legs.ok ? legs.value : []))}`,
  })
}

export function noCallPage(view: View, failure?: Failed): Html {
  const { words } = view
  return layout(view, {
    title: failure ? words.queryFailed : words.noSuchCall,
    section: '/calls',
    body: html`<div class="head"><h1>${failure ? words.queryFailed : words.noSuchCall}</h1></div><div class="panel">${failure ? failed(failure, view) : empty(words.noSuchCallNext)}<p><a href="/calls">${words.callsTitle}</a></p></div>`,
  })
}

const width = 1000

/** Both legs as bars on one scale, and the same as a table. */
function lanes(view: View, call: Call, legs: readonly Leg[]): Content {
  const { words, format } = view
  const times = legs
    .flatMap((leg) => [leg.started_at, leg.ringing_at, leg.answered_at, leg.ended_at])
    .filter((time) => time !== null)
  if (times.length === 0) return empty(words.noLegsOfCall)
  const first = Math.min(...times.map(Number))
  // Who is still talking has no end yet.
  const last = Math.max(...times.map(Number), call.ended_at === null ? view.now.getTime() : 0, first + 1000)
  const x = (time: Date) => Math.round(((time.getTime() - first) / (last - first)) * width)
  const part = (name: 'dial' | 'ring' | 'talk', label: string, from: Date | null, to: Date | null) => {
    if (from === null) return null
    const end = to ?? new Date(last)
    const long = Math.round((end.getTime() - from.getTime()) / 1000)
    return html`<rect class="${name}" x="${x(from)}" width="${Math.max(x(end) - x(from), 2)}" y="3" height="18"><title>${label}: ${format.clock(from)}, ${format.seconds(long)}</title></rect>`
  }
  const lane = (leg: Leg) => {
    const name = `${leg.leg} ${leg.number ?? ''}`
    const end = leg.ended_at ?? (call.ended_at === null ? null : call.ended_at)
    return html`<div class="num"><strong>${leg.leg}</strong> ${leg.number}</div>
<svg viewBox="0 0 ${width} 24" preserveAspectRatio="none" role="img" aria-labelledby="lane-${leg.leg}"><title id="lane-${leg.leg}">${name}</title><rect class="rail" y="11" height="2" width="${width}"/>
${part('dial', words.dialling, leg.started_at, leg.ringing_at ?? leg.answered_at ?? end)}${part('ring', words.ringing, leg.ringing_at, leg.answered_at ?? end)}${part('talk', words.talking, leg.answered_at, end)}</svg>`
  }
  const ticks = [0, 0.5, 1].map((share) => html`<span>${format.clock(new Date(first + share * (last - first)))}</span>`)
  return html`<div class="lanes">${legs.map(lane)}<div class="ticks" aria-hidden="true">${ticks}</div></div>
<ul class="key left"><li class="dial">${words.dialling}</li><li class="ring">${words.ringing}</li><li class="talk">${words.talking}</li></ul>
${table(
  words.legTitle,
  [
    { name: words.leg, cell: ({ leg }) => leg },
    { name: words.number, kind: 'num', cell: ({ number }) => number ?? format.none },
    { name: words.shownNumber, kind: 'num minor', cell: ({ shown_number }) => shown_number ?? format.none },
    { name: words.dialling, kind: 't', cell: ({ started_at }) => format.clock(started_at) },
    { name: words.ringing, kind: 't', cell: ({ ringing_at }) => format.clock(ringing_at) },
    { name: words.talking, kind: 't', cell: ({ answered_at }) => format.clock(answered_at) },
    { name: words.ended, kind: 't', cell: ({ ended_at }) => format.clock(ended_at) },
    {
      name: words.talk,
      kind: 'n',
      cell: ({ seconds, answered_at }) => (answered_at ? format.seconds(seconds) : format.none),
    },
    { name: words.billed, kind: 'n', cell: ({ billed_minutes }) => format.number(billed_minutes) },
  ],
  legs,
)}`
}

function eventList(view: View, events: readonly CallEvent[]): Content {
  const { words, format, language } = view
  if (events.length === 0) return empty(words.noEvents)
  const known = (event: CallEvent): Content => {
    const parts = [
      event.reason !== null && half(event.reason, language),
      event.party_type !== null && `${words.hungUpBy} ${event.party_type}`,
      event.digits !== null && `${words.digits} ${event.digits}`,
      event.extra !== null && Object.keys(event.extra).join(', '),
    ].filter((part) => typeof part === 'string' && part !== '')
    return parts.join(' · ')
  }
  return table(
    words.story,
    [
      { name: words.time, kind: 't', cell: ({ occurred_at }) => when(view, occurred_at) },
      {
        name: words.event,
        cell: ({ event_type }) =>
          html`${named(words.events, event_type)} <code class="soft minor">${event_type}</code>`,
      },
      { name: words.calling, kind: 'num minor', cell: ({ caller }) => caller ?? format.none },
      { name: words.called, kind: 'num', cell: ({ called }) => called ?? format.none },
      { name: words.details, kind: 'wrap', cell: known },
      {
        name: words.received,
        kind: 'n minor',
        cell: ({ occurred_at, received_at }) =>
          format.seconds(Math.max(0, Math.round((received_at.getTime() - occurred_at.getTime()) / 100) / 10)),
      },
    ],
    events,
  )
}

function details({ words, format, ...view }: View, call: Call, legs: readonly Leg[]): Html {
  const code = (value: number | null) => (value === null ? format.none : String(value))
  const billed = legs.reduce((total, { billed_minutes }) => total + (billed_minutes ?? 0), 0)
  return facts(
    [
      [words.sessionId, call.session_id === null ? words.sessionHidden : html`<code>${call.session_id}</code>`],
      [words.callRef, html`<code>${call.call_ref}</code>`],
      [words.app, call.app_key ?? format.none],
      [words.scenario, scenarioName(call.scenario, { words, format, ...view })],
      [words.company, call.bind_num ?? format.none],
      [words.ended, format.time(call.ended_at)],
      [words.pdd, format.seconds(call.post_dial_delay_seconds)],
      [words.rang, format.seconds(call.ring_seconds)],
      [words.talk, format.seconds(call.talk_seconds)],
      [words.billed, format.number(billed)],
      [words.releasePoint, code(call.release_point)],
      [words.q850, `${code(call.a_q850)}, ${code(call.b_q850)}`],
      [words.sip, code(call.sip_status)],
      [words.hungUpBy, call.hung_up_by ?? format.none],
      [words.digits, call.digits ?? format.none],
      [words.recording, call.has_recording ? words.yes : words.no],
      [words.cdrCount, format.number(call.cdr_count)],
    ],
    'many',
  )
}
