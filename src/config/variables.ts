import { type TSchema, Type } from 'typebox'

// A description completes the sentence "It sets …" of an error message, and is the meaning in docs/configuration.md.
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
const databaseUrl = (description: string) =>
  Type.String({
    description: `${description}: postgres://user:password@host:port/database`,
    pattern: '^postgres(ql)?://',
  })
const maybe = <T extends TSchema>(schema: T) => Type.Optional(schema)

const listeners = {
  HOST: text('the address of the public listener, which serves the two callback paths and nothing else', '127.0.0.1'),
  PORT: whole('the port of the public listener', 3000, 0, 65535),
  TLS_CERT: maybe(text('the file of the certificate with its chain, in PEM: the public listener then speaks https')),
  TLS_KEY: maybe(text('the file of the private key of TLS_CERT, in PEM')),
  ADMIN_HOST: text('the address of the private listener: page, health, metrics and OpenAPI document', '127.0.0.1'),
  ADMIN_PORT: whole('the port of the private listener', 3001, 0, 65535),
  ADMIN_TOKEN: maybe(
    Type.String({
      description:
        'the password of the private listener (HTTP Basic with any user name, or Bearer), required off loopback: at least 16 characters',
      minLength: 16,
    }),
  ),
  ADMIN_HOSTS: maybe(text('the names under which people open the private listener, separated by commas, without port')),
}

const database = {
  DATABASE_URL: maybe(databaseUrl('where Postgres is, the embedded one under DATA_DIR when unset')),
  MIGRATE: choice(
    'whether the receiver migrates at its start, or only `rtc-receiver migrate` does',
    ['auto', 'manual'],
    'auto',
  ),
  MIGRATE_DATABASE_URL: maybe(
    databaseUrl(
      'where migrations and what else the owner does (roles, erase, distribute) run, DATABASE_URL when unset',
    ),
  ),
  DATABASE_POOL_SIZE: whole('the number of connections to Postgres', 6, 2, 100),
  DATABASE_POOLER: maybe(
    Type.Enum(['transaction'], {
      description:
        'whether a pooler such as pgbouncer is in between: transaction, its mode. MIGRATE_DATABASE_URL then has to bypass it',
    }),
  ),
  PARTITION_BY: choice('the size of a partition', ['month', 'day'], 'month'),
}

const callbacks = {
  PUBLIC_URL: maybe(
    text(
      'the URL prefix under which the platform reaches the receiver; several are separated by commas. The digest signs it',
    ),
  ),
  STATUS_URL: maybe(text('the whole statusUrl, where it is not made from PUBLIC_URL')),
  FEE_URL: maybe(text('the whole feeUrl, where it is not made from PUBLIC_URL')),
  PATH_TOKEN: maybe(
    text(
      'the secret part of the callback path, as in /rtc/TOKEN/status: letters, digits and hyphens, at least 22; two, separated by a comma, while it is changed',
    ),
  ),
  RTC_APPS: maybe(
    text(
      'the appKey:appSecret of each application, separated by commas, as appKey:appSecret:privateNumber for the private-number product; an appKey stands twice while its secret is changed',
    ),
  ),
  RTC_AUTH: maybe(
    Type.Enum(['enforce', 'report', 'off'], {
      description:
        'what X-AKSK digests are for: enforce (refuse what is not signed), report (check, count and accept; the default with RTC_APPS) or off (the default without)',
    }),
  ),
  RTC_MAX_AGE_S: maybe(
    Type.Integer({
      description: 'the age in seconds from which a signed header is refused: a whole number from 1 to 604800',
      minimum: 1,
      maximum: 604_800,
    }),
  ),
  ALLOW_FROM: maybe(text('the address ranges that callbacks may come from, such as 192.0.2.0/24,2001:db8::/32')),
  TRUST_PROXY: maybe(
    text('the address ranges of our own proxies, such as 10.0.0.0/24, whose X-Forwarded-For is believed'),
  ),
}

