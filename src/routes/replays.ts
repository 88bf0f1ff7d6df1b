import { hash } from 'node:crypto'

/** Callbacks remembered. At ten a second that is most of three hours; one takes about 100 bytes. */
export const rememberedCallbacks = 100_000

/** A nonce and the body that came with it, as digests. */
export interface Sighting {
  nonce: string
  body: string
}

/**
 * Tells a signed header that comes again with another body: the platform signs the URL, a nonce and the time, not the
 * body, so whoever saw one callback could send others under its header. A re-send with the same body passes.
 */
export class Replays {
  /** Nonce to body, both as digests cut to 16 bytes; the least recently seen first. */
  readonly #bodies = new Map<string, string>()
  readonly #capacity: number

  constructor(capacity = rememberedCallbacks) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#bodies.size
  }

  /** @param token stands for a nonce of an app, see AkskVerifier */
  sight(token: string, body: Buffer): Sighting {
    return { nonce: digestOf(token), body: digestOf(body) }
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

/** 128 bits in a string of one byte a character: half of what hex digits take. */
function digestOf(data: string | Buffer): string {
  return hash('sha256', data, 'buffer').toString('latin1', 0, 16)
}
