import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { sourceOf } from '../lib/addresses.ts'
import { credentialsOf } from '../lib/credentials.ts'
import type { Log } from '../lib/log.ts'
import { OncePerMinute } from '../lib/once-a-minute.ts'
import type { AdminMetrics, AdminRefusal } from '../metrics/admin.ts'
import { WrongTokens } from './wrong-tokens.ts'

export interface Lock {
  /** ADMIN_TOKEN. */
  token: string
  metrics: AdminMetrics
  log: Log
}

/** The hook that lets in who has the token. Whoever has another one is counted, told of in the log and slowed down. */
export function authenticate({ token, metrics, log }: Lock) {
  const expected = fingerprint(token)
  const wrong = new WrongTokens()
  const lines = new OncePerMinute()

  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const { secret } = credentialsOf(request)
    // What every browser sends first; nobody has guessed anything.
    if (secret === '') return refuse(reply, 'no_token')
    const source = sourceOf(request.ip)
    if (wrong.isFull(source)) return refuse(reply, 'too_many_attempts')
    if (timingSafeEqual(fingerprint(secret), expected)) return undefined
    if (lines.isDue(source))
      log.warn({ source, leftOut: lines.leftOutBefore(source) }, 'private listener: a wrong token was refused')
    await wrong.wait(source)
    return refuse(reply, 'wrong_token')
  }

  function refuse(reply: FastifyReply, reason: AdminRefusal): FastifyReply {
    metrics.refused(reason)
    if (reason === 'too_many_attempts')
      return reply.code(429).header('retry-after', 10).send({ error: 'too many wrong tokens of this address' })
    return reply.code(401).header('www-authenticate', 'Basic realm="rtc-receiver"').send({ error: 'a token is needed' })
  }
}

/** Equal in length whatever the text, as timingSafeEqual wants it. */
function fingerprint(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
