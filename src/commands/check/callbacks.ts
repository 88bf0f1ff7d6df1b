import type { Config } from '../../config/config.ts'
import { outcomes } from '../../http/refusals.ts'
import { span } from '../../ingest/future-records.ts'
import { readOpenReasons } from '../../store/page/quarantine.ts'
import { readRecordsAhead, recordsRead } from '../../store/records-ahead.ts'
import type { Queryable } from '../../store/statement.ts'
import { type Finding, findings, reasonOf } from './finding.ts'
import { readMetrics, type Sample } from './metrics.ts'

const kinds = { status: 'status events', fee: 'CDRs' }

/** Where docs/nothing-arrives.md goes on, by the status of a refusal; of others its first table tells. */
const sections: Record<string, number> = { 400: 8, 401: 7, 403: 6, 404: 5, 413: 8, 415: 8, 429: 8, 503: 9 }
const statuses = new Map(Object.entries(outcomes).map(([status, outcome]) => [outcome, status]))

/** What came since the receiver was started, how it was answered, and what waits in quarantine. */
export async function checkCallbacks(config: Config, client: Queryable | undefined): Promise<Finding[]> {
  const counted = await checkCounters(config)
  return client ? [...counted, ...(await checkQuarantine(client)), ...(await checkFuture(client))] : counted
}

async function checkCounters(config: Config): Promise<Finding[]> {
  const { found, unknown } = findings('callbacks')
  try {
    return judge(await readMetrics(config))
  } catch (error) {
    unknown(
      `what came is not known: the private listener at port ${config.adminPort} cannot be asked (${reasonOf(error)})`,
      'start the receiver, or run this command in its environment: ADMIN_HOST, ADMIN_PORT, ADMIN_TOKEN',
    )
    return found
  }
}

/** In plain words, from the metrics of the receiver. */
export function judge(samples: readonly Sample[]): Finding[] {
  const { found, ok, careful } = findings('callbacks')
  const named = (name: string) => samples.filter((sample) => sample.name === name)
  const started = named('process_start_time_seconds')[0]?.value
  const since = started === undefined ? 'since its start' : `since its start at ${at(started)}`
  const callbacks = named('rtc_callbacks_total').filter(({ value }) => value > 0)
  if (callbacks.length === 0) careful(`none came ${since}`, see('1 to 4'))
  for (const [kind, name] of callbacks.length === 0 ? [] : Object.entries(kinds)) {
    const accepted = total(callbacks.filter(({ labels }) => labels.kind === kind && labels.outcome === 'accepted'))
    const last = named('rtc_last_callback_timestamp_seconds').find(({ labels }) => labels.kind === kind)
    if (last) ok(`${accepted} with ${name} were accepted ${since}, the last at ${at(last.value)}`)
    else careful(`none with ${name} was accepted ${since}`, see('1'))
  }
  for (const outcome of new Set(callbacks.map(({ labels }) => labels.outcome ?? ''))) {
    if (outcome === 'accepted') continue
    const refused = total(callbacks.filter(({ labels }) => labels.outcome === outcome))
    const status = statuses.get(outcome)
    const details = status === '401' ? ` (${results(named('rtc_signature_total'))})` : ''
    const answered = status === undefined ? 'were gone before their answer' : `were answered ${status}`
    const section = sections[status ?? '']
    careful(
      `${refused} ${answered} ${since}: ${outcome}${details}`,
      see(section === undefined ? undefined : `${section}`),
    )
  }
  const blocked = total(named('rtc_body_oddities_total').filter(({ labels }) => labels.what === 'block_callin'))
  if (blocked > 0)
    careful(
      `${blocked} callin events waited for a decision (X mode, notifyMode Block) ${since}, which this receiver does not give: such calls are not put through`,
      'let support register a callin address of its own for the server that decides, or let that server pass copies on',
    )
  if (callbacks.length > 0) ok('what earlier runs of this command sent is counted among them')
  return found
}

/** What was found of signatures, such as `wrong_digest 3`. */
function results(signatures: readonly Sample[]): string {
  const counts = new Map<string, number>()
  for (const { labels, value } of signatures)
    if (labels.result !== undefined && labels.result !== 'verified')
      counts.set(labels.result, (counts.get(labels.result) ?? 0) + value)
  return [...counts].map(([result, count]) => `${result} ${count}`).join(', ')
}

async function checkQuarantine(client: Queryable): Promise<Finding[]> {
  const { found, ok, careful, unknown } = findings('quarantine')
  try {
    const reasons = await readOpenReasons(client)
    if (reasons.length === 0) ok('nothing is open')
    else {
      const list = reasons.map(({ reason, entries }) => `${reason} ${entries}`).join(', ')
      careful(`open entries by reason: ${list}`, `rtc-receiver quarantine list; ${see('7 to 9')}`)
    }
  } catch (error) {
    unknown(`cannot be read (${reasonOf(error)})`)
  }
  return found
}

async function checkFuture(client: Queryable): Promise<Finding[]> {
  const { found, ok, careful, unknown } = findings('times')
  try {
    const ahead = (await readRecordsAhead(client)).filter(({ records }) => records > 0)
    if (ahead.length === 0) ok('no record comes from the future')
    for (const { kind, records, seconds } of ahead) {
      const count = records === recordsRead ? `${records} or more` : String(records)
      careful(
        `${kinds[kind]} come ${span(seconds)} from the future (${count} that are still ahead of the clock here)`,
        'times are read as UTC, as the platform writes them: whoever sends Beijing time is 8 hours ahead; else compare the clocks',
      )
    }
  } catch (error) {
    unknown(`cannot be read (${reasonOf(error)})`)
  }
  return found
}

function total(samples: readonly Sample[]): number {
  return samples.reduce((sum, { value }) => sum + value, 0)
}

function at(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`
}

function see(section?: string): string {
  if (section === undefined) return 'docs/nothing-arrives.md, the table at its beginning'
  return `docs/nothing-arrives.md, section ${section}`
}
