import type { BillChange, Call, CallEvent, Cdr, Leg } from '../store/page/calls.ts'
import type { OpenEntry } from '../store/page/quarantine.ts'
import { type Failed, failed } from './failures.ts'
import type { Format } from './format.ts'
import { type Content, type Html, html } from './html.ts'
import {
  empty,
  facts,
  layout,
  type Mood,
  outcomeTag,
  panel,
  reasonOf,
  scenarioName,
  table,
  tag,
  type View,
  when,
} from './layout.ts'
import type { Answer } from './reader.ts'
import { callsPath } from './search.ts'
import { named } from './words.ts'

export interface CallStory {
  call: Call
  legs: Answer<Leg[]>
  events: Answer<CallEvent[]>
  cdrs: Answer<Cdr[]>
  /** In quarantine: CDRs of the call that are not the stored one. */
  conflicts: Answer<OpenEntry[]>
  billChanges: Answer<BillChange[]>
  openEntries: Answer<number>
}

/** One call: how it ended, both legs on one scale, its events and CDRs, money, and what else is known of it. */
export function callPage(view: View, it: CallStory): Html {
  const { words, format, language } = view
  const { call } = it
  const shown = <T>(answer: Answer<T>, draw: (value: T) => Content) =>
    answer.ok ? draw(answer.value) : failed(answer.failed, view)
  return layout(view, {
    title: `${words.callTitle} ${format.time(call.started_at)}`,
    section: '/calls',
    openEntries: it.openEntries,
    body: html`
<div class="head"><h1>${words.callTitle} <span class="t">${format.time(call.started_at)}</span></h1>
<p>${outcomeTag(call.outcome, view)} ${call.is_live && tag(words.goesOn)} ${call.cdr_count === 0 && tag(words.noCdr, 'warn')} ${call.outcome !== 'answered' && reasonOf(call, language)}</p></div>
${conflictsOf(view, it.conflicts)}
${panel(
  'legs',
  words.legTitle,
  words.legHint,
  shown(it.legs, (legs) => lanes(view, call, legs)),
)}
${panel(
  'events',
  words.story,
  '',
  shown(it.events, (events) => eventList(view, events)),
)}
${panel(
  'cdrs',
  words.cdrs,
  words.cdrsHint,
  shown(it.cdrs, (cdrs) => cdrList(view, cdrs)),
)}
<div class="two">
${panel('end', words.endTitle, '', ending(view, call))}
${panel(
  'money',
  words.moneyTitle,
  '',
  html`${money(view, call)}${shown(it.billChanges, (changes) => billChangeList(view, changes))}`,
)}
</div>
${panel('details', words.details, '', details(view, call))}`,
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
    .flatMap((leg) => [leg.leg_started_at, leg.ringing_at, leg.answered_at, leg.ended_at])
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
${part('dial', words.dialing, leg.leg_started_at, leg.ringing_at ?? leg.answered_at ?? end)}${part('ring', words.ringing, leg.ringing_at, leg.answered_at ?? end)}${part('talk', words.talking, leg.answered_at, end)}</svg>`
  }
  const ticks = [0, 0.5, 1].map((share) => html`<span>${format.clock(new Date(first + share * (last - first)))}</span>`)
  return html`<div class="lanes">${legs.map(lane)}<div class="ticks" aria-hidden="true">${ticks}</div></div>
<ul class="key left"><li class="dial">${words.dialing}</li><li class="ring">${words.ringing}</li><li class="talk">${words.talking}</li></ul>
${table(
  words.legTitle,
  [
    { name: words.leg, cell: ({ leg }) => leg },
    { name: words.number, kind: 'num', cell: ({ number }) => number ?? format.none },
    { name: words.shownNumber, kind: 'num minor', cell: ({ shown_number }) => shown_number ?? format.none },
    { name: words.dialing, kind: 't', cell: ({ leg_started_at }) => format.clock(leg_started_at) },
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
      reasonOf(event, language),
      event.party_type !== null && `${words.hungUpBy} ${event.party_type}`,
      event.digits !== null && `${words.digits} ${event.digits}`,
      event.extra !== null && Object.keys(event.extra).join(', '),
    ].filter((part) => part !== null && part !== false && part !== '')
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
        name: words.receivedAfter,
        kind: 'n minor',
        cell: ({ occurred_at, received_at }) => later(format, occurred_at, received_at),
      },
    ],
    events,
  )
}

/** Seconds after which a callback came; negative where the platform's clock is ahead. */
function later(format: Format, at: Date, received: Date): string {
  return format.seconds(Math.round((received.getTime() - at.getTime()) / 100) / 10)
}

function cdrList(view: View, cdrs: readonly Cdr[]): Content {
  const { words, format } = view
  if (cdrs.length === 0) return empty(words.noCdrs)
  const codes = (...values: (number | null)[]) => values.map((value) => value ?? format.none).join(' / ')
  return table(
    words.cdrs,
    [
      { name: words.received, kind: 't', cell: ({ received_at }) => when(view, received_at) },
      { name: words.counts, cell: ({ counts }) => counts && tag(words.counts, 'good') },
      { name: words.answered, kind: 't', cell: (cdr) => when(view, cdr.fwd_answer_time ?? cdr.call_out_answer_time) },
      { name: words.ended, kind: 't', cell: ({ call_end_time }) => when(view, call_end_time) },
      { name: words.codes['release point'] ?? '', kind: 'n', cell: ({ ul_fail_reason }) => codes(ul_fail_reason) },
      {
        name: words.q850,
        kind: 'n minor',
        cell: ({ call_out_unasw_rsn, fwd_unasw_rsn }) => codes(call_out_unasw_rsn, fwd_unasw_rsn),
      },
      { name: words.codes.SIP ?? '', kind: 'n minor', cell: ({ sip_status_code }) => codes(sip_status_code) },
      { name: words.serviceType, kind: 'minor', cell: ({ service_type }) => service_type ?? format.none },
      { name: words.signedBy, kind: 'minor', cell: ({ signed_by }) => signed_by ?? words.unsigned },
      { name: 'icid', kind: 'wrap minor', cell: ({ icid }) => html`<code>${icid}</code>` },
    ],
    cdrs,
  )
}

/** Nothing where there is none: most calls have no conflict. */
function conflictsOf(view: View, conflicts: Answer<OpenEntry[]>): Content {
  const { words, format } = view
  if (conflicts.ok && conflicts.value.length === 0) return null
  const list = (entries: readonly OpenEntry[]) =>
    table(
      words.conflicts,
      [
        { name: words.entryColumn, cell: ({ id }) => html`<a href="/quarantine/${id}">${id}</a>` },
        { name: words.reason, cell: ({ reason }) => named(words.quarantineReasons, reason) },
        { name: words.differing, kind: 'wrap', cell: ({ differing }) => differing.join(', ') },
        {
          name: words.billed,
          kind: 'n',
          cell: (entry) => `${format.number(entry.minutes_stored)} → ${format.number(entry.minutes_received)}`,
        },
        { name: words.lastSeenAt, kind: 't minor', cell: ({ last_seen_at }) => when(view, last_seen_at) },
      ],
      entries,
    )
  return panel(
    'conflicts',
    words.conflicts,
    words.conflictsHint,
    conflicts.ok ? list(conflicts.value) : failed(conflicts.failed, view),
  )
}

/** Why it ended: the code that decided, and every other one. */
function ending(view: View, call: Call): Html {
  const { words, format, language } = view
  const code = (value: number | null) => (value === null ? format.none : String(value))
  const source = call.reason_source === null ? '' : named(words.codes, call.reason_source)
  return facts([
    [words.outcome, outcomeTag(call.outcome, view)],
    [words.reason, reasonOf(call, language) ?? format.none],
    [words.reasonFrom, call.reason_code === null ? format.none : `${source} ${call.reason_code}`],
    [words.hungUpBy, call.hung_up_by === null ? format.none : named(words.sides, call.hung_up_by)],
    [words.partyType, call.party_type ?? format.none],
    [words.codes['release point'] ?? '', code(call.release_point)],
    [words.q850, `${code(call.a_q850)}, ${code(call.b_q850)}`],
    [words.codes.SIP ?? '', code(call.sip_status)],
    [words.codes['state code'] ?? '', code(call.state_code)],
  ])
}

function money(view: View, call: Call): Html {
  const { words, format } = view
  const { a_minutes, b_minutes } = call
  const sum = a_minutes === null && b_minutes === null ? null : (a_minutes ?? 0) + (b_minutes ?? 0)
  return facts([
    [words.billDay, call.bill_day ?? format.none],
    [
      words.billed,
      html`${format.number(sum)} (A ${format.number(a_minutes)}, B ${format.number(b_minutes)}) ${call.minutes_estimated && tag(words.estimated, 'warn')}`,
    ],
    [words.cdrCount, format.number(call.cdr_count)],
    [words.cdrCame, format.time(call.cdr_received_at)],
  ])
}

function billChangeList(view: View, changes: readonly BillChange[]): Content {
  const { words, format } = view
  if (changes.length === 0) return null
  const changed = (before: string, after: string) => (before === after ? after : `${before} → ${after}`)
  return html`<h3 class="within">${words.billChanges}</h3>${table(
    words.billChanges,
    [
      { name: words.time, kind: 't', cell: ({ changed_at }) => when(view, changed_at) },
      { name: words.why, cell: ({ cause }) => named(words.billCauses, cause) },
      {
        name: words.billed,
        kind: 'n',
        cell: (row) => changed(format.number(row.minutes_before), format.number(row.minutes_after)),
      },
      {
        name: words.billDay,
        kind: 't',
        cell: (row) => changed(row.bill_day_before ?? format.none, row.bill_day_after ?? format.none),
      },
    ],
    changes,
  )}`
}

function details(view: View, call: Call): Html {
  const { words, format } = view
  const moods: Record<Call['recording'], Mood> = { none: 'plain', there: 'good', expired: 'warn' }
  return facts(
    [
      [words.sessionId, call.session_id === null ? words.sessionHidden : html`<code>${call.session_id}</code>`],
      [words.callRef, html`<code>${call.call_ref}</code>`],
      [
        words.app,
        call.app_key === null ? format.none : html`<a href="${callsPath({ app: call.app_key })}">${call.app_key}</a>`,
      ],
      [words.scenario, html`${scenarioName(call.scenario, view)} ${call.mode}`],
      [
        words.company,
        call.bind_num === null
          ? format.none
          : html`<a href="${callsPath({ company: call.bind_num })}">${call.bind_num}</a>`,
      ],
      [words.boundParty, call.bound_party ?? format.none],
      [words.ended, format.time(call.ended_at)],
      [words.pdd, format.seconds(call.post_dial_delay_seconds)],
      [words.rang, format.seconds(call.ring_seconds)],
      [words.talk, format.seconds(call.talk_seconds)],
      [words.digits, call.digits ?? format.none],
      ['userData', call.user_data ?? format.none],
      [
        words.recording,
        html`${tag(named(words.recordings, call.recording), moods[call.recording])} ${call.recording_started_at && format.time(call.recording_started_at)}`,
      ],
      [words.computedAt, format.time(call.folded_at)],
    ],
    'many',
  )
}
