import type { BillChange, CallEvent, Cdr } from '../../store/page/calls.ts'
import type { Format } from '../format.ts'
import { type Content, html } from '../html.ts'
import { empty, reasonOf, tag, type View, when } from '../layout.ts'
import { table } from '../table.ts'
import { named } from '../texts/texts.ts'

export function eventList(view: View, events: readonly CallEvent[]): Content {
  const { texts, format, language } = view
  if (events.length === 0) return empty(texts.noEvents)
  const known = (event: CallEvent): Content => {
    const parts = [
      reasonOf(event, language),
      event.party_type !== null && `${texts.hungUpBy} ${event.party_type}`,
      event.digits !== null && `${texts.digits} ${event.digits}`,
      event.extra !== null && Object.keys(event.extra).join(', '),
    ].filter((part) => part !== null && part !== false && part !== '')
    return parts.join(' · ')
  }
  return table(
    texts.story,
    [
      { name: texts.time, kind: 't', cell: ({ occurred_at }) => when(view, occurred_at) },
      {
        name: texts.event,
        cell: ({ event_type }) => html`${named(texts.events, event_type)} <code class="soft">${event_type}</code>`,
      },
      { name: texts.calling, kind: 'num', cell: ({ caller }) => caller ?? format.none },
      { name: texts.called, kind: 'num', cell: ({ called }) => called ?? format.none },
      { name: texts.details, kind: 'wrap', cell: known },
      {
        name: texts.receivedAfter,
        kind: 'n',
        cell: ({ occurred_at, received_at }) => later(format, occurred_at, received_at),
      },
    ],
    events,
  )
}

/** Seconds after which a callback came; negative where the platform's clock is ahead. */
function later(format: Format, at: Date, received: Date): string {
  return format.duration(Math.round((received.getTime() - at.getTime()) / 100) / 10)
}

export function cdrList(view: View, cdrs: readonly Cdr[]): Content {
  const { texts, format } = view
  if (cdrs.length === 0) return empty(texts.noCdrs)
  const codes = (...values: (number | null)[]) => values.map((value) => value ?? format.none).join(' / ')
  return table(
    texts.cdrs,
    [
      { name: texts.received, kind: 't', cell: ({ received_at }) => when(view, received_at) },
      { name: texts.counts, cell: ({ counts }) => counts && tag(texts.counts, 'good') },
      { name: texts.answered, kind: 't', cell: (cdr) => when(view, cdr.fwd_answer_time ?? cdr.call_out_answer_time) },
      { name: texts.ended, kind: 't', cell: ({ call_end_time }) => when(view, call_end_time) },
      { name: texts.codes['release point'] ?? '', kind: 'n', cell: ({ ul_fail_reason }) => codes(ul_fail_reason) },
      {
        name: texts.q850,
        kind: 'n',
        cell: ({ call_out_unasw_rsn, fwd_unasw_rsn }) => codes(call_out_unasw_rsn, fwd_unasw_rsn),
      },
      { name: texts.codes.SIP ?? '', kind: 'n', cell: ({ sip_status_code }) => codes(sip_status_code) },
      { name: texts.serviceType, cell: ({ service_type }) => service_type ?? format.none },
      { name: texts.signedBy, cell: ({ signed_by }) => signed_by ?? texts.unsigned },
      { name: 'icid', kind: 'id', cell: ({ icid }) => html`<code>${icid}</code>` },
    ],
    cdrs,
  )
}

export function billChangeList(view: View, changes: readonly BillChange[]): Content {
  const { texts, format } = view
  if (changes.length === 0) return null
  const changed = (before: string, after: string) => (before === after ? after : `${before} → ${after}`)
  return html`<h3 class="within">${texts.billChanges}</h3>${table(
    texts.billChanges,
    [
      { name: texts.time, kind: 't', cell: ({ changed_at }) => when(view, changed_at) },
      { name: texts.why, cell: ({ cause }) => named(texts.billCauses, cause) },
      {
        name: texts.billed,
        kind: 'n',
        cell: (row) => changed(format.number(row.minutes_before), format.number(row.minutes_after)),
      },
      {
        name: texts.billDay,
        kind: 't',
        cell: (row) => changed(row.bill_day_before ?? format.none, row.bill_day_after ?? format.none),
      },
    ],
    changes,
  )}`
}
