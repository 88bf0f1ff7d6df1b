import { hash } from 'node:crypto'

/** Callbacks remembered at least, and at most twice as many. At ten a second that is 80 minutes; one takes about 150 bytes. */
export const rememberedCallbacks = 50_000

/** Digests of a nonce, with what it belongs to, and of the body that came with it. */
export interface Sighting {
  nonce: string
  body: string
}

/**
 * Tells a signed header that comes again with another body: the platform signs the URL, a nonce and the time, not the
 * body, so whoever saw one callback could send others under its header. A re-send with the same body passes.
 */
export class Replays {
  /**
   * Nonce to body, in two generations: when the younger is full it becomes the older. To drop the oldest entry of one
   * Map each time costs 20 to 70 µs a callback, for the search for it walks over all that were dropped before.
   */
  #younger = new Map<string, string>()
  #older = new Map<string, string>()
  readonly #capacity: number

  constructor(capacity = rememberedCallbacks) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#younger.size + this.#older.size
  }

  /** @param token stands for a nonce of an app, at most some 400 characters: see AkskVerifier */
  sight(token: string, body: Buffer): Sighting {
    return { nonce: digestOf(token), body: digestOf(body) }
  }

  isReplay({ nonce, body }: Sighting): boolean {
    const known = this.#younger.get(nonce) ?? this.#older.get(nonce)
    return known !== undefined && known !== body
  }

  remember({ nonce, body }: Sighting): void {
    this.#younger.set(nonce, body)
    if (this.#younger.size < this.#capacity) return
    this.#older = this.#younger
    this.#younger = new Map()
  }
}

/** In a string of one byte a character: half of what hex digits take, and of what the nonce itself does. */
function digestOf(data: string | Buffer): string {
  return hash('sha256', data, 'binary')
}
