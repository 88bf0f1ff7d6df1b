import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'

/** A secret as Standard Webhooks writes it: whsec_ and 24 to 64 bytes in Base64. */
const form = /^whsec_([A-Za-z0-9+/]+={0,2})$/

/** The key of a secret, as an object that no log line and no JSON shows; undefined where it is none. */
export function readSecret(text: string): KeyObject | undefined {
  const key = Buffer.from(form.exec(text)?.[1] ?? '', 'base64')
  return key.length >= 24 && key.length <= 64 ? createSecretKey(key) : undefined
}

/**
 * The three headers of Standard Webhooks. Of several keys each makes a signature, so that one can be changed without a
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
