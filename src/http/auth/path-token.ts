import { createHash, timingSafeEqual } from 'node:crypto'
import type { Check } from '../header-checks.ts'
import { refuse } from '../refusals.ts'

/** Only paths that are registered; a path token is compared in constant time. */
export function knownPath(tokens: readonly string[]): Check {
  const known = tokens.map(fingerprint)
  return (request, reply) => {
    if (!request.is404 && known.length === 0) return undefined
    const { token } = request.params as { token?: string }
    if (!request.is404 && token !== undefined) {
      const given = fingerprint(token)
      if (known.filter((fingerprint) => timingSafeEqual(fingerprint, given)).length > 0) return undefined
    }
    return refuse(reply, 404, 'there is nothing at this path')
  }
}

/** Equal in length whatever the text, as timingSafeEqual wants it. */
function fingerprint(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
