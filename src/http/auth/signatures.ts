import type { FastifyReply, FastifyRequest } from 'fastify'
import { Counter, Histogram, type Registry } from 'prom-client'
import type { Log } from '../../lib/log.ts'
import type { AkskVerifier, Finding } from '../../platform/aksk-verifier.ts'
import type { Check } from '../gate-checks.ts'
import { refuse } from '../refusals.ts'
import type { Reason, RefusedBodies } from '../refused-bodies.ts'
import { Replays } from './replays.ts'
import { type Sighting, sightingOf } from './sighting-table.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The signed header of a callback, once it is verified. */
    signature: { appKey: string; token: string; sighting?: Sighting } | null
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

export interface SignatureOptions {
  verifier: AkskVerifier
  enforce: boolean
  /** Where bodies under a wrong signature are kept: undefined where their senders need not even know a path token. */
  refused: RefusedBodies | undefined
  registry: Registry
  log: Log
}

/** What X-AKSK headers are for: checked and counted, and in `enforce` refused when they do not hold. */
export class Signatures {
  readonly #options: SignatureOptions
  readonly #replays = new Replays()
  /** Counted here and handed over at a scrape: prom-client takes longer to find a sample by its labels. */
  readonly #results = new Map<string, { labels: Record<'app' | 'result' | 'form', string>; count: number }>()
  readonly #ages: Histogram
  #verified = 0
  readonly #forms = new Set<string>()

  constructor(options: SignatureOptions) {
    this.#options = options
    const registers = [options.registry]
    const results = this.#results
    new Counter({
      name: 'rtc_signature_total',
      help: 'X-AKSK headers by what was found, and which documented form of the digest matched',
      labelNames: ['app', 'result', 'form'],
      registers,
      collect() {
        this.reset()
        for (const { labels, count } of results.values()) this.inc(labels, count)
      },
    })
    this.#ages = new Histogram({
      name: 'rtc_signature_age_seconds',
      help: 'Age of signed headers whose digest is right',
      buckets: [1, 2, 5, 10, 30, 60, 300, 900, 3600, 21_600, 86_400],
      registers,
    })
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
    const sighting = sightingOf(signature.token, body)
    signature.sighting = sighting
    const claim = this.#replays.claim(sighting)
    return claim === 'later' ? this.#turnOf(sighting) : claim === 'admitted'
  }

  async #turnOf(sighting: Sighting): Promise<boolean> {
    while (await this.#replays.wait(sighting)) {
      const claim = this.#replays.claim(sighting)
      if (claim !== 'later') return claim === 'admitted'
    }
    return false
  }

  /** To be called when a callback that was admitted has ended. One that is answered 503 comes again, perhaps with more. */
  leave({ signature }: FastifyRequest, isTaken: boolean): void {
    if (signature?.sighting) this.#replays.leave(signature.sighting, isTaken)
  }

  async refuseReplay(request: FastifyRequest, reply: FastifyReply, body: Buffer): Promise<FastifyReply> {
    const app = request.signature?.appKey ?? 'unknown'
    this.#tally(app, 'replayed_nonce', 'none')
    if (body.length > 0) await this.#options.refused?.keep(request, body, because('replayed_nonce'))
    return refuse(reply, 401, messages.replayed_nonce)
  }

  async #refuse(request: FastifyRequest, reply: FastifyReply, reason: keyof typeof messages): Promise<void> {
    await this.#options.refused?.keepUnread(request, because(reason))
    refuse(reply, 401, messages[reason])
  }

  #count(found: Finding): void {
    const form = 'form' in found ? found.form : 'none'
    this.#tally(found.appKey ?? 'unknown', found.result, form)
    if ('ageS' in found && found.ageS !== undefined) this.#ages.observe(found.ageS)
    if (this.#options.enforce || this.#verified >= enoughVerified) return
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

  #tally(app: string, result: string, form: string): void {
    const key = `${app} ${result} ${form}`
    const sample = this.#results.get(key)
    if (sample) sample.count++
    else this.#results.set(key, { labels: { app, result, form }, count: 1 })
  }
}

function because(reason: keyof typeof messages): Reason {
  return { kind: 'unauthenticated', reason, errors: [{ pointer: '', message: messages[reason] }] }
}
