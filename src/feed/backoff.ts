export interface Backoff {
  firstMs: number
  mostMs: number
}

/**
 * How long to wait after the n-th failure in a row (from 1 on): twice as long each time, and half of it by chance, so that
 * what failed together is not tried together.
 */
export function backoffMs({ firstMs, mostMs }: Backoff, failures: number, random = Math.random()): number {
  const ceiling = Math.min(mostMs, firstMs * 2 ** Math.min(failures - 1, 30))
  return ceiling / 2 + (random * ceiling) / 2
}
