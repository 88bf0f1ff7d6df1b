import type { KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import fastifyEnv from '@fastify/env'
import type { FastifyInstance } from 'fastify'
import type { Static, TSchema } from 'typebox'
import { type Cidr, isLoopback, isTooWide } from '../lib/addresses.ts'
import type { AppSecret } from '../platform/aksk-verifier.ts'
import { callbackUrls, checkCallbackUrl, isPathToken } from '../platform/urls.ts'
import {
  bytes,
  ConfigError,
  isDatabaseUrl,
  isTimeZone,
  list,
  readApps,
  readForward,
  readForwardSecrets,
  readRanges,
  readTls,
} from './values.ts'
import { Environment, secretVariables } from './variables.ts'

export { ConfigError } from './values.ts'

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
  /** Of all sources together, on the public listener. */
  maxConnections: number
  quarantineMaxBytes: number
  quarantineRetentionDays: number
  partitionBy: 'month' | 'day'
  /** Undefined: calls are kept for ever. */
  retentionDays: number | undefined
  revealRetentionDays: number
  /** Whether userData holds nothing personal, so that `ops.calls` may show it. */
  showUserData: boolean
  /** Where facts and calls are posted to; undefined: nowhere. */
  forward: { url: string; keys: readonly KeyObject[] } | undefined
  /** What posts are signed with, those of `listen` too. */
  forwardKeys: readonly KeyObject[]
  feedRetentionDays: number
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
export async function loadConfig(environment: NodeJS.ProcessEnv = withDotEnv(process.env)): Promise<Config> {
  const data = withSecretFiles(present(environment))
  try {
    return toConfig(validated(data))
  } catch (error) {
    throw new ConfigError(explain(error))
  }
}

/** @fastify/env asks of a server only that it can be decorated: commands have none, and need not load one for this. */
function validated(data: Record<string, string>): Static<typeof Environment> {
  let config: unknown
  const server = {
    decorate(_name: string, value: unknown) {
      config = value
    },
    hasDecorator: () => true,
    hasRequestDecorator: () => true,
  }
  fastifyEnv(server as unknown as FastifyInstance, { schema: Environment, data, env: false }, (error) => {
    if (error) throw error
  })
  return config as Static<typeof Environment>
}

/** What a file .env in the working directory says, where the environment says nothing. */
function withDotEnv(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  try {
    return { ...parseEnv(readFileSync('.env', 'utf8')), ...environment }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return environment
    throw new ConfigError(`.env cannot be read (${(error as NodeJS.ErrnoException).code})`)
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
  return names.map((name) => `${name} is not valid. It sets ${properties[name]?.description ?? 'nothing'}`).join('\n')
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
  if (env.DATABASE_POOLER !== undefined && env.MIGRATE_DATABASE_URL === undefined && env.MIGRATE === 'auto')
    throw new ConfigError(
      'DATABASE_POOLER is set, so MIGRATE_DATABASE_URL is needed: a connection that does not lead to the pooler (or MIGRATE=manual)',
    )
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
  const forwardKeys = readForwardSecrets(env.FORWARD_SECRET)
  const allowFrom = readRanges('ALLOW_FROM', env.ALLOW_FROM)
  const trustProxy = readRanges('TRUST_PROXY', env.TRUST_PROXY)
  if (trustProxy.some(isTooWide))
    throw new ConfigError('TRUST_PROXY holds a range wider than /7: it should be the ranges of our own proxies only')
  const keepsStrangersOut = allowFrom.length > 0 && !allowFrom.some(isTooWide)
  const isLocked = auth === 'enforce' || pathTokens.length > 0 || keepsStrangersOut
  if (!isLoopback(env.HOST) && !isLocked && env.RTC_AUTH !== 'off') {
    throw new ConfigError(
      'HOST is not loopback, and nothing keeps strangers out: set PATH_TOKEN, ALLOW_FROM (no range wider than /7) or RTC_AUTH=enforce, or write RTC_AUTH=off to take callbacks from anybody',
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
    maxConnections: env.MAX_CONNECTIONS,
    quarantineMaxBytes: bytes(env.QUARANTINE_MAX_BYTES),
    quarantineRetentionDays: env.QUARANTINE_RETENTION_DAYS,
    partitionBy: env.PARTITION_BY,
    retentionDays: env.RETENTION_DAYS,
    revealRetentionDays: env.REVEAL_RETENTION_DAYS,
    showUserData: env.SHOW_USER_DATA,
    forward: readForward(env.FORWARD_URL, forwardKeys),
    forwardKeys,
    feedRetentionDays: env.FEED_RETENTION_DAYS,
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
