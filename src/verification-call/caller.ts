import { createSecretKey, type KeyObject, randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/schema'
import { signedHeaders } from '../platform/aksk.ts'
import type { Place } from '../platform/record.ts'
import { base64Url, checkCallbackUrl } from '../platform/urls.ts'
import { invalid, refused, uncertain, unreachable, VerificationCallError } from './error.ts'
import { CALL_VERIFY_PATH, CallVerifyAnswer, type CallVerifyBody, VerificationCall } from './schema.ts'

/** Which time `Created` tells; it ends in Z in both cases (protocol.md: placing a verification call). */
export type CreatedZone = 'utc' | 'beijing'

export interface CallerOptions {
  /** Address of the platform as the console shows it: https, or http on loopback; no path. */
  apiUrl: string
  appKey: string
  secret: KeyObject | string
  /** Where callbacks go when a call does not say; without, the platform takes what the console has. */
  statusUrl?: string | undefined
  feeUrl?: string | undefined
  createdZone?: CreatedZone
  /** Milliseconds for everything, further tries included. */
  timeoutMs?: number
}

export interface PlacedCall {
  /** The same as in the callbacks of the call. */
  sessionId: string
  placedAt: Date
  /** Free ports of the application, where the call asked for them. */
  idlePort?: number
}

const BEIJING_MS = 8 * 3_600_000
/** Before each further try, in milliseconds. */
const pausesMs = [300, 1_000]
/** Most bytes of an answer that are read; a real one has about 150. */
const MAX_ANSWER = 64 * 1024

const call = Compile(VerificationCall)
const answer = Compile(CallVerifyAnswer)

/**
 * Places verification-code calls (protocol.md: placing a verification call). Neither the code nor a number is logged or
 * repeated in an error.
 */
export class VerificationCaller {
  readonly #url: string
  readonly #options: CallerOptions
  readonly #secret: KeyObject

  /** Throws VerificationCallError when an option is not valid. */
  constructor(options: CallerOptions) {
    const { apiUrl, appKey, secret, timeoutMs = 1 } = options
    const places: Place[] = []
    if (!isApiUrl(apiUrl)) {
      places.push({ pointer: '/apiUrl', message: 'must be https://host[:port], or http on loopback, without a path' })
    }
    if (!/^[!#-~]{1,128}$/.test(appKey)) {
      places.push({ pointer: '/appKey', message: 'must be 1 to 128 characters without blanks' })
    }
    if (secret === '') places.push({ pointer: '/secret', message: 'is missing' })
    if (!(timeoutMs > 0)) places.push({ pointer: '/timeoutMs', message: 'must be more than 0' })
    places.push(...checkUrls(options))
    if (places.length > 0) throw invalid(places)
    this.#options = options
    this.#url = new URL(CALL_VERIFY_PATH, apiUrl).href
    this.#secret = typeof secret === 'string' ? createSecretKey(Buffer.from(secret)) : secret
  }

  /**
   * Places one call. Tries again only while there was no connection at all, for then no phone can ring twice.
   * Rejects with VerificationCallError, which tells whether the call was placed and whether trying again helps.
   */
  async call(request: VerificationCall): Promise<PlacedCall> {
    const body = JSON.stringify(this.#bodyOf(request))
    const { timeoutMs = 10_000 } = this.#options
    const signal = AbortSignal.timeout(timeoutMs)
    for (let tries = 0; ; tries++) {
      const result = await this.#try(body, signal)
      if (typeof result !== 'string') return result
      const pauseMs = pausesMs[tries]
      if (pauseMs === undefined) throw unreachable(result, 'later')
      await sleep(pauseMs)
      if (signal.aborted) throw unreachable(result, 'later')
    }
  }

  /** The reason, where there was no connection. */
  async #try(body: string, signal: AbortSignal): Promise<PlacedCall | string> {
    const placedAt = new Date()
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: {
          ...this.#sign(placedAt),
          'content-type': 'application/json;charset=UTF-8',
          // The API has short connections. On one that was kept open a request can break without our knowing
          // whether it was taken.
          connection: 'close',
        },
        body,
        redirect: 'manual',
        signal,
      })
      return readAnswer(response.status, await readBody(response), placedAt)
    } catch (error) {
      if (error instanceof VerificationCallError) throw error
      if (signal.aborted) throw uncertain(`no answer within ${this.#options.timeoutMs ?? 10_000} ms`)
      if (!(error instanceof TypeError)) throw error
      return reasonOfNoConnection(error.cause)
    }
  }

  #sign(now: Date): Record<string, string> {
    const { appKey, createdZone = 'utc' } = this.#options
    const told = new Date(now.getTime() + (createdZone === 'beijing' ? BEIJING_MS : 0))
    // Every try has a nonce of its own: the platform may refuse one that it has seen.
    return signedHeaders({ appKey, secret: this.#secret, created: `${told.toISOString().slice(0, 19)}Z` })
  }

  #bodyOf(request: VerificationCall): CallVerifyBody {
    const given = withoutUndefined(request)
    const places = call.Check(given) ? checkUrls(given) : findMistakes(given)
    if (places.length > 0) throw invalid(places)
    const { languageType = 2, statusUrl = this.#options.statusUrl, feeUrl = this.#options.feeUrl, ...rest } = given
    const { returnIdlePort, ...fields } = rest
    return {
      ...fields,
      languageType,
      ...(statusUrl === undefined ? {} : { statusUrl: base64Url(statusUrl) }),
      ...(feeUrl === undefined ? {} : { feeUrl: base64Url(feeUrl) }),
      ...(returnIdlePort === undefined ? {} : { returnIdlePort: returnIdlePort ? 'true' : 'false' }),
    }
  }
}