const storage = {
  DATA_DIR: text('the directory of the spool and the embedded Postgres, on a disk that outlives the process', './data'),
  COMMIT_DEADLINE_MS: whole(
    'for how many milliseconds a callback waits for Postgres before it goes to the spool',
    1500,
    50,
    60_000,
  ),
  SPOOL_MAX_BYTES: size('the most that the spool may take on disk, without what was set aside', '1 GiB'),
  BODY_LIMIT: size('the size of the largest callback body that is taken', '1 MiB'),
  MAX_CONNECTIONS: whole(
    'the number of connections of all sources together; one source may have 512',
    4096,
    16,
    1_000_000,
  ),
  QUARANTINE_MAX_BYTES: size(
    'the most that the entries of rtc.quarantine may take, each counted as its body and 512 bytes more; on disk the table may take twice as much',
    '256 MiB',
  ),
}

const retention = {
  RETENTION_DAYS: maybe(
    Type.Integer({
      description: 'for how many days calls are kept, for ever when unset: a whole number from 1 to 36500',
      minimum: 1,
      maximum: 36_500,
    }),
  ),
  QUARANTINE_RETENTION_DAYS: whole('for how many days a quarantined record is kept', 90, 1, 36_500),
  // The floor is the one of the function that deletes.
  REVEAL_RETENTION_DAYS: whole('for how many days it is kept who asked to see numbers', 1_095, 180, 36_500),
}

const forwarding = {
  FORWARD_URL: maybe(
    Type.String({
      description:
        'the address of the application behind: events, CDRs and calls are posted to it, with whole numbers (docs/feed.md). https://…',
      pattern: '^https?://',
    }),
  ),
  FORWARD_SECRET: maybe(
    text(
      'the secret that posts are signed with, as Standard Webhooks has it: whsec_ and 24 to 64 bytes in Base64; two, separated by a comma, while it is changed',
    ),
  ),
  FEED_RETENTION_DAYS: whole(
    'for how many days an application may be away and still miss nothing of the feed',
    7,
    1,
    36_500,
  ),
}

const people = {
  SHOW_USER_DATA: Type.Boolean({
    description: 'whether userData holds nothing personal, so that ops.calls may show it: true or false',
    default: false,
  }),
  TIME_ZONE: text('the time zone in which people are shown times; what is stored is UTC', 'Asia/Shanghai'),
  LOG_LEVEL: choice(
    'the least severe log line that is written',
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    'info',
  ),
}

const verificationCalls = {
  RTC_API_URL: maybe(text("the address of the platform's API, from the console: https://host[:port]")),
  RTC_CREATED_ZONE: choice('the time that Created tells in calls to the platform', ['utc', 'beijing'], 'utc'),
  DISPLAY_NUMBER: maybe(
    Type.String({
      description: 'the fixed-line number that callees of verification calls see: + and digits',
      pattern: '^\\+[0-9]{3,30}$',
    }),
  ),
  PRE_TONE: maybe(
    Type.String({
      description: 'the announcement before the code of a verification call: the name of an uploaded .wav file',
      maxLength: 128,
    }),
  ),
}

const shutdown = {
  SHUTDOWN_DELAY_MS: whole('for how many milliseconds it goes on serving after the signal to stop', 0, 0, 600_000),
  SHUTDOWN_TIMEOUT_MS: whole('in how many milliseconds the rest of the shutdown must be done', 20_000, 1_000, 600_000),
}

/** Every variable the receiver reads. */
export const Environment = Type.Object({
  ...listeners,
  ...database,
  ...callbacks,
  ...storage,
  ...retention,
  ...forwarding,
  ...people,
  ...verificationCalls,
  ...shutdown,
})

/** The same by subject: `.env.example` and docs/configuration.md are made from it (test/docs/configuration.test.ts). */
export const sections: Readonly<Record<string, Readonly<Record<string, TSchema>>>> = {
  Listeners: listeners,
  Postgres: database,
  'Callbacks, and who may send them': callbacks,
  'Spool and limits': storage,
  Retention: retention,
  Forwarding: forwarding,
  'For people': people,
  'Verification calls': verificationCalls,
  Shutdown: shutdown,
}

/** Variables that hold a secret, if only as a part of a URL: each may come from a file named in NAME_FILE instead. */
export const secretVariables = [
  'ADMIN_TOKEN',
  'DATABASE_URL',
  'MIGRATE_DATABASE_URL',
  'PATH_TOKEN',
  'RTC_APPS',
  'STATUS_URL',
  'FEE_URL',
  'FORWARD_URL',
  'FORWARD_SECRET',
] as const
