import type pg from 'pg'
import { type Generator, mark, numberOf, type SentRecord, timeOf, type Variant } from './generator.ts'

/** What was found. All lists are empty when the receiver kept its promise. */
export interface Audit {
  /** Records answered 200, and rows and quarantine entries found. */
  acknowledged: number
  rows: number
  quarantined: number
  /** Answered 200 and in no table. */
  lost: string[]
  /** More than once, or as row and in the quarantine. */
  twice: string[]
  /** Not sent, or not like this. */
  strange: string[]
}

interface Quarantined {
  sessionId?: string
  userData?: string
  statusInfo?: Quarantined
  feeLst?: Quarantined[]
}

/** Reasons for which records are in quarantine that would be good by the right clock. */
const byTheClock = ['time_out_of_range', 'too_many_bad_records']

interface Found {
  rows: Variant[]
  quarantined: { variant: Variant; reason: string }[]
}

/** Compares what was answered 200 with what the tables and the quarantine hold. */
export async function audit(
  pool: pg.Pool,
  run: string,
  generator: Pick<Generator, 'records'>,
  { clockJumped = false } = {},
): Promise<Audit> {
  const strange: string[] = []
  const found = new Map<number, Found>()
  const at = (n: number): Found => {
    const known = found.get(n) ?? { rows: [], quarantined: [] }
    found.set(n, known)
    return known
  }
  const note = (what: string) => void strange.push(what)

  let rows = 0
  for (const table of ['call_events', 'cdrs'] as const) {
    for (const row of await readRows(pool, table)) {
      rows++
      const n = numberOf(run, row.session_id)
      const sent = n === undefined ? undefined : generator.records.get(n)
      const variant = n === undefined ? undefined : variantOf(n, row.user_data)
      if (n === undefined || !sent || variant === undefined) note(`${table}: ${row.session_id} was not sent`)
      else if (sent.table !== table || sent.bad) note(`${table}: ${n} does not belong there`)
      else if (!sent.sent.has(variant)) note(`${table}: ${n}${variant} was not sent`)
      else if (row.time !== timeOf(n)) note(`${table}: ${n} has another time`)
      else at(n).rows.push(variant)
    }
  }

  let quarantined = 0
  for (const { kind, reason, body } of await readQuarantine(pool)) {
    quarantined++
    if (kind === 'unknown') continue // bodies that were no JSON, answered 400
    const record: Quarantined = JSON.parse(body)
    // A callback full of bad records is one entry, good ones and all.
    for (const one of record.feeLst ?? [record]) {
      const { sessionId = '', userData = '' } = one.statusInfo ?? one
      const n = numberOf(run, sessionId)
      const variant = n === undefined ? undefined : variantOf(n, userData)
      if (n === undefined || variant === undefined || !generator.records.get(n)?.sent.has(variant))
        note(`quarantine: ${sessionId} was not sent`)
      else at(n).quarantined.push({ variant, reason })
    }
  }

  const lost: string[] = []
  const twice: string[] = []
  let acknowledged = 0
  for (const [n, sent] of generator.records) {
    if (sent.acknowledged.size > 0) acknowledged++
    judge(n, sent, found.get(n) ?? { rows: [], quarantined: [] }, { lost, twice, strange, clockJumped })
  }
  return { acknowledged, rows, quarantined, lost, twice, strange }
}

function judge(
  n: number,
  { bad, acknowledged }: SentRecord,
  { rows, quarantined }: Found,
  { lost, twice, strange, clockJumped }: Pick<Audit, 'lost' | 'twice' | 'strange'> & { clockJumped: boolean },
): void {
  if (rows.length > 1) twice.push(`${n}: ${rows.length} rows`)
  for (const variant of acknowledged) {
    const entries = quarantined.filter((entry) => entry.variant === variant)
    const places = entries.length + rows.filter((row) => row === variant).length
    if (places === 0) lost.push(`${n}${variant}`)
  }
  for (const { variant, reason } of quarantined) {
    const expected = bad ? reason === 'missing_time' : reason === 'conflict' && rows.length > 0
    if (!expected && !(clockJumped && byTheClock.includes(reason))) strange.push(`${n}${variant}: ${reason}`)
    // Once a record is a row it is a duplicate when it comes again, never a conflict with itself.
    if (rows.includes(variant) && !clockJumped) twice.push(`${n}${variant}: row and quarantined`)
  }
  // Whole bodies are kept once each, and a record may come in several.
  const alone = quarantined.filter(({ reason }) => reason !== 'too_many_bad_records')
  const entries = alone.map(({ variant, reason }) => `${variant} ${reason}`)
  if (new Set(entries).size < entries.length) twice.push(`${n}: quarantined more than once`)
}

function variantOf(n: number, userData: string | null): Variant | undefined {
  return (['a', 'b'] as const).find((variant) => mark(n, variant) === userData)
}

async function readRows(pool: pg.Pool, table: SentRecord['table']) {
  const time = table === 'cdrs' ? 'cdr_time' : 'occurred_at'
  const { rows } = await pool.query<{ session_id: string; user_data: string | null; time: string }>(
    `SELECT session_id, user_data, to_char(${time} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS time FROM rtc.${table}`,
  )
  return rows
}

async function readQuarantine(pool: pg.Pool) {
  const { rows } = await pool.query<{ kind: string; reason: string; body: string }>(
    `SELECT kind, reason, encode(body, 'escape') AS body FROM rtc.quarantine`,
  )
  return rows
}
