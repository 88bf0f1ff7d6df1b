import { hash } from 'node:crypto'

const wordsOfNonce = 4
const wordsOfBody = 3
const wordsPerSlot = 8
const stateWord = wordsOfNonce + wordsOfBody

/** 128 bits of a digest of a nonce, with what it belongs to, and 96 of one of the body that came with it, in words. */
export type NonceUse = readonly number[]

/** @param token stands for a nonce of an app, at most some 400 characters: see AkskVerifier */
export function nonceUse(token: string, body: Buffer): NonceUse {
  const [nonce, sent] = [hash('sha256', token, 'binary'), hash('sha256', body, 'binary')]
  const words = new Array<number>(stateWord)
  for (let i = 0; i < wordsOfNonce; i++) words[i] = wordAt(nonce, 4 * i)
  for (let i = 0; i < wordsOfBody; i++) words[i + wordsOfNonce] = wordAt(sent, 4 * i)
  return words
}

/** Four bytes of a digest. */
function wordAt(digest: string, i: number): number {
  const byte = (k: number) => digest.charCodeAt(i + k) << (8 * k)
  return byte(0) | byte(1) | byte(2) | byte(3)
}

/**
 * A hash table of nonces and the bodies they came with, each with a number that says how it stands, without objects. A
 * Map of strings takes nearly twice as long and more memory, and each entry of it lives long enough for the collector to
 * move it.
 */
export class NonceTable {
  readonly #words: Int32Array
  readonly #mask: number
  size = 0

  /** @param capacity entries at most: the table is twice as large, so that a search ends soon */
  constructor(capacity: number) {
    const slots = 2 ** Math.ceil(Math.log2(2 * capacity))
    this.#words = new Int32Array(slots * wordsPerSlot)
    this.#mask = this.#words.length - 1
  }

  /** Where the nonce stands, with whatever body; -1 when it is not there. */
  find(use: NonceUse): number {
    const at = this.#slotOf(use)
    return this.#isFree(at) ? -1 : at
  }

  hasBody(at: number, use: NonceUse): boolean {
    return this.#holds(at, use, wordsOfNonce, stateWord)
  }

  state(at: number): number {
    return this.#words[at + stateWord] as number
  }

  setState(at: number, state: number): void {
    this.#words[at + stateWord] = state
  }

  /** Puts it in, in the place of another body of its nonce. */
  put(use: NonceUse, state: number): void {
    const at = this.#slotOf(use)
    if (this.#isFree(at)) this.size++
    for (let i = 0; i < stateWord; i++) this.#words[at + i] = use[i] as number
    this.setState(at, state)
  }

  clear(): void {
    this.#words.fill(0)
    this.size = 0
  }

  /** Where the nonce stands, or the free slot where it would. */
  #slotOf(use: NonceUse): number {
    let at = (use[0] as number) * wordsPerSlot
    for (at &= this.#mask; !this.#isFree(at); at = (at + wordsPerSlot) & this.#mask) {
      if (this.#holds(at, use, 0, wordsOfNonce)) break
    }
    return at
  }

  /** No digest begins with 64 zeros. */
  #isFree(at: number): boolean {
    return this.#words[at] === 0 && this.#words[at + 1] === 0
  }

  #holds(at: number, use: NonceUse, from: number, to: number): boolean {
    for (let i = from; i < to; i++) if (this.#words[at + i] !== use[i]) return false
    return true
  }
}
