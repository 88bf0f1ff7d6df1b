import { type TSchema, Type } from 'typebox'

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
      'appKey:appSecret of each application, with :privateNumber behind it for one of that product, separated by commas; an appKey stands twice while its secret is changed',
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
  MAX_CONNECTIONS: whole('connections of all sources together', 4096, 16, 1_000_000),
  QUARANTINE_MAX_BYTES: size(
    'most the entries of rtc.quarantine may take, 512 bytes each beside their bodies; its files may take twice as much',
    '256 MiB',
  ),
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
  SHOW_USER_DATA: Type.Boolean({
    description: 'whether userData holds nothing personal and may be shown: true or false',
    default: false,
  }),
  FORWARD_URL: maybe(
    Type.String({ description: 'address that facts and calls are passed on to: https://…', pattern: '^https?://' }),
  ),
  FORWARD_SECRET: maybe(
    text(
      'secret that what is passed on is signed with: whsec_ and 24 to 64 bytes in Base64; two are separated by a comma',
    ),
  ),
  FEED_RETENTION_DAYS: whole('days that the feed is kept for applications to read on', 7, 1, 36_500),
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
