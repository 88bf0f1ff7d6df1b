import type { JsonObject } from '../platform/record.ts'

/** A CDR on its way: what decides with which others it may share a message. */
export interface ReadyCdr {
  number: number
  appKey: string
  /** Seconds since 1970. */
  endedAt: number
  feeUrl: string
  record: JsonObject
}

/** Of one message (protocol.md: batching). */
export const MAX_BATCH = 50

/** Merges CDRs of one application that end in the same second, as the platform does (protocol.md: batching). */
export class CdrBatches {
  readonly #buckets = new Map<string, ReadyCdr[]>()

  add(cdr: ReadyCdr): void {
    const key = `${cdr.endedAt} ${cdr.appKey} ${cdr.feeUrl}`
    const bucket = this.#buckets.get(key)
    if (bucket) bucket.push(cdr)
    else this.#buckets.set(key, [cdr])
  }

  /** Takes out the batches of all seconds before this one, earliest first, each in the order of its calls. */
  takeBefore(second: number): ReadyCdr[][] {
    const due = [...this.#buckets].filter(([, [first]]) => first !== undefined && first.endedAt < second)
    for (const [key] of due) this.#buckets.delete(key)
    return due
      .map(([, bucket]) => bucket.sort((a, b) => a.number - b.number))
      .sort(([a], [b]) => (a?.endedAt ?? 0) - (b?.endedAt ?? 0) || (a?.number ?? 0) - (b?.number ?? 0))
      .flatMap(slices)
  }
}

function slices(bucket: ReadyCdr[]): ReadyCdr[][] {
  const batches: ReadyCdr[][] = []
  for (let i = 0; i < bucket.length; i += MAX_BATCH) batches.push(bucket.slice(i, i + MAX_BATCH))
  return batches
}
