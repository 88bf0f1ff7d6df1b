/**
 * Longest URL the platform takes (protocol.md: callback URLs). It does not say whether before or after Base64, hence
 * the warning at 96.
 */
const MAX_LENGTH = 128
const SAFE_LENGTH = 96

export interface UrlFindings {
  errors: string[]
  warnings: string[]
}

/**
 * Checks a URL against the platform's rule for statusUrl and feeUrl (protocol.md: callback URLs): letters, digits, `-`,
 * `:`, `.` and `/` only, so no query and no underscore; at most 128 characters. The findings never hold the URL, whose
 * path may carry a token.
 */
export function checkCallbackUrl(url: string): UrlFindings {
  const errors: string[] = []
  const warnings: string[] = []
  if (/\s/.test(url)) errors.push('must hold no blanks or line breaks')
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) errors.push('must be an http or https URL')
  if (/[^A-Za-z0-9\-:./\s]/.test(url)) errors.push('must hold only letters, digits, "-", ":", "." and "/"')
  if (url.length > MAX_LENGTH) errors.push(`must have at most ${MAX_LENGTH} characters`)
  else if (url.length > SAFE_LENGTH) {
    warnings.push(`should have at most ${SAFE_LENGTH} characters: its Base64 form is longer than ${MAX_LENGTH}`)
  }
  return { errors, warnings }
}

/** The form in which statusUrl and feeUrl stand in a request: standard Base64 with padding. */
export function base64Url(url: string): string {
  return Buffer.from(url, 'utf8').toString('base64')
}

/** Whether a text may serve as secret path element: what the URL rule allows, and too long to guess. */
export function isPathToken(token: string): boolean {
  return /^[A-Za-z0-9-]{22,}$/.test(token)
}

export interface CallbackUrlSources {
  /** URL prefixes under which the platform reaches the receiver. */
  publicUrls: readonly string[]
  /** Secret path elements; two during rotation, none for plain paths. */
  tokens: readonly string[]
  statusUrl?: string | undefined
  feeUrl?: string | undefined
}

export interface CallbackUrls {
  status: string[]
  fee: string[]
}

/** The URLs at which the receiver takes callbacks, each in the order of prefixes and tokens. A given URL wins. */
export function callbackUrls({ publicUrls, tokens, statusUrl, feeUrl }: CallbackUrlSources): CallbackUrls {
  const bases = publicUrls
    .map((prefix) => `${prefix.replace(/\/+$/, '')}/rtc`)
    .flatMap((base) => (tokens.length === 0 ? [base] : tokens.map((token) => `${base}/${token}`)))
  return {
    status: statusUrl ? [statusUrl] : bases.map((base) => `${base}/status`),
    fee: feeUrl ? [feeUrl] : bases.map((base) => `${base}/fee`),
  }
}
