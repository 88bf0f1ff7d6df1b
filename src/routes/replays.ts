import { hash } from 'node:crypto'

/** Callbacks remembered. At ten a second that is most of three hours; one takes about 300 bytes. */
export const rememberedCallbacks = 100_000

/** A nonce, with what it belongs to, and the digest of the body that came with it. */
export interface Sighting {
  nonce: string
  body: string
}

/**
 * Tells a signed header that comes again with another body: the platform signs the URL, a nonce and the time, not the
 * body, so whoever saw one callback could send others under its header. A re-send with the same body passes.
 */
export class Replays {
  /** Nonce to body; the least recently seen first. */
  readonly #bodies = new Map<string, string>()
  readonly #capacity: number

  constructor(capacity = rememberedCallbacks) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#bodies.size
  }

  /** @param token stands for a nonce of an app, at most some 400 characters: see AkskVerifier */
  sight(token: string, body: Buffer): Sighting {
    return { nonce: token, body: hash('sha256', body, 'base64') }
  }

  isReplay({ nonce, body }: Sighting): boolean {
    const known = this.#bodies.get(nonce)
    return known !== undefined && known !== body
  }

  remember({ nonce, body }: Sighting): void {
    this.#bodies.delete(nonce)
    this.#bodies.set(nonce, body)
    if (this.#bodies.size <= this.#capacity) return
    const [oldest] = this.#bodies.keys()
    if (oldest !== undefined) this.#bodies.delete(oldest)
  }
}
