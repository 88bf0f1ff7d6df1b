import { eventType } from './facts.ts'
import { countKeys, maskKeys } from './masks.ts'
import { present } from './numbers.ts'
import type { CdrFact, EventFact } from './types.ts'

export interface Digits {
  /** As sent, one input after the other. */
  whole: string | null
  /** What ops may see of them. */
  masked: string | null
  count: number | null
}

/** Joined they would be a number again: a caller may be asked for one key at a time. */
const mostKeysShown = 6

/**
 * The keys pressed: of each collectInfo, else the path through the dynamic IVR.
 *
 * @param isExtension they lead to a person: AXE asks for the extension of the callee
 */
export function digitsOf(cdr: CdrFact | null, events: readonly EventFact[], isExtension: boolean): Digits {
  const collected = events
    .filter((event) => eventType(event) === 'collectinfo')
    .map((event) => present(event.digit_info))
  const inputs = collected.filter((input) => input !== null)
  const path = present(cdr?.dyn_ivr_path)
  if (inputs.length === 0 && path) inputs.push(path)
  if (inputs.length === 0) return { whole: null, masked: null, count: null }

  const masked = inputs.map(maskKeys).join(' ')
  return {
    whole: inputs.join(' '),
    masked: isExtension || countKeys(masked.replaceAll(' ', '')) > mostKeysShown ? '***' : masked,
    count: inputs.reduce((keys, input) => keys + countKeys(input), 0),
  }
}
