import { createPrivateKey, createSecretKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import fastifyEnv from '@fastify/env'
import Fastify from 'fastify'
import { type Static, type TSchema, Type } from 'typebox'
import { type Cidr, isEverywhere, parseCidr } from './addresses.ts'
import type { AppSecret } from './rtc/aksk-verifier.ts'
import { callbackUrls, checkCallbackUrl, isPathToken } from './rtc/urls.ts'

/** What is wrong with the environment, one line a variable. Values are never repeated: they may be secrets. */
export class ConfigError extends Error {}

const text = (description: string, fallback?: string) =>
  Type.String({ description, ...(fallback === undefined ? {} : { default: fallback }) })
const whole = (description: string, fallback: number, minimum: number, maximum: number) =>
  Type.Integer({
    description: `${description}: a whole number from ${minimum} to ${maximum}`,
    default: fallback,
    minimum,
    maximum,
  })
const choice = <const T extends string[]>(description: string, values: [...T], fallback: T[number]) =>
  Type.Enum(values, { description: `${description}: one of ${values.join(', ')}`, default: fallback })
const size = (description: string, fallback: string) =>
  Type.String({
    description: `${description}: bytes, or a number with KiB, MiB or GiB`,
    default: fallback,
    pattern: '^[0-9]+ ?([KMG]iB)?$',
  })
const maybe = <T extends TSchema>(schema: T) => Type.Optional(schema)

/** Every variable the receiver reads. `.env.example` and the README's table say the same for people. */
export const Environment = Type.Object({
  HOST: text('address of the public listener', '127.0.0.1'),
  PORT: whole('port of the public listener', 3000, 0, 65535),
  ADMIN_HOST: text('address of the private listener', '127.0.0.1'),
  ADMIN_PORT: whole('port of the private listener', 3001, 0, 65535),
  ADMIN_TOKEN: maybe(
    Type.String({ description: 'password of the private listener: at least 16 characters', minLength: 16 }),
  ),
  ADMIN_HOSTS: maybe(text('names under which people open the private listener, separated by commas, without port')),
  DATABASE_URL: maybe(
    Type.String({
      description: 'where Postgres is: postgres://user:password@host:port/database',
      pattern: '^postgres(ql)?://',
    }),
  ),
  MIGRATE_DATABASE_URL: maybe(
    Type.String({ description: 'where migrations run: postgres://…', pattern: '^postgres(ql)?://' }),
  ),
  MIGRATE: choice('whether the receiver migrates when it starts', ['auto', 'manual'], 'auto'),
  DATABASE_POOL_SIZE: whole('connections to Postgres', 6, 2, 100),
  DATABASE_POOLER: maybe(
    Type.Enum(['transaction'], {
      description: 'set to transaction behind a pooler such as pgbouncer in transaction mode',
    }),
  ),
  DATA_DIR: text('directory of the spool and of the embedded Postgres', './data'),
  PUBLIC_URL: maybe(text('URL prefix under which the platform reaches the receiver; several are separated by commas')),
  STATUS_URL: maybe(text('the whole statusUrl, where it is not made from PUBLIC_URL')),
  FEE_URL: maybe(text('the whole feeUrl, where it is not made from PUBLIC_URL')),
  PATH_TOKEN: maybe(
    text('secret part of the callback path: letters, digits and hyphens, at least 22; two are separated by a comma'),
  ),
  RTC_APPS: maybe(
    text(
      'appKey:appSecret of each application, separated by commas; an appKey stands twice while its secret is changed',
    ),
  ),
  RTC_AUTH: maybe(
    Type.Enum(['enforce', 'report', 'off'], {
      description: 'what X-AKSK digests are for: enforce (refuse), report (check, count, accept) or off',
    }),
  ),
  RTC_MAX_AGE_S: maybe(
    Type.Integer({
      description: 'age in seconds from which a signed header is refused: a whole number from 1 to 604800',
      minimum: 1,
      maximum: 604_800,
    }),
  ),
  ALLOW_FROM: maybe(text('ranges of addresses that callbacks may come from, as 192.0.2.0/24,2001:db8::/32')),
  TRUST_PROXY: maybe(
    text('ranges of addresses of our own proxies, as 10.0.0.0/24: X-Forwarded-For of these is believed'),
  ),
  TLS_CERT: maybe(text('file of the certificate with its chain, PEM: the public listener then speaks https')),
  TLS_KEY: maybe(text('file of the private key of TLS_CERT, PEM')),
  COMMIT_DEADLINE_MS: whole('milliseconds a callback waits for Postgres before it goes to the spool', 1500, 50, 60_000),
  SPOOL_MAX_BYTES: size('most the spool may take on disk', '1 GiB'),
  BODY_LIMIT: size('largest body of a callback', '1 MiB'),
  QUARANTINE_MAX_BYTES: size('most the bodies in rtc.quarantine may take', '256 MiB'),
  QUARANTINE_RETENTION_DAYS: whole('days a quarantined record is kept', 90, 1, 36_500),
  PARTITION_BY: choice('size of a partition', ['month', 'day'], 'month'),
  RETENTION_DAYS: maybe(
    Type.Integer({
      description: 'days that calls are kept, for ever when unset: a whole number from 1 to 36500',
      minimum: 1,
      maximum: 36_500,
    }),
  ),
  // The floor is the one of the function that deletes.
  REVEAL_RETENTION_DAYS: whole('days that is kept who asked to see numbers', 1_095, 180, 36_500),
  TIME_ZONE: text('time zone in which people are shown times', 'Asia/Shanghai'),
  RTC_API_URL: maybe(text("address of the platform's API, from the console: https://host[:port]")),
  RTC_CREATED_ZONE: choice('time that Created tells in calls to the platform', ['utc', 'beijing'], 'utc'),
  DISPLAY_NUMBER: maybe(
    Type.String({
      description: 'fixed-line number that callees of verification calls see: + and digits',
      pattern: '^\\+[0-9]{3,30}$',
    }),
  ),
  PRE_TONE: maybe(
    Type.String({
      description: 'announcement before the code of a verification call: name of an uploaded .wav file',
      maxLength: 128,
    }),
  ),
  LOG_LEVEL: choice(
    'least severe log line that is written',
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    'info',
  ),
  SHUTDOWN_DELAY_MS: whole('milliseconds to go on serving after the signal to stop', 0, 0, 600_000),
  SHUTDOWN_TIMEOUT_MS: whole('milliseconds in which the rest of the shutdown must be done', 20_000, 1_000, 600_000),
})

/** Variables that hold a secret: each may come from a file named in NAME_FILE instead. */
export const secretVariables = [
  'ADMIN_TOKEN',
  'DATABASE_URL',
  'MIGRATE_DATABASE_URL',
  'PATH_TOKEN',
  'RTC_APPS',
] as const

export type AuthMode = 'enforce' | 'report' | 'off'

export interface Config {
  host: string
  port: number
  adminHost: string
  adminPort: number
  adminToken: string | undefined
  /** Names allowed in the Host header of the private listener, besides loopback and the bound address; lower case. */
  adminHosts: string[]
  /** Undefined: the embedded Postgres under `dataDir`. */
  databaseUrl: string | undefined
  migrateDatabaseUrl: string | undefined
  migrate: 'auto' | 'manual'
  databasePoolSize: number
  databasePooler: 'transaction' | undefined
  dataDir: string
  publicUrls: string[]
  statusUrl: string | undefined
  feeUrl: string | undefined
  pathTokens: string[]
  apps: AppSecret[]
  auth: AuthMode
  maxAgeS: number | undefined
  /** Empty: from anywhere. */
  allowFrom: Cidr[]
  trustProxy: Cidr[]
  /** Certificate chain and private key, PEM. */
  tls: { cert: Buffer; key: Buffer } | undefined
  commitDeadlineMs: number
  spoolMaxBytes: number
  bodyLimit: number
  quarantineMaxBytes: number
  quarantineRetentionDays: number
  partitionBy: 'month' | 'day'
  /** Undefined: calls are kept for ever. */
  retentionDays: number | undefined
  revealRetentionDays: number
  timeZone: string
  /** For placing verification calls. */
  apiUrl: string | undefined
  createdZone: 'utc' | 'beijing'
  displayNumber: string | undefined
  preTone: string | undefined
  logLevel: string
  shutdownDelayMs: number
  shutdownTimeoutMs: number
}

/** Reads the configuration from the environment. Throws ConfigError, which names each variable that is wrong. */
export async function loadConfig(environment: NodeJS.ProcessEnv = process.env): Promise<Config> {
  const data = withSecretFiles(present(environment))
  const carrier = Fastify()
  try {
    await carrier.register(fastifyEnv, { schema: Environment, data, env: false })
    return toConfig(carrier.getEnvs<Static<typeof Environment>>())
  } catch (error) {
    throw new ConfigError(explain(error))
  } finally {
    await carrier.close()
  }
}

/** An empty variable counts as unset, as compose files write it. */
function present(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''),
  )
}

