import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../../config/config.ts'
import type { Log } from '../../lib/log.ts'
import type { SignatureMetrics } from '../../metrics/signatures.ts'
import { AkskVerifier, type Finding } from '../../platform/aksk-verifier.ts'
import { callbackUrls } from '../../platform/urls.ts'
import type { Check } from '../gate.ts'
import { refuse } from '../refusals.ts'
import type { Reason } from '../refused-bodies.ts'
import { type NonceUse, nonceUse, Replays } from './replays.ts'

declare module 'fastify' {
  interface FastifyInstance {
    signatures: Signatures | undefined
  }
  interface FastifyRequest {
    /** The signed header of a callback, once it is verified. */
    signature: { appKey: string; token: string; use?: NonceUse } | null
  }
}

/** Verified callbacks in a row after which people are told that enforcing would have refused none of them. */
export const enoughVerified = 1_000

const messages: Record<Exclude<Finding['result'], 'verified'> | 'replayed_nonce', string> = {
  missing: 'the X-AKSK header is missing',
  malformed: 'the X-AKSK header cannot be read',
  unknown_app: 'the X-AKSK header names an appKey that is not known here',
  wrong_digest: 'the X-AKSK header has a wrong PasswordDigest',
  too_old: 'the X-AKSK header is too old',
  replayed_nonce: 'the X-AKSK header was used before, for another body',
}

interface Options {
  verifier: AkskVerifier
  enforce: boolean
  /** Whether bodies under a wrong signature are kept: not where their senders need not even know a path token. */
  keepsBodies: boolean
  metrics: SignatureMetrics
  log: Log
}

/** What X-AKSK headers are for: checked and counted, and in `enforce` refused when they do not hold. */
export class Signatures {
  readonly #options: Options
  readonly #replays = new Replays()
  #verified = 0
  readonly #forms = new Set<string>()

  constructor(options: Options) {
    this.#options = options
  }

  /** Whether what does not hold is refused: else it is only counted. */
  get areEnforced(): boolean {
    return this.#options.enforce
  }

  /** Looks at the headers alone; none of the body is read before that. */
  readonly check: Check = (request, reply) => {
    const { verifier, enforce } = this.#options
    const found = verifier.verify(request.headers, request.url.endsWith('fee') ? 'fee' : 'status')
    this.#count(found)
    if (found.result === 'verified') {
      request.signature = { appKey: found.appKey, token: found.token }
      return undefined
    }
    if (!enforce) return undefined
    void this.#refuse(request, reply, found.result)
    return reply
  }

  /**
   * False when a body comes under a header that another body came under. While it is open how the other one ends, this
   * one waits. Where it is true, `leave` must follow.
   */
  admits({ signature }: FastifyRequest, body: Buffer): boolean | Promise<boolean> {
    if (!signature) return true
    const use = nonceUse(signature.token, body)
    signature.use = use
    const claim = this.#replays.claim(use)
    return claim === 'later' ? this.#afterOthers(use) : claim === 'admitted'
  }

  async #afterOthers(use: NonceUse): Promise<boolean> {
    while (await this.#replays.wait(use)) {
      const claim = this.#replays.claim(use)
      if (claim !== 'later') return claim === 'admitted'
    }
    return false
  }

  /** To be called when a callback that was admitted has ended. One that is answered 503 comes again, perhaps with more. */
  leave({ signature }: FastifyRequest, isTaken: boolean): void {
    if (signature?.use) this.#replays.leave(signature.use, isTaken)
  }

  async refuseReplay(request: FastifyRequest, reply: FastifyReply, body: Buffer): Promise<FastifyReply> {
    const app = request.signature?.appKey ?? 'unknown'
    this.#options.metrics.found(app, 'replayed_nonce', 'none')
    if (body.length > 0 && this.#options.keepsBodies) await request.keepBody(body, because('replayed_nonce'))
    return refuse(reply, 401, messages.replayed_nonce)
  }

  async #refuse(request: FastifyRequest, reply: FastifyReply, reason: keyof typeof messages): Promise<void> {
    if (this.#options.keepsBodies) await request.keepUnread(because(reason))
    refuse(reply, 401, messages[reason])
  }

  #count(found: Finding): void {
    const form = 'form' in found ? found.form : 'none'
    const { metrics, enforce } = this.#options
    metrics.found(found.appKey ?? 'unknown', found.result, form)
    if ('ageS' in found && found.ageS !== undefined) metrics.age(found.ageS)
    if (enforce || this.#verified >= enoughVerified) return
    if (found.result !== 'verified') {
      this.#verified = 0
      this.#forms.clear()
      return
    }
    this.#forms.add(found.form)
    if (++this.#verified === enoughVerified) {
      this.#options.log.info(
        { verified: this.#verified, forms: [...this.#forms] },
        'the last callbacks were all signed rightly: RTC_AUTH=enforce may be set',
      )
    }
  }
}

function because(reason: keyof typeof messages): Reason {
  return { kind: 'unauthenticated', reason, errors: [{ pointer: '', message: messages[reason] }] }
}

export interface SignaturesOptions {
  config: Pick<Config, 'auth' | 'apps' | 'maxAgeS' | 'pathTokens' | 'publicUrls' | 'statusUrl' | 'feeUrl'>
  metrics: SignatureMetrics
  log: Log
}

/** Decorates the app with what verifies its callbacks; with `RTC_AUTH=off` nothing does. */
export const signatures = fp<SignaturesOptions>(async (app, { config, metrics, log }) => {
  app.decorateRequest('signature', null)
  const enforce = config.auth === 'enforce'
  const keepsBodies = config.pathTokens.length > 0
  app.decorate(
    'signatures',
    config.auth === 'off'
      ? undefined
      : new Signatures({ verifier: verifierOf(config, log), enforce, keepsBodies, metrics, log }),
  )
})

function verifierOf(config: SignaturesOptions['config'], log: Log): AkskVerifier {
  const urls = callbackUrls({ ...config, tokens: config.pathTokens })
  if (urls.status.length === 0 && urls.fee.length === 0)
    log.warn({}, 'PUBLIC_URL is not set, and digests sign the URL: no callback can be verified')
  return new AkskVerifier(config.apps, urls, config.maxAgeS)
}
