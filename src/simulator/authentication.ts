import type { IncomingHttpHeaders } from 'node:http'
import { isSameDigest, passwordDigest } from '../platform/aksk.ts'
import type { AppSecret } from '../platform/aksk-verifier.ts'

/** How far Created may be from the platform's time, in seconds; the real limit was not seen. */
const toleranceS = 300
const BEIJING_S = 8 * 3600

/** Checks the headers of an API call in the order of the platform's result codes (1023006 to 1023037). */
export function authenticate(
  { authorization, 'x-aksk': aksk }: IncomingHttpHeaders,
  apps: readonly AppSecret[],
  nowMs: number,
): { appKey: string } | { resultcode: string } {
  if (authorization === undefined || !/^AKSK /i.test(authorization)) return { resultcode: '1023006' }
  const announced = pairsOf(authorization)
  for (const [name, expected, missing, wrong] of announcement) {
    const value = announced.get(name)
    if (value === undefined) return { resultcode: missing }
    if (value !== expected) return { resultcode: wrong }
  }
  if (typeof aksk !== 'string') return { resultcode: '1023033' }
  const signed = pairsOf(aksk)
  for (const [name, missing] of signature) if (!signed.get(name)) return { resultcode: missing }
  const [appKey, nonce, created, digest] = signature.map(([name]) => signed.get(name) ?? '') as Four
  const app = apps.filter((app) => app.appKey === appKey)
  if (app.length === 0) return { resultcode: '1020150' }
  const right = app.some(({ secret }) => isSameDigest(passwordDigest(secret, nonce + created), digest))
  if (!right) return { resultcode: '1020176' }
  return isNow(created, nowMs) ? { appKey } : { resultcode: '1010013' }
}

type Four = [string, string, string, string]

const announcement = [
  ['realm', 'SDP', '1023007', '1023009'],
  ['profile', 'UsernameToken', '1023008', '1023010'],
  ['type', 'Appkey', '1023012', '1023011'],
] as const

const signature = [
  ['Username', '1023034'],
  ['Nonce', '1023035'],
  ['Created', '1023036'],
  ['PasswordDigest', '1023037'],
] as const

function pairsOf(header: string): Map<string, string> {
  return new Map([...header.matchAll(/([A-Za-z]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]))
}

/** Created is UTC or Beijing time (protocol.md: digest). */
function isNow(created: string, nowMs: number): boolean {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(created)) return false
  const ageS = (nowMs - Date.parse(created)) / 1000
  return Math.abs(ageS) <= toleranceS || Math.abs(ageS + BEIJING_S) <= toleranceS
}
