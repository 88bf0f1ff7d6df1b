import { hash } from 'node:crypto'

/** Callbacks remembered at least, and at most twice as many, in 8 MiB. At ten a second that is 80 minutes. */
export const rememberedCallbacks = 50_000

/** Digests of a nonce, with what it belongs to, and of the body that came with it: four words each. */
export type Sighting = readonly number[]

/**
 * Tells a signed header that comes again with another body: the platform signs the URL, a nonce and the time, not the
 * body, so whoever saw one callback could send others under its header. A re-send with the same body passes.
 */
export class Replays {
  /** Two generations: when the younger is full it becomes the older, and the older is forgotten. */
  #younger: Generation
  #older: Generation
  readonly #capacity: number

  constructor(capacity = rememberedCallbacks) {
    this.#capacity = capacity
    this.#younger = new Generation(capacity)
    this.#older = new Generation(capacity)
  }

  get size(): number {
    return this.#younger.size + this.#older.size
  }

  /** @param token stands for a nonce of an app, at most some 400 characters: see AkskVerifier */
  sight(token: string, body: Buffer): Sighting {
    const [nonce, sent] = [hash('sha256', token, 'binary'), hash('sha256', body, 'binary')]
    const words = new Array<number>(wordsPerSlot)
    for (let i = 0; i < wordsPerDigest; i++) {
      words[i] = wordAt(nonce, 4 * i)
      words[i + wordsPerDigest] = wordAt(sent, 4 * i)
    }
    return words
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

const wordsPerDigest = 4
const wordsPerSlot = 2 * wordsPerDigest

/**
 * A hash table without objects. A Map of strings takes twice as long and three times the memory, and each entry of it
 * lives long enough for the collector to move it.
 */
class Generation {
  readonly #words: Int32Array
  readonly #mask: number
  size = 0

  constructor(capacity: number) {
    const slots = 2 ** Math.ceil(Math.log2(2 * capacity))
    this.#words = new Int32Array(slots * wordsPerSlot)
    this.#mask = this.#words.length - 1
  }

  /** Whether the nonce is there with another body; undefined when it is not there. */
  contradicts(sighting: Sighting): boolean | undefined {
    const at = this.#slotOf(sighting)
    return this.#isFree(at) ? undefined : !this.#holds(at + wordsPerDigest, sighting, wordsPerDigest)
  }

  add(sighting: Sighting): void {
    const at = this.#slotOf(sighting)
    if (this.#isFree(at)) this.size++
    for (let i = 0; i < wordsPerSlot; i++) this.#words[at + i] = sighting[i] as number
  }

  clear(): void {
    this.#words.fill(0)
    this.size = 0
  }

  /** Where the nonce stands, or the free slot where it would. Half of all slots are free, so it is near. */
  #slotOf(sighting: Sighting): number {
    let at = (sighting[0] as number) * wordsPerSlot
    for (at &= this.#mask; !this.#isFree(at); at = (at + wordsPerSlot) & this.#mask) {
      if (this.#holds(at, sighting, 0)) break
    }
    return at
  }

  /** No digest begins with 64 zeros. */
  #isFree(at: number): boolean {
    return this.#words[at] === 0 && this.#words[at + 1] === 0
  }

  #holds(at: number, sighting: Sighting, from: number): boolean {
    for (let i = 0; i < wordsPerDigest; i++) if (this.#words[at + i] !== sighting[from + i]) return false
    return true
  }
}

/** Four bytes of a digest. */
function wordAt(digest: string, i: number): number {
  const byte = (k: number) => digest.charCodeAt(i + k) << (8 * k)
  return byte(0) | byte(1) | byte(2) | byte(3)
}