function withSecretFiles(data: Record<string, string>): Record<string, string> {
  for (const name of secretVariables) {
    const file = data[`${name}_FILE`]
    if (file === undefined) continue
    if (data[name] !== undefined) throw new ConfigError(`${name} and ${name}_FILE are both set: keep one`)
    try {
      data[name] = readFileSync(file, 'utf8').trim()
    } catch (error) {
      throw new ConfigError(`${name}_FILE cannot be read (${(error as NodeJS.ErrnoException).code})`)
    }
  }
  return data
}

interface SchemaError {
  instancePath: string
}

/** Names the variables and says what each should be; never what it was. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const errors = 'errors' in error && Array.isArray(error.errors) ? (error.errors as SchemaError[]) : []
  const names = [...new Set(errors.map(({ instancePath }) => instancePath.slice(1)))]
  if (names.length === 0) return error.message
  const properties: Record<string, TSchema & { description?: string }> = Environment.properties
  return names.map((name) => `${name} is not valid. It is the ${properties[name]?.description ?? 'unknown'}`).join('\n')
}

function toConfig(env: Static<typeof Environment>): Config {
  const pathTokens = list(env.PATH_TOKEN)
  if (pathTokens.length > 2)
    throw new ConfigError('PATH_TOKEN holds more than two tokens: the old and the new one are enough')
  if (!pathTokens.every(isPathToken))
    throw new ConfigError('PATH_TOKEN must have letters, digits and hyphens only, and at least 22 of them')
  const publicUrls = list(env.PUBLIC_URL)
  for (const [name, urls] of [
    ['PUBLIC_URL', publicUrls],
    ['STATUS_URL', list(env.STATUS_URL)],
    ['FEE_URL', list(env.FEE_URL)],
  ] as const) {
    const errors = urls.flatMap((url) => checkCallbackUrl(url).errors)
    if (errors.length > 0) throw new ConfigError(`${name} ${errors[0]}: the platform takes no other`)
  }
  for (const name of ['DATABASE_URL', 'MIGRATE_DATABASE_URL'] as const) {
    if (!isDatabaseUrl(env[name] ?? 'postgres://'))
      throw new ConfigError(
        `${name} is no URL: in user and password, anything but letters and digits is written as %xx`,
      )
  }
  if (bytes(env.BODY_LIMIT) < 1024) throw new ConfigError('BODY_LIMIT is too small: it should be at least 1 KiB')
  if (!isTimeZone(env.TIME_ZONE))
    throw new ConfigError('TIME_ZONE is no time zone: it should be a name such as Asia/Shanghai')
  const apps = readApps(env.RTC_APPS)
  const auth = env.RTC_AUTH ?? (apps.length > 0 ? 'report' : 'off')
  if (auth !== 'off' && apps.length === 0)
    throw new ConfigError(`RTC_AUTH is ${auth}, so RTC_APPS is needed: appKey:appSecret of each application`)
  const urls = callbackUrls({ publicUrls, tokens: pathTokens, statusUrl: env.STATUS_URL, feeUrl: env.FEE_URL })
  if (auth === 'enforce' && (urls.status.length === 0 || urls.fee.length === 0))
    throw new ConfigError(
      'RTC_AUTH is enforce, so PUBLIC_URL (or STATUS_URL and FEE_URL) is needed: digests sign the URL',
    )
  const allowFrom = readRanges('ALLOW_FROM', env.ALLOW_FROM)
  const trustProxy = readRanges('TRUST_PROXY', env.TRUST_PROXY)
  if (trustProxy.some(isEverywhere))
    throw new ConfigError('TRUST_PROXY holds every address: it should be the ranges of our own proxies only')
  const keepsStrangersOut = allowFrom.length > 0 && !allowFrom.some(isEverywhere)
  const isLocked = auth === 'enforce' || pathTokens.length > 0 || keepsStrangersOut
  if (!isLoopback(env.HOST) && !isLocked && env.RTC_AUTH !== 'off') {
    throw new ConfigError(
      'HOST is not loopback, and nothing keeps strangers out: set PATH_TOKEN, ALLOW_FROM or RTC_AUTH=enforce, or write RTC_AUTH=off to take callbacks from anybody',
    )
  }
  if (!isLoopback(env.ADMIN_HOST) && env.ADMIN_TOKEN === undefined) {
    throw new ConfigError('ADMIN_HOST is not loopback: set ADMIN_TOKEN, the private listener shows what is stored')
  }
  return {
    host: env.HOST,
    port: env.PORT,
    adminHost: env.ADMIN_HOST,
    adminPort: env.ADMIN_PORT,
    adminToken: env.ADMIN_TOKEN,
    adminHosts: list(env.ADMIN_HOSTS).map((name) => name.toLowerCase()),
    databaseUrl: env.DATABASE_URL,
    migrateDatabaseUrl: env.MIGRATE_DATABASE_URL,
    migrate: env.MIGRATE,
    databasePoolSize: env.DATABASE_POOL_SIZE,
    databasePooler: env.DATABASE_POOLER,
    dataDir: resolve(env.DATA_DIR),
    publicUrls,
    statusUrl: env.STATUS_URL,
    feeUrl: env.FEE_URL,
    pathTokens,
    apps,
    auth,
    maxAgeS: env.RTC_MAX_AGE_S,
    allowFrom,
    trustProxy,
    tls: readTls(env.TLS_CERT, env.TLS_KEY),
    commitDeadlineMs: env.COMMIT_DEADLINE_MS,
    spoolMaxBytes: bytes(env.SPOOL_MAX_BYTES),
    bodyLimit: bytes(env.BODY_LIMIT),
    quarantineMaxBytes: bytes(env.QUARANTINE_MAX_BYTES),
    quarantineRetentionDays: env.QUARANTINE_RETENTION_DAYS,
    partitionBy: env.PARTITION_BY,
    retentionDays: env.RETENTION_DAYS,
    revealRetentionDays: env.REVEAL_RETENTION_DAYS,
    timeZone: env.TIME_ZONE,
    apiUrl: env.RTC_API_URL,
    createdZone: env.RTC_CREATED_ZONE,
    displayNumber: env.DISPLAY_NUMBER,
    preTone: env.PRE_TONE,
    logLevel: env.LOG_LEVEL,
    shutdownDelayMs: env.SHUTDOWN_DELAY_MS,
    shutdownTimeoutMs: env.SHUTDOWN_TIMEOUT_MS,
  }
}

/**
 * Pairs of appKey and appSecret. A secret may hold colons, for the first one ends the appKey; commas it cannot hold.
 * Secrets become key objects at once, which no log line and no JSON shows.
 */
