import { eventType } from './facts.ts'
import { present } from './numbers.ts'
import type { CdrFact, EventFact, Mode, ServiceType, Side } from './types.ts'

/**
 * Mode of the application that a private-number call belongs to. AXB and X share service type 004, and only X has
 * notifyMode (protocol.md: private-number modes); while there is no CDR, only AXE asks for digits.
 */
export function modeOf(
  serviceType: ServiceType | undefined,
  cdr: CdrFact | null,
  events: readonly EventFact[],
): Mode | null {
  if (serviceType?.mode) return serviceType.mode
  if (present(cdr?.notify_mode) || events.some((event) => present(event.notify_mode))) return 'X'
  if (serviceType) return 'AXB'
  if (present(cdr?.extend_number) || events.some((event) => eventType(event) === 'collectinfo')) return 'AXE'
  return null
}

/**
 * Which side is the bound user, the A of the binding: 0 = somebody calls them, 1 = they call, 2 = nobody is known
 * (protocol.md: private-number parties). X has no binding, and direction was never seen in AXYB.
 */
export function boundPartyOf(direction: number | null, mode: Mode | null): Side | null {
  if (mode === 'X' || mode === 'AXYB') return null
  if (direction === 1) return 'A'
  return direction === 0 ? 'B' : null
}
