import type { FastifyInstance } from 'fastify'
import * as ops from '../store/ops.ts'
import { type Desk, field, fresh, openEntries, send, slow, viewOf } from './desk.ts'
import { type Overview, overviewPage } from './overview.ts'
import { type Buckets, lately, type PeriodName } from './periods.ts'
import type { Answer } from './reader.ts'
import { receiverState } from './receiver-state.ts'

const reasonsShown = 10
const missingShown = 10
const hoursShown = 3

export function overviewRoutes(app: FastifyInstance, desk: Desk): void {
  app.get('/', async (request, reply) => {
    const view = viewOf(request, desk)
    const period = field(request.query, 'period') === 'hour' ? 'hour' : 'day'
    return send(reply, overviewPage(view, await overview(desk, period, view.now)))
  })
}

async function overview(desk: Desk, period: PeriodName, now: Date): Promise<Overview> {
  const { reader, registry, readiness, timeZone } = desk
  const buckets = lately(period, now, timeZone)
  const state = await receiverState(registry, readiness)
  const server = await reader.read('server', fresh, [], ops.readServer)
  // Where Postgres is away nobody waits for each query to find out.
  if (!server.ok && server.failed.why === 'away') return withoutPostgres(period, buckets, state, server)
  // The answer is the same for all who ask within some seconds, whatever the second of their clocks.
  const parameters = [period, buckets.from]
  const readDelays = period === 'hour' ? ops.readDelays : ops.readHourlyDelays
  const [open, stats, delays, failures, missing, silence, subscriptions] = await Promise.all([
    openEntries(desk),
    reader.read('stats', fresh, parameters, (client) => ops.readCallStats(client, buckets)),
    reader.read('delays', fresh, parameters, (client) => readDelays(client, buckets)),
    reader.read('failures', fresh, parameters, (client) => ops.readFailures(client, buckets, reasonsShown)),
    reader.read('missing', slow, [], (client) => ops.readMissingCdrs(client, missingShown)),
    reader.read('silence', slow, [], (client) => ops.readSilence(client, hoursShown)),
    reader.read('subscriptions', slow, [], ops.readSubscriptions),
  ])
  return { period, buckets, state, server, openEntries: open, stats, delays, failures, missing, silence, subscriptions }
}

function withoutPostgres(
  period: PeriodName,
  buckets: Buckets,
  state: Overview['state'],
  failed: Answer<never> & { ok: false },
): Overview {
  return {
    period,
    buckets,
    state,
    openEntries: undefined,
    server: failed,
    stats: failed,
    delays: failed,
    failures: failed,
    missing: failed,
    silence: failed,
    subscriptions: failed,
  }
}
