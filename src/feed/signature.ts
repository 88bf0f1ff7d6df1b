import { createHmac, type KeyObject } from 'node:crypto'

/**
 * The three headers of Standard Webhooks. Each of several keys makes a signature, so that a secret can be changed without a
 * delivery that its receiver refuses.
 *
 * @param timestamp seconds since 1970
 */
export function signatureHeaders(
  keys: readonly KeyObject[],
  { id, timestamp, body }: { id: string; timestamp: number; body: string },
): Record<string, string> {
  const signed = `${id}.${timestamp}.${body}`
  const signatures = keys.map((key) => `v1,${createHmac('sha256', key).update(signed).digest('base64')}`)
  return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': signatures.join(' ') }
}
