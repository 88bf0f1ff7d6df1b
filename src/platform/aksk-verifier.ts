import type { KeyObject } from 'node:crypto'
import { type Aksk, ageOf, announcesAksk, isSameDigest, parseAksk, passwordDigest, type Separator } from './aksk.ts'
import type { RecordKind } from './record.ts'
import type { CallbackUrls } from './urls.ts'

/** A secret of an app; an app has two of them while they are rotated. */
export interface AppSecret {
  appKey: string
  secret: KeyObject
  /** Whether the app is one of the private-number product, whose digests do not sign the URL (protocol.md: digest). */
  privateNumber?: boolean
}

/** Which of the documented digests a header carried: separator and URL, or the one without URL. */
export type DigestForm = `${'lf' | 'plain'}_${RecordKind}` | 'no_url'

export type Finding =
  | { result: 'verified'; appKey: string; form: DigestForm; ageS: number | undefined; token: string }
  | { result: 'too_old'; appKey: string; form: DigestForm; ageS: number | undefined }
  /** `appKey` only where it is a configured one: what else a stranger sends is not repeated. */
  | { result: 'missing' | 'malformed' | 'unknown_app' | 'wrong_digest'; appKey?: string }

interface Candidate {
  form: DigestForm
  url: string
  separator: Separator
  secret: KeyObject
}

interface App {
  candidates: Candidate[]
  /** What matched last on either path, tried first. It tells a stranger nothing but which form is in use. */
  last: Partial<Record<RecordKind, Candidate>>
}

const separators = { lf: '\n', plain: '' } as const

/**
 * Checks the X-AKSK header of callbacks. The platform's pages contradict each other about the separator and about which
 * URL is signed (protocol.md: digest), so every documented form counts. The private-number product signs no URL at all:
 * its form counts for apps that are declared to be of that product, and never for others, since the same digest is in
 * every request that a customer makes to the platform.
 */
export class AkskVerifier {
  readonly #apps = new Map<string, App>()
  readonly #maxAgeS: number | undefined

  /** @param maxAgeS seconds after which a header is too old; undefined: never */
  constructor(secrets: readonly AppSecret[], urls: CallbackUrls, maxAgeS?: number) {
    this.#maxAgeS = maxAgeS
    for (const { appKey, secret, privateNumber = false } of secrets) {
      const app = this.#apps.get(appKey) ?? { candidates: [], last: {} }
      app.candidates.push(...candidatesOf(secret, urls))
      if (privateNumber) app.candidates.push({ form: 'no_url', url: '', separator: '', secret })
      this.#apps.set(appKey, app)
    }
  }

  /**
   * Never throws, whatever the headers hold. The digest alone decides: an Authorization header that a proxy took away
   * or replaced is no reason to lose a callback.
   * @param path which of the two paths the callback came to: what matched there last is tried first
   */
  verify(
    { authorization, 'x-aksk': header }: { authorization?: string | undefined; 'x-aksk'?: unknown },
    path: RecordKind,
    nowMs = Date.now(),
  ): Finding {
    if (typeof header !== 'string') {
      return { result: authorization !== undefined && announcesAksk(authorization) ? 'malformed' : 'missing' }
    }
    const aksk = parseAksk(header)
    if (!aksk) return { result: 'malformed' }
    const { username: appKey, nonce } = aksk
    const app = this.#apps.get(appKey)
    if (!app) return { result: 'unknown_app' }
    const match = matching(app, aksk, path)
    if (!match) return { result: 'wrong_digest', appKey }
    app.last[path] = match
    const { form, url } = match
    const ageS = ageOf(aksk, nowMs)
    if (this.#maxAgeS !== undefined && !(ageS !== undefined && ageS <= this.#maxAgeS)) {
      return { result: 'too_old', appKey, form, ageS }
    }
    // Url and nonce stand together as they do in the form without separator: a nonce cannot be made another by
    // moving signs between it and a URL that another one begins with, or that the form without URL does not tell from
    // it. Under that form a header is the same one on both paths.
    return { result: 'verified', appKey, form, ageS, token: `${appKey}\n${url}${nonce}` }
  }
}

function candidatesOf(secret: KeyObject, urls: CallbackUrls): Candidate[] {
  const candidates: Candidate[] = []
  const seen = new Set<string>()
  for (const kind of ['status', 'fee'] as const) {
    for (const url of urls[kind]) {
      if (seen.has(url)) continue // one URL for both kinds is allowed (protocol.md: envelope)
      seen.add(url)
      for (const name of ['lf', 'plain'] as const) {
        candidates.push({ form: `${name}_${kind}`, url, separator: separators[name], secret })
      }
    }
  }
  return candidates
}

function matching({ last, candidates }: App, aksk: Aksk, path: RecordKind): Candidate | undefined {
  const matches = (candidate: Candidate) => hasDigest(candidate, aksk)
  const first = last[path]
  return first && matches(first) ? first : candidates.find(matches)
}

function hasDigest({ secret, url, separator }: Candidate, { digest, nonce, created }: Aksk): boolean {
  return isSameDigest(passwordDigest(secret, url + separator + nonce + separator + created), digest)
}
