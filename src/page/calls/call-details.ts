import type { Call } from '../../store/page/calls.ts'
import { type Html, html } from '../html.ts'
import { facts, type Mood, outcomeTag, reasonOf, scenarioName, tag, type View } from '../layout.ts'
import { named } from '../texts/texts.ts'
import { callsPath } from './search.ts'

/** Why it ended: the code that decided, and every other one. */
export function ending(view: View, call: Call): Html {
  const { texts, format, language } = view
  const code = (value: number | null) => (value === null ? format.none : String(value))
  const source = call.reason_source === null ? '' : named(texts.codes, call.reason_source)
  return facts([
    [texts.outcome, outcomeTag(call.outcome, view)],
    [texts.reason, reasonOf(call, language) ?? format.none],
    [texts.reasonFrom, call.reason_code === null ? format.none : `${source} ${call.reason_code}`],
    [texts.hungUpBy, call.hung_up_by === null ? format.none : named(texts.sides, call.hung_up_by)],
    [texts.partyType, call.party_type ?? format.none],
    [texts.codes['release point'] ?? '', code(call.release_point)],
    [texts.q850, `${code(call.a_q850)}, ${code(call.b_q850)}`],
    [texts.codes.SIP ?? '', code(call.sip_status)],
    [texts.codes['state code'] ?? '', code(call.state_code)],
  ])
}

export function money(view: View, call: Call): Html {
  const { texts, format } = view
  const { a_minutes, b_minutes } = call
  const sum = a_minutes === null && b_minutes === null ? null : (a_minutes ?? 0) + (b_minutes ?? 0)
  return facts([
    [texts.billDay, call.bill_day ?? format.none],
    [
      texts.billed,
      html`${format.number(sum)} (A ${format.number(a_minutes)}, B ${format.number(b_minutes)}) ${call.minutes_estimated && tag(texts.estimated, 'warn')}`,
    ],
    [texts.cdrCount, format.number(call.cdr_count)],
    [texts.cdrCame, format.time(call.cdr_received_at)],
  ])
}

export function details(view: View, call: Call): Html {
  const { texts, format } = view
  const moods: Record<Call['recording'], Mood> = { none: 'plain', there: 'good', expired: 'warn' }
  return facts(
    [
      [texts.sessionId, call.session_id === null ? texts.sessionHidden : html`<code>${call.session_id}</code>`],
      [texts.callRef, html`<code>${call.call_ref}</code>`],
      [
        texts.app,
        call.app_key === null ? format.none : html`<a href="${callsPath({ app: call.app_key })}">${call.app_key}</a>`,
      ],
      [texts.scenario, html`${scenarioName(call.scenario, view)} ${call.mode}`],
      [
        texts.company,
        call.bind_num === null
          ? format.none
          : html`<a href="${callsPath({ company: call.bind_num })}">${call.bind_num}</a>`,
      ],
      [texts.boundParty, call.bound_party ?? format.none],
      [texts.ended, format.time(call.ended_at)],
      [texts.pdd, format.duration(call.post_dial_delay_seconds)],
      [texts.rang, format.duration(call.ring_seconds)],
      [texts.talk, format.duration(call.talk_seconds)],
      [texts.digits, call.digits ?? format.none],
      ['userData', call.user_data ?? format.none],
      [
        texts.recording,
        html`${tag(named(texts.recordings, call.recording), moods[call.recording])} ${call.recording_started_at && format.time(call.recording_started_at)}`,
      ],
      [texts.computedAt, format.time(call.folded_at)],
    ],
    'many',
  )
}
