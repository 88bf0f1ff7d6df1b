import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../../config/config.ts'
import { signedHeaders } from '../../platform/aksk.ts'
import { callbackUrls } from '../../platform/urls.ts'
import { findSelfTest, removeSelfTest, type SelfTest, selfTestType } from '../../store/self-test.ts'
import type { Queryable } from '../../store/statement.ts'
import { ask } from './ask.ts'
import { type Finding, findings, reasonOf } from './finding.ts'

/** Milliseconds to wait for the row. */
const patienceMs = 5_000

const sameEnvironment = 'run this command in the environment of the receiver, and restart the receiver after a change'

/** What a refusal of the self-test means. */
const refusals: Record<number, [what: string, todo: string]> = {
  401: [
    'the receiver refuses what the secret of RTC_APPS signs: it runs with other RTC_APPS or PUBLIC_URL',
    sameEnvironment,
  ],
  404: ['the receiver does not know the path: it runs with another PATH_TOKEN', sameEnvironment],
  503: ['the receiver can take nothing: neither Postgres nor the spool', 'see /readyz and its log'],
}

/**
 * Sends a callback to the listener on this machine, signed where there are secrets, finds it in Postgres and removes
 * it. Nothing else changes.
 */
export async function checkSelfTest(config: Config, client: Queryable | undefined): Promise<Finding[]> {
  const { found, ok, wrong, unknown } = findings('self-test')
  const occurredAt = `${new Date().toISOString().slice(0, 19)}Z`
  const test: SelfTest = { sessionId: `selftest-${randomUUID()}`, occurredAt }
  let status: number
  try {
    status = await post(config, test)
  } catch (error) {
    wrong(`nothing takes callbacks on port ${config.port} of this machine (${reasonOf(error)})`, 'start the receiver')
    return found
  }
  if (status === 403) {
    unknown('the receiver takes nothing from this machine: it is not in ALLOW_FROM, which is as it may be')
    return found
  }
  const refusal = refusals[status]
  if (refusal) wrong(...refusal)
  else if (status !== 200) wrong(`the receiver answered ${status}`, 'see its log')
  if (status !== 200) return found
  if (!client) {
    unknown('a callback was taken, but Postgres cannot be asked for it')
    return found
  }
  const stored = await waitFor(client, test)
  if (!stored) {
    wrong(
      `a callback was taken, and is not in Postgres after ${patienceMs / 1000} s: it waits in the spool, or the receiver has another database`,
      `see "spool" above; compare DATABASE_URL; later remove session ${test.sessionId} from rtc.call_events`,
    )
    return found
  }
  if (isSigned(config) && stored.signed_by === null)
    wrong('a signed callback was taken, but not verified', sameEnvironment)
  else ok(`a ${isSigned(config) ? 'signed ' : ''}callback was taken and stored`)
  try {
    await removeSelfTest(client, test)
  } catch (error) {
    unknown(
      `its row cannot be removed by this database user (${reasonOf(error)})`,
      `remove session ${test.sessionId} from rtc.call_events`,
    )
  }
  return found
}

function isSigned({ auth, apps }: Config): boolean {
  return auth !== 'off' && apps.length > 0
}

async function waitFor(client: Queryable, test: SelfTest): Promise<{ signed_by: string | null } | undefined> {
  const until = performance.now() + patienceMs
  for (;;) {
    const stored = await findSelfTest(client, test)
    if (stored || performance.now() > until) return stored
    await sleep(100)
  }
}

async function post(config: Config, { sessionId, occurredAt }: SelfTest): Promise<number> {
  const timestamp = occurredAt.replace('T', ' ').replace('Z', '')
  const body = JSON.stringify({ eventType: selfTestType, statusInfo: { sessionId, timestamp } })
  const [token] = config.pathTokens
  const path = token === undefined ? '/rtc/status' : `/rtc/${token}/status`
  const [url] = callbackUrls({ ...config, tokens: config.pathTokens }).status
  const [app] = config.apps
  const signature = app && url !== undefined ? { ...signedHeaders({ ...app, url }) } : {}
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...signature }
  const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[config.host] ?? config.host
  const tls = config.tls !== undefined
  // Our own certificate is for the public name, not for this address.
  const answer = await ask({
    tls,
    rejectUnauthorized: false,
    method: 'POST',
    host,
    port: config.port,
    path,
    headers,
    body,
  })
  return answer.status
}
