import { createPrivateKey, createSecretKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Cidr, parseCidr } from '../lib/addresses.ts'
import type { AppSecret } from '../platform/aksk-verifier.ts'

/** What is wrong with the environment, one line a variable. Values are never repeated: they may be secrets. */
export class ConfigError extends Error {}

/** Ends the entry of an app of the private-number product. */
const privateNumberMark = ':privateNumber'

/**
 * Entries `appKey:appSecret` or `appKey:appSecret:privateNumber`. A secret may hold colons, for the first one ends the
 * appKey, but neither commas nor the mark at its end. Secrets become key objects at once, which no log line and no JSON
 * shows.
 */
export function readApps(value: string | undefined): AppSecret[] {
  const apps = list(value).map((entry) => {
    const privateNumber = entry.endsWith(privateNumberMark)
    const pair = privateNumber ? entry.slice(0, -privateNumberMark.length) : entry
    const [, appKey, secret] = /^([\x21\x23-\x2b\x2d-\x39\x3b-\x7e]{1,128}):(\S+)$/.exec(pair) ?? []
    if (appKey === undefined || secret === undefined)
      throw new ConfigError(
        'RTC_APPS is not valid. It should be appKey:appSecret, or appKey:appSecret:privateNumber, several separated by commas',
      )
    return { appKey, secret: createSecretKey(Buffer.from(secret)), privateNumber }
  })
  for (const { appKey, privateNumber } of apps) {
    const same = apps.filter((app) => app.appKey === appKey)
    if (same.length > 2)
      throw new ConfigError('RTC_APPS holds more than two secrets of one appKey: the old and the new one are enough')
    if (same.some((app) => app.privateNumber !== privateNumber))
      throw new ConfigError(
        'RTC_APPS marks one secret of an appKey as privateNumber and the other not: mark both or none',
      )
  }
  return apps
}

export function readRanges(name: string, value: string | undefined): Cidr[] {
  return list(value).map((text) => {
    const range = parseCidr(text)
    if (!range)
      throw new ConfigError(
        `${name} is not valid. It should be ranges such as 192.0.2.0/24 or 2001:db8::/32 (one address: 192.0.2.7/32)`,
      )
    return range
  })
}

export function readTls(
  certFile: string | undefined,
  keyFile: string | undefined,
): { cert: Buffer; key: Buffer } | undefined {
  if (certFile === undefined && keyFile === undefined) return undefined
  if (certFile === undefined || keyFile === undefined)
    throw new ConfigError('TLS_CERT and TLS_KEY belong together: set both or none')
  const tls = { cert: readPem('TLS_CERT', certFile), key: readPem('TLS_KEY', keyFile) }
  if (!belongTogether(tls))
    throw new ConfigError('TLS_CERT and TLS_KEY should be PEM files of a certificate and of its own private key')
  return tls
}

function belongTogether({ cert, key }: { cert: Buffer; key: Buffer }): boolean {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))
  } catch {
    return false
  }
}

function readPem(name: string, file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new ConfigError(`${name} cannot be read (${(error as NodeJS.ErrnoException).code}): it should be a PEM file`)
  }
}

/** The keys that messages are signed with, as objects that no log line and no JSON shows; none where nothing is set. */
export function readForwardSecrets(secrets: string | undefined): KeyObject[] {
  const keys = list(secrets).map((secret) =>
    Buffer.from(/^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret)?.[1] ?? '', 'base64'),
  )
  if (keys.length > 2 || keys.some(({ length }) => length < 24 || length > 64))
    throw new ConfigError(
      'FORWARD_SECRET is not valid. It should be whsec_ and 24 to 64 bytes in Base64; two are separated by a comma',
    )
  return keys.map((key) => createSecretKey(key))
}

/** Undefined where nothing is forwarded. */
export function readForward(
  url: string | undefined,
  keys: readonly KeyObject[],
): { url: string; keys: readonly KeyObject[] } | undefined {
  if (url === undefined) return undefined
  if (!URL.canParse(url)) throw new ConfigError('FORWARD_URL is no URL: it should be as https://app.example.com/rtc')
  if (keys.length === 0) throw new ConfigError('FORWARD_URL is set, so FORWARD_SECRET is needed: posts are signed')
  return { url, keys }
}

export function list(value: string | undefined): string[] {
  return (value ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

export function bytes(value: string): number {
  const unit = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }[value.replace(/[0-9 ]/g, '').charAt(0)] ?? 1
  return Number.parseInt(value, 10) * unit
}

/** As the driver reads it: where the host is left out, a socket or the default is meant. */
export function isDatabaseUrl(text: string): boolean {
  return URL.canParse(text.replace('@/', '@localhost/'))
}

export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined
  } catch {
    return false
  }
}
