import type { FastifyInstance } from 'fastify'
import type pg from 'pg'
import type { Period } from '../store/ops.ts'
import * as ops from '../store/ops.ts'
import { type Desk, field, openEntries, send, viewOf } from './desk.ts'
import { type Bucketed, type Overview, overviewPage } from './overview.ts'
import { lately, type PeriodName } from './periods.ts'
import { type Answer, plots, quick, slow } from './reader.ts'
import { receiverState } from './receiver-state.ts'

const reasonsShown = 10
const missingShown = 10
const hoursShown = 3

export function overviewRoutes(app: FastifyInstance, desk: Desk): void {
  app.get('/', async (request, reply) => {
    const view = viewOf(request, desk)
    const period = field(request.query, 'period') === 'hour' ? 'hour' : 'day'
    return send(reply, overviewPage(view, await overview(desk, period)))
  })
}

async function overview(desk: Desk, period: PeriodName): Promise<Overview> {
  const { reader, registry, readiness, timeZone } = desk
  const state = await receiverState(registry, readiness)
  const server = await reader.read('server', quick, [], ops.readServer)
  // Where Postgres is away nobody waits for each query to find out.
  if (!server.ok) return withoutPostgres(period, state, server)
  /** Rows with the buckets they are of, since the next one who looks may see them in the next hour. */
  const bucketed = <Row>(name: string, query: (client: pg.ClientBase, of: Period) => Promise<Row[]>) =>
    reader.read(name, plots, [period], async (client): Promise<Bucketed<Row>> => {
      const buckets = lately(period, new Date(), timeZone)
      return { buckets, rows: await query(client, buckets) }
    })
  const [open, stats, delays, failures, missing, silence, subscriptions] = await Promise.all([
    openEntries(desk),
    bucketed('stats', ops.readCallStats),
    bucketed('delays', period === 'hour' ? ops.readDelays : ops.readHourlyDelays),
    bucketed('failures', (client, of) => ops.readFailures(client, of, reasonsShown)),
    reader.read('missing', slow, [], (client) => ops.readMissingCdrs(client, missingShown)),
    reader.read('silence', slow, [], (client) => ops.readSilence(client, hoursShown)),
    reader.read('subscriptions', slow, [], ops.readSubscriptions),
  ])
  return { period, state, server, openEntries: open, stats, delays, failures, missing, silence, subscriptions }
}

function withoutPostgres(
  period: PeriodName,
  state: Overview['state'],
  failed: Answer<never> & { ok: false },
): Overview {
  return {
    period,
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
