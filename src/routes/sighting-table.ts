import { hash } from 'node:crypto'

const wordsPerDigest = 4
const wordsPerSlot = 2 * wordsPerDigest

/** The first 128 bits of two digests, of a nonce with what it belongs to and of the body that came with it, in words. */
export type Sighting = readonly number[]

export function sightingOf(token: string, body: Buffer): Sighting {
  const [nonce, sent] = [hash('sha256', token, 'binary'), hash('sha256', body, 'binary')]
  const words = new Array<number>(wordsPerSlot)
  for (let i = 0; i < wordsPerDigest; i++) {
    words[i] = wordAt(nonce, 4 * i)
    words[i + wordsPerDigest] = wordAt(sent, 4 * i)
  }
  return words
}

export function isSameBody(one: Sighting, other: Sighting): boolean {
  for (let i = wordsPerDigest; i < wordsPerSlot; i++) if (one[i] !== other[i]) return false
  return true
}

/** Four bytes of a digest. */
function wordAt(digest: string, i: number): number {
  const byte = (k: number) => digest.charCodeAt(i + k) << (8 * k)
  return byte(0) | byte(1) | byte(2) | byte(3)
}

/**
 * A hash table of sightings by their nonce, without objects. A Map of strings takes nearly twice as long and more
 * memory, and each entry of it lives long enough for the collector to move it.
 */
export class SightingTable {
  readonly #words: Int32Array
  readonly #mask: number
  size = 0

  /** @param capacity entries at most: the table is twice as large, so that a search ends soon */
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

  /** Where the nonce stands, or the free slot where it would. */
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
