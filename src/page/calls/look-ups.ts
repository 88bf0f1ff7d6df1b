import type { FastifyRequest } from 'fastify'
import { credentialsOf } from '../../lib/credentials.ts'
import type { Log } from '../../lib/log.ts'
import type { LookUpKind } from '../../store/page/look-ups.ts'

/**
 * Whoever looks up calls by a number can find out whose call a masked one is. Postgres writes down the receiver's login
 * only, so it is noted here who came; never what for.
 */
export function noteLookUp(log: Log, request: FastifyRequest, by: LookUpKind): void {
  log.info({ by, from: request.ip, user: userOf(request) }, 'calls are looked up on the page')
}

/** As the person gave it, unless it may be something else: the token in the wrong field, a number. */
function userOf(request: FastifyRequest): string | undefined {
  const { user = '', secret } = credentialsOf(request)
  return /^[\w.@-]{1,64}$/.test(user) && !/\d{7}/.test(user) && user !== secret ? user : undefined
}
