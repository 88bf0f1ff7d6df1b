/** What to do about an error of Postgres, of its driver or of the network between. */
export type ErrorClass =
  /** The record is bad: find it by bisecting and quarantine it. */
  | 'bad_record'
  /** Try again at once. */
  | 'retry'
  /** Postgres is away or busy: spool. */
  | 'away'
  /** Nothing a record or an outage explains: spool and be loud. */
  | 'our_mistake'

const socketCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  // The file of a Unix socket is not there.
  'ENOENT',
])

// The driver's own errors carry no code.
const lostMessages =
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Query read timeout|Client (has encountered a connection error|was closed))/

// What a pooler says of a wrong password, user, database or setting. All else is that it has no server for us.
const poolerMistakes = /authentication failed|does not exist|^no such|startup parameter/

/**
 * Citus says XX000, with Postgres's text, of all that a COPY met on another node: the codes of what the receiver tells
 * apart.
 */
const internalError = 'XX000'
const noPartition = /^no partition of relation .* found for row/
const onNodes: readonly [RegExp, string][] = [
  [/^duplicate key value violates unique constraint/, '23505'],
  [noPartition, '23514'],
  [/violates (check|not-null|foreign key|exclusion) constraint/, '23514'],
  [/^index row (size|requires)/, '54000'],
  [/deadlock/, '40P01'],
  [/^canceling statement due to lock timeout/, '55P03'],
  [/^canceling statement/, '57014'],
  [/No space left on device|^could not extend file/, '53100'],
  [/in a read-only transaction/, '25006'],
  [/^terminating connection|^the database system is/, '57P01'],
  [
    /connection to the remote node|connection marked as essential|server closed the connection|connection not open/,
    '08006',
  ],
]

/** Raised by `rtc.refuse_erased`. */
const erasedKeyCode = 'RTC01'

const retryCodes = new Set(['40001', '40P01', '26000', '42P05', erasedKeyCode])

export function classify(error: unknown): ErrorClass {
  if (isLost(error)) return 'away'
  if (isMissingPartition(error) || isStalePlan(error)) return 'retry'
  const code = codeOf(error)
  if (retryCodes.has(code)) return 'retry'
  if (/^(22|23|54)/.test(code)) return 'bad_record'
  // 25P03, 25P04: a transaction that stood still, or lasted, too long; 55P03: a lock was not to be had.
  if (/^(08(?!P01)|53|57|58|25006|25P03|25P04|55P03)/.test(code)) return 'away'
  return 'our_mistake'
}

/**
 * Whether the next callbacks need not even try: Postgres cannot be reached or does not answer in time. A full disk or a
 * read-only server says so at once and does not slow anybody down.
 */
export function opensBreaker(error: unknown): boolean {
  return isLost(error) || /^(08(?!P01)|53300|57014|57P)/.test(codeOf(error))
}

/**
 * Whether the connection must not be used again: it is lost, its late answer would be taken for the next one's, its
 * prepared statements are not what we think, or it leads to a server that has become read-only after a failover.
 */
export function needsNewConnection(error: unknown): boolean {
  return isLost(error) || isStalePlan(error) || /^(08|57P|26000|42P05|25006|25P0)/.test(codeOf(error))
}

/** The server takes no changes, as a standby or after a failover; the connection is whole. */
export function isReadOnly(error: unknown): boolean {
  return codeOf(error) === '25006'
}

/** A row with its unique key is there already. */
export function isDuplicateKey(error: unknown): boolean {
  return codeOf(error) === '23505'
}

/** Keys of erased rows may be among those of the group: `rtc.refuse_erased` said so. */
export function isErasedKey(error: unknown): boolean {
  return codeOf(error) === erasedKeyCode
}

/** A statement that took longer than it may, on the server or, behind a pooler, here. Postgres may be well. */
export function isTimeout(error: unknown): boolean {
  return codeOf(error) === '57014' || (error instanceof Error && error.message === 'Query read timeout')
}

/** No partition covers the row's time: 23514 like a CHECK, but raised where rows are routed. */
export function isMissingPartition(error: unknown): boolean {
  if (codeOf(error) !== '23514') return false
  return fieldOf(error, 'routine') === 'ExecFindPartition' || noPartition.test(fieldOf(error, 'message') ?? '')
}

/**
 * What of an error may be logged. `detail` and `where` quote rows, and so do the messages of data errors
 * (`invalid input syntax for type integer: "…"`), so these are left out.
 */
export interface PublicError {
  code?: string
  message: string
  severity?: string
  routine?: string
  table?: string
  constraint?: string
}

export function publicError(error: unknown): PublicError {
  const code = codeOf(error)
  const result: PublicError = { message: messageOf(error, code) }
  if (code) result.code = code
  for (const name of ['severity', 'routine', 'table', 'constraint'] as const) {
    const value = fieldOf(error, name)
    if (value) result[name] = value
  }
  return result
}

function messageOf(error: unknown, code: string): string {
  if (isSqlState(code) && !/^(08|0A|25|26|28|3D|40|42|53|55|57|58|XX|RTC)/.test(code)) return `SQLSTATE ${code}`
  if (!(error instanceof Error)) return 'not an error'
  return error.message || code || error.name
}

/** Lost or late, as the driver, the operating system or a pooler says it; Postgres's own codes are not looked at. */
function isLost(error: unknown): boolean {
  // Node tries every address of a name and reports all failures together.
  if (error instanceof AggregateError) return error.errors.some(isLost)
  if (isOfPooler(error)) return !poolerMistakes.test(messageOf(error, ''))
  return socketCodes.has(codeOf(error)) || (error instanceof Error && lostMessages.test(error.message))
}

/** pgbouncer's own errors all carry the code of a protocol violation; those of Postgres name the routine. */
function isOfPooler(error: unknown): boolean {
  return codeOf(error) === '08P01' && fieldOf(error, 'routine') === undefined
}

/** A table was altered under a prepared statement. Postgres has no code of its own for it. */
function isStalePlan(error: unknown): boolean {
  return codeOf(error) === '0A000' && error instanceof Error && error.message.includes('cached plan')
}

function isSqlState(code: string): boolean {
  return /^([0-9]|F0|HV|P0|RTC|XX)/.test(code)
}

function codeOf(error: unknown): string {
  const code = fieldOf(error, 'code') ?? ''
  return code === internalError ? codeOnNode(error) : code
}

function codeOnNode(error: unknown): string {
  const message = fieldOf(error, 'message') ?? ''
  return onNodes.find(([text]) => text.test(message))?.[1] ?? internalError
}

function fieldOf(error: unknown, name: string): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const value: unknown = Reflect.get(error, name)
  return typeof value === 'string' ? value : undefined
}
