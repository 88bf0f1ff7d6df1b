import { eventType } from './facts.ts'
import { maskText } from './masks.ts'
import { present } from './numbers.ts'
import type { CdrFact, EventFact, Meanings, Party } from './types.ts'

/**
 * State code that counts: the latest that fits how the call went. Each leg has one, and so has each redial: a call that
 * was answered is told by a code of answered calls, one that was not by a code that names a failure.
 */
export function stateCodeOf(events: readonly EventFact[], stateCodes: Meanings, isAnswered: boolean): number | null {
  const codes = events.map(({ state_code }) => state_code).filter((code) => code !== null)
  const namesFailure = (code: number) => (stateCodes.get(code)?.outcome ?? 'answered') !== 'answered'
  return codes.findLast((code) => namesFailure(code) !== isAnswered) ?? codes.at(-1) ?? null
}

export interface HangUp {
  by: Party | null
  /** partyType as sent, without numbers. */
  partyType: string | null
}

/** partyType: of a callback call, caller is A, who is called first, and callee is B (protocol.md: party type). */
const parties = new Map<string, Party>([
  ['caller', 'A'],
  ['callee', 'B'],
  ['platform', 'platform'],
])

/** callRelDirection of X mode: 1 = the caller hung up, 2 = the callee (protocol.md: private-number events). */
const directions = new Map<number, Party>([
  [1, 'A'],
  [2, 'B'],
])

/** Who hung up. Each leg has a disconnect, and the first one that says so counts. */
export function hangUpOf(cdr: CdrFact | null, events: readonly EventFact[]): HangUp {
  let by = directions.get(cdr?.call_rel_direction ?? 0) ?? null
  let partyType: string | null = null
  for (const event of events) {
    if (eventType(event) !== 'disconnect') continue
    partyType ??= present(event.party_type)
    by ??=
      parties.get(event.party_type?.trim().toLowerCase() ?? '') ?? directions.get(event.call_rel_direction ?? 0) ?? null
  }
  return { by, partyType: partyType && maskText(partyType) }
}
