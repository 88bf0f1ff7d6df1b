import type { BillChange, Call, CallEvent, Cdr, Leg } from '../../store/page/calls.ts'
import type { OpenEntry } from '../../store/page/quarantine.ts'
import { type Failed, failed } from '../failures.ts'
import { type Content, type Html, html } from '../html.ts'
import { empty, failedPage, layout, outcomeTag, panel, reasonOf, tag, type View, when } from '../layout.ts'
import type { Answer } from '../reader.ts'
import { table } from '../table.ts'
import { named } from '../texts/texts.ts'
import { details, ending, money } from './call-details.ts'
import { legTimeline } from './call-legs.ts'
import { billChangeList, cdrList, eventList } from './call-records.ts'

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
  const { texts, format, language } = view
  const { call } = it
  const shown = <T>(answer: Answer<T>, draw: (value: T) => Content) =>
    answer.ok ? draw(answer.value) : failed(answer.failed, view)
  return layout(view, {
    title: `${texts.callTitle} ${format.time(call.started_at)}`,
    section: '/calls',
    openEntries: it.openEntries,
    body: html`
<div class="head"><h1>${texts.callTitle} <span class="t">${format.time(call.started_at)}</span></h1>
<p>${outcomeTag(call.outcome, view)} ${call.is_live && tag(texts.goesOn)} ${call.cdr_count === 0 && tag(texts.noCdr, 'warn')} ${call.outcome !== 'answered' && reasonOf(call, language)}</p></div>
${conflictsOf(view, it.conflicts)}
${panel(
  'legs',
  texts.legTitle,
  texts.legHint,
  shown(it.legs, (legs) => legTimeline(view, call, legs)),
)}
${panel(
  'events',
  texts.story,
  '',
  shown(it.events, (events) => eventList(view, events)),
)}
${panel(
  'cdrs',
  texts.cdrs,
  texts.cdrsHint,
  shown(it.cdrs, (cdrs) => cdrList(view, cdrs)),
)}
<div class="two">
${panel('end', texts.endTitle, '', ending(view, call))}
${panel(
  'money',
  texts.moneyTitle,
  '',
  html`${money(view, call)}${shown(it.billChanges, (changes) => billChangeList(view, changes))}`,
)}
</div>
${panel('details', texts.details, '', details(view, call))}`,
  })
}

export function noCallPage(view: View, failure?: Failed): Html {
  const { texts } = view
  if (failure) return failedPage(view, '/calls', failure)
  return layout(view, {
    title: texts.noSuchCall,
    section: '/calls',
    body: html`<div class="head"><h1>${texts.noSuchCall}</h1></div><div class="panel">${empty(texts.noSuchCallNext)}<p><a href="/calls">${texts.callsTitle}</a></p></div>`,
  })
}

/** Nothing where there is none: most calls have no conflict. */
function conflictsOf(view: View, conflicts: Answer<OpenEntry[]>): Content {
  const { texts, format } = view
  if (conflicts.ok && conflicts.value.length === 0) return null
  const list = (entries: readonly OpenEntry[]) =>
    table(
      texts.conflicts,
      [
        { name: texts.entryColumn, cell: ({ id }) => html`<a href="/quarantine/${id}">${id}</a>` },
        { name: texts.reason, cell: ({ reason }) => named(texts.quarantineReasons, reason) },
        { name: texts.differing, kind: 'wrap', cell: ({ differing }) => differing.join(', ') },
        {
          name: texts.billed,
          kind: 'n',
          cell: (entry) => `${format.number(entry.minutes_stored)} → ${format.number(entry.minutes_received)}`,
        },
        { name: texts.lastSeenAt, kind: 't', cell: ({ last_seen_at }) => when(view, last_seen_at) },
      ],
      entries,
    )
  return panel(
    'conflicts',
    texts.conflicts,
    texts.conflictsHint,
    conflicts.ok ? list(conflicts.value) : failed(conflicts.failed, view),
  )
}
