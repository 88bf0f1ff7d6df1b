import { createHmac, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto'

/** What an X-AKSK header says (protocol.md: authentication). */
export interface Aksk {
  /** The appKey. */
  username: string
  /** PasswordDigest as sent: Base64 of 32 bytes in every form that is documented. */
  digest: string
  nonce: string
  /** As sent: it is part of what is signed. */
  created: string
  /** Created read as UTC, in ms since 1970. */
  createdMs: number
}

/** The Authorization header that goes with every X-AKSK. It says nothing about the sender. */
export const AUTHORIZATION = 'AKSK realm="SDP",profile="UsernameToken",type="Appkey"'

/** Longest header that is looked at, in characters: a documented one has less than half of it. */
const MAX_LENGTH = 1024
/** Characters of 32 bytes in Base64. */
const DIGEST_LENGTH = 44

/**
 * Reads `X-AKSK: UsernameToken Username="…", PasswordDigest="…", Nonce="…", Created="…"`. The documentation
 * is not consistent about blanks (protocol.md: authentication), so any blanks and any order pass. Undefined when
 * something is missing, there twice, or cannot be what its name says.
 */
export function parseAksk(header: string): Aksk | undefined {
  if (header.length > MAX_LENGTH) return undefined
  const [, username, digest, nonce, created] = usual.exec(header) ?? inAnyOrder(header)
  if (!isPlain(username) || !isPlain(digest) || !isPlain(nonce) || created === undefined) return undefined
  // Where the nonce ends and the time begins must be beyond doubt: one form of the digest signs them without separator.
  const createdMs = instantOf(created)
  if (Number.isNaN(createdMs)) return undefined
  return { username, digest, nonce, created, createdMs }
}

/** As all samples have it: told in one look, since this is read before anything else of each callback. */
const usual = /^UsernameToken Username="([^"]*)", ?PasswordDigest="([^"]*)", ?Nonce="([^"]*)", ?Created="([^"]*)"$/

function inAnyOrder(header: string): (string | undefined)[] {
  const pairs = parsePairs('UsernameToken', header)
  return [header, ...['username', 'passworddigest', 'nonce', 'created'].map((name) => pairs?.get(name))]
}

/** Whether an Authorization header is the one the platform sends with X-AKSK. */
export function announcesAksk(header: string): boolean {
  return header.length <= MAX_LENGTH && parsePairs('AKSK', header)?.get('type')?.toLowerCase() === 'appkey'
}

/** `Scheme key="value",key="value"`: keys in lower case; undefined when it is anything else. */
function parsePairs(scheme: string, header: string): Map<string, string> | undefined {
  const [first = ''] = /^[ \t]*[A-Za-z]+[ \t]+/.exec(header) ?? []
  if (first.trim().toLowerCase() !== scheme.toLowerCase()) return undefined
  const pairs = new Map<string, string>()
  const pair = /[ \t]*([A-Za-z]+)[ \t]*=[ \t]*"([^"]*)"[ \t]*(,|$)/y
  pair.lastIndex = first.length
  while (pair.lastIndex < header.length) {
    const [, key = '', value = ''] = pair.exec(header) ?? []
    if (key === '' || pairs.has(key.toLowerCase())) return undefined
    pairs.set(key.toLowerCase(), value)
  }
  return pairs
}

/** Visible ASCII. Nonces are 1 to 128 letters and digits (protocol.md: authentication); other characters do no harm. */
function isPlain(text: string | undefined): text is string {
  return text !== undefined && /^[\x21-\x7e]{1,128}$/.test(text)
}

/** How far the clocks of the platform and of this machine may be apart, in seconds. */
const CLOCK_SKEW_S = 300
const BEIJING_S = 8 * 3600

/**
 * Seconds since a header was made. Created may be UTC or Beijing time, with a Z at the end in both cases (protocol.md:
 * digest): it is read both ways, and the smaller age that is not in the future counts. Undefined when both are.
 */
export function ageOf({ createdMs }: Pick<Aksk, 'createdMs'>, nowMs: number): number | undefined {
  const asUtc = (nowMs - createdMs) / 1000
  const age = asUtc >= -CLOCK_SKEW_S ? asUtc : asUtc + BEIJING_S
  return age >= -CLOCK_SKEW_S ? Math.max(0, age) : undefined
}

/** Callbacks of one second say the same time: it is read once. */
const latest = { created: '', ms: Number.NaN }

/** `yyyy-MM-dd'T'HH:mm:ss'Z'` read as UTC, in ms since 1970; NaN for anything else. */
function instantOf(created: string): number {
  if (created !== latest.created) {
    const [, date, time] = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d{1,9})?)Z?$/.exec(created) ?? []
    Object.assign(latest, { created, ms: Date.parse(`${date}T${time}Z`) })
  }
  return latest.ms
}

/** Between url, nonce and created there is a line feed (pages of 2026) or nothing (older ones): protocol.md: digest. */
export type Separator = '\n' | ''

/**
 * Base64 of HMAC-SHA256 under the appSecret. Requests to the platform sign nonce + created, its callbacks the URL too
 * (protocol.md: digest).
 */
export function passwordDigest(secret: KeyObject, signed: string): string {
  return createHmac('sha256', secret).update(signed).digest('base64')
}

/** Compares two digests, the second padded or not, in a time that does not tell where they differ. */
export function isSameDigest(expected: string, given: string): boolean {
  const padded = given.padEnd(DIGEST_LENGTH, '=')
  if (padded.length !== DIGEST_LENGTH) return false
  sides[0].write(expected, 'latin1')
  sides[1].write(padded, 'latin1')
  return timingSafeEqual(...sides)
}

const sides = [Buffer.alloc(DIGEST_LENGTH), Buffer.alloc(DIGEST_LENGTH)] as const

export interface Signing {
  appKey: string
  secret: KeyObject
  /** The URL that a callback goes to, as configured; left out in calls to the platform. */
  url?: string
  separator?: Separator
  nonce?: string
  /** Defaults to now in UTC. */
  created?: string
}

/** The two headers that sign a callback as the platform does, or a call to it. */
export function signedHeaders(signing: Signing): { authorization: string; 'x-aksk': string } {
  const { appKey, secret, url, separator = '\n' } = signing
  const { nonce = randomBytes(16).toString('hex'), created = `${new Date().toISOString().slice(0, 19)}Z` } = signing
  const signed = url === undefined ? nonce + created : url + separator + nonce + separator + created
  const digest = passwordDigest(secret, signed)
  return {
    authorization: AUTHORIZATION,
    'x-aksk': `UsernameToken Username="${appKey}",PasswordDigest="${digest}",Nonce="${nonce}",Created="${created}"`,
  }
}
