import type pg from 'pg'
import type { Ledger, LedgerEntry } from '../../src/simulator/ledger.ts'

/** How the tables differ from what a simulator sent. All lists are empty when they do not. */
export interface LedgerAudit {
  acknowledged: number
  rows: number
  /** Acknowledged, and in no table like this. */
  lost: string[]
  /** In a table, and not sent like this, or refused. */
  strange: string[]
  /** In a table more than once. */
  twice: string[]
}

type Row = Record<string, unknown>

const slices = 16
const readers = {
  status: `SELECT to_jsonb(t) - '{received_at,stored_at,event_key}'::text[] AS row FROM rtc.call_events t
    WHERE abs(hashtext(session_id) % ${slices}) = $1`,
  fee: `SELECT to_jsonb(t) - '{received_at,stored_at}'::text[] AS row FROM rtc.cdrs t
    WHERE abs(hashtext(session_id) % ${slices}) = $1`,
}

/** Compares every column of every row with the ledger. @param signed whether callbacks were signed and verified */
export async function auditLedger(
  pool: pg.Pool,
  ledger: Ledger,
  { signed }: { signed: boolean },
): Promise<LedgerAudit> {
  const expected = new Map<string, { entry: LedgerEntry; found: number }>()
  for (const entry of ledger.entries()) expected.set(canonical(rowOf(entry, signed)), { entry, found: 0 })
  const audit: LedgerAudit = { acknowledged: 0, rows: 0, lost: [], strange: [], twice: [] }
  const client = await pool.connect()
  try {
    await client.query(`SET TimeZone = 'UTC'`)
    for (const reader of Object.values(readers)) {
      for (let slice = 0; slice < slices; slice++) {
        for (const { row } of (await client.query<{ row: Row }>(reader, [slice])).rows) {
          audit.rows += 1
          const key = canonical(row)
          const known = expected.get(key)
          if (!known || known.entry.delivery === 'refused') audit.strange.push(key)
          else if (known.found++ > 0) audit.twice.push(key)
        }
      }
    }
  } finally {
    client.release()
  }
  for (const [key, { entry, found }] of expected) {
    if (entry.delivery !== 'acknowledged') continue
    audit.acknowledged += 1
    if (found === 0) audit.lost.push(key)
  }
  return audit
}

/** What a record should have become, worked out without the receiver's code. */
function rowOf({ kind, record, appKey }: LedgerEntry, signed: boolean): Row {
  const row: Row = signed ? { signed_by: appKey } : {}
  const fields = kind === 'status' ? (record.statusInfo as Row) : record
  const extra: Row = {}
  for (const [name, value] of Object.entries(fields)) {
    if (value === '') continue
    if (typeof value === 'object') extra[name] = value
    else if (name === 'releaseVersion') extra[name] = value
    else row[columnOf(name)] = /Time$|^timestamp$/.test(name) ? `${String(value).replace(' ', 'T')}+00:00` : value
  }
  if (Object.keys(extra).length > 0) row.extra = extra
  if (kind === 'status') return { ...row, event_type: record.eventType }
  return { ...row, cdr_time: row.call_end_time }
}

/** sessionId to session_id, dynIVRPath to dyn_ivr_path. */
function columnOf(name: string): string {
  if (name === 'timestamp') return 'occurred_at'
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .toLowerCase()
}

/** Members in one order, those that are null left out. */
function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return JSON.stringify(value)
  const members = Object.entries(value).filter(([, member]) => member !== null)
  return `{${members
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `"${name}":${canonical(member)}`)
    .join()}}`
}
