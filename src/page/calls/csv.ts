import type { ListedCall } from '../../store/page/calls.ts'
import { csv } from '../csv.ts'
import { reasonOf, scenarioName, type View } from '../layout.ts'
import { named } from '../texts/texts.ts'

/** Calls as the list shows them, but for numbers, which are left out even where they are masked: files are passed on. */
export function callsCsv(view: View, calls: readonly ListedCall[]): string {
  const { texts, format, language } = view
  return csv(
    [
      texts.began,
      texts.callRef,
      texts.sessionId,
      texts.app,
      texts.scenario,
      texts.outcome,
      texts.goesOn,
      `${texts.rang} (s)`,
      `${texts.talk} (s)`,
      texts.reason,
      texts.statusEvents,
      texts.cdrs,
    ],
    calls.map((call) => [
      format.time(call.started_at),
      call.call_ref,
      call.session_id,
      call.app_key,
      call.scenario === null ? null : scenarioName(call.scenario, view),
      named(texts.outcomes, call.outcome),
      call.is_live ? 1 : 0,
      call.ring_seconds,
      call.talk_seconds,
      call.outcome === 'answered' ? null : reasonOf(call, language),
      call.event_count,
      call.cdr_count,
    ]),
  )
}
