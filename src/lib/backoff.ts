/**
 * Milliseconds to wait after so many failures in a row (1 and more): doubling from `firstMs` to `mostMs`, the upper half of
 * it by chance so that replicas spread.
 */
export function backoffMs(failures: number, firstMs: number, mostMs: number): number {
  const ceiling = Math.min(mostMs, firstMs * 2 ** (Math.min(failures, 20) - 1))
  return ceiling / 2 + (Math.random() * ceiling) / 2
}
