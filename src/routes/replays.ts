import { type Sighting, SightingTable, sightingOf } from './sighting-table.ts'

/** Callbacks remembered at least, and at most twice as many, in 8 MiB. At ten a second that is 80 minutes. */
export const rememberedCallbacks = 50_000

/**
 * Tells a signed header that comes again with another body: the platform signs the URL, a nonce and the time, not the
 * body, so whoever saw one callback could send others under its header. A re-send with the same body passes.
 */
export class Replays {
  /** Two generations: when the younger is full it becomes the older, and what the older held is forgotten. */
  #younger: SightingTable
  #older: SightingTable
  readonly #capacity: number

  constructor(capacity = rememberedCallbacks) {
    this.#capacity = capacity
    this.#younger = new SightingTable(capacity)
    this.#older = new SightingTable(capacity)
  }

  get size(): number {
    return this.#younger.size + this.#older.size
  }

  /** @param token stands for a nonce of an app, at most some 400 characters: see AkskVerifier */
  sight(token: string, body: Buffer): Sighting {
    return sightingOf(token, body)
  }

  isReplay(sighting: Sighting): boolean {
    return this.#younger.contradicts(sighting) ?? this.#older.contradicts(sighting) ?? false
  }

  remember(sighting: Sighting): void {
    this.#younger.add(sighting)
    if (this.#younger.size < this.#capacity) return
    const forgotten = this.#older
    this.#older = this.#younger
    this.#younger = forgotten
    forgotten.clear()
  }
}