/** A code from the secure generator, 2 to 8 digits. */
export function newVerifyCode(digits = 6): string {
  return Array.from({ length: digits }, () => randomInt(10)).join('')
}

function isApiUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, username, password, pathname, search, hash } = new URL(text)
  // URL has written any spelling of an IPv4 address as four numbers.
  const loopback = hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname)
  const bare = `${username}${password}${search}${hash}` === '' && pathname === '/'
  return bare && (protocol === 'https:' || (protocol === 'http:' && loopback))
}

function checkUrls(urls: { statusUrl?: string | undefined; feeUrl?: string | undefined }): Place[] {
  return (['statusUrl', 'feeUrl'] as const).flatMap((name) => {
    const url = urls[name]
    return url === undefined
      ? []
      : checkCallbackUrl(url).errors.map((message): Place => ({ pointer: `/${name}`, message }))
  })
}

/** Names each field once, in the order of the schema, and says what it must be. */
function findMistakes(given: object): Place[] {
  const missing = new Set<string>()
  const wrong = new Set<string>()
  for (const error of call.Errors(given)[1]) {
    if (error.keyword === 'required') for (const name of error.params.requiredProperties) missing.add(name)
    else if (error.instancePath !== '') wrong.add(error.instancePath.slice(1))
  }
  const places: Place[] = []
  const properties: Record<string, TSchema & { description?: string }> = VerificationCall.properties
  for (const [name, { description = 'is not valid' }] of Object.entries(properties)) {
    if (missing.has(name)) places.push({ pointer: `/${name}`, message: 'is missing' })
    else if (wrong.has(name)) places.push({ pointer: `/${name}`, message: description })
  }
  const unknown = Object.keys(given).filter((name) => !(name in VerificationCall.properties))
  // What else somebody passes is not named: it may be a value put in the wrong place.
  if (unknown.length > 0) places.push({ pointer: '/request', message: 'holds a field that the API does not have' })
  return places
}

function withoutUndefined<T extends object>(given: T): T {
  return Object.fromEntries(Object.entries(given ?? {}).filter(([, value]) => value !== undefined)) as T
}

async function readBody(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > MAX_ANSWER) throw uncertain('the answer is too long', response.status)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function readAnswer(httpStatus: number, text: string, placedAt: Date): PlacedCall {
  const parsed = parse(text)
  if (!answer.Check(parsed) || !/^[0-9]{1,10}$/.test(String(parsed.resultcode))) {
    throw uncertain(`the answer (HTTP ${httpStatus}) holds no result code`, httpStatus)
  }
  const { resultcode, sessionId, idlePort } = parsed
  if (Number(resultcode) !== 0) throw refused(String(resultcode), httpStatus)
  if (!sessionId) throw uncertain('the answer holds no sessionId', httpStatus)
  const ports = Number(idlePort ?? Number.NaN)
  return { sessionId, placedAt, ...(Number.isInteger(ports) ? { idlePort: ports } : {}) }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** DNS or the connection failed, before anything can have been sent. */
function isUnconnected({ syscall, code = '' }: NodeJS.ErrnoException): boolean {
  if (syscall === 'getaddrinfo') return true
  return syscall === 'connect' && ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH'].includes(code)
}

/** Throws unless there surely was no connection. There is one cause for each address that was tried. */
function reasonOfNoConnection(cause: unknown): string {
  const errors = cause instanceof AggregateError ? cause.errors : [cause]
  const reasons = errors.map((error) => (error ?? {}) as NodeJS.ErrnoException)
  const { code = 'no reason given' } = reasons[0] ?? {}
  if (reasons.every(isUnconnected)) return code
  if (code === 'UND_ERR_CONNECT_TIMEOUT') throw unreachable(code, 'later')
  if (/^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_|ERR_TLS_CERT_)/.test(code)) throw unreachable(code, 'no')
  throw uncertain(`the connection broke (${code})`)
}