function readApps(value: string | undefined): AppSecret[] {
  const apps = list(value).map((pair) => {
    const [, appKey, secret] = /^([\x21\x23-\x2b\x2d-\x39\x3b-\x7e]{1,128}):(\S+)$/.exec(pair) ?? []
    if (appKey === undefined || secret === undefined)
      throw new ConfigError('RTC_APPS is not valid. It should be appKey:appSecret, several separated by commas')
    return { appKey, secret: createSecretKey(Buffer.from(secret)) }
  })
  for (const { appKey } of apps) {
    if (apps.filter((app) => app.appKey === appKey).length > 2)
      throw new ConfigError('RTC_APPS holds more than two secrets of one appKey: the old and the new one are enough')
  }
  return apps
}

function readRanges(name: string, value: string | undefined): Cidr[] {
  return list(value).map((text) => {
    const range = parseCidr(text)
    if (!range)
      throw new ConfigError(
        `${name} is not valid. It should be ranges such as 192.0.2.0/24 or 2001:db8::/32 (one address: 192.0.2.7/32)`,
      )
    return range
  })
}

function readTls(certFile: string | undefined, keyFile: string | undefined): Config['tls'] {
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

function list(value: string | undefined): string[] {
  return (value ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

function bytes(value: string): number {
  const unit = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }[value.replace(/[0-9 ]/g, '').charAt(0)] ?? 1
  return Number.parseInt(value, 10) * unit
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host)
}

/** As the driver reads it: where the host is left out, a socket or the default is meant. */
function isDatabaseUrl(text: string): boolean {
  return URL.canParse(text.replace('@/', '@localhost/'))
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined
  } catch {
    return false
  }
}
