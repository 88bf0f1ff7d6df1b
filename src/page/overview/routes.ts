import type { FastifyInstance } from 'fastify'
import type pg from 'pg'
import * as gaps from '../store/page/reconciliation.ts'
import * as statistics from '../store/page/statistics.ts'
import { readServer } from '../store/page/transaction.ts'
import { type Desk, openEntries, send, viewOf } from './desk.ts'
import { field } from './fields.ts'
import { type Overview, overviewPage } from './overview.ts'
import { type Buckets, lately, type PeriodName } from './periods.ts'
import { receiverState } from './receiver-state.ts'

const reasonsShown = 12
const missingShown = 10
const hoursShown = 3

export function overviewRoutes(app: FastifyInstance, desk: Desk): void {
  app.get('/', async (request, reply) => {
    const period = field(request.query, 'period') === 'hour' ? 'hour' : 'day'
    return send(reply, overviewPage(viewOf(request, desk), await overview(desk, period)))
  })
}

async function overview(desk: Desk, period: PeriodName): Promise<Overview> {
  const { reader, registry, readiness, timeZone } = desk
  /** With the buckets it is of, since whoever shares the answer may look in the next hour. */
  const bucketed = <T>(name: string, of: PeriodName, query: (client: pg.ClientBase, of: Buckets) => Promise<T>) =>
    reader.share(`${name} ${of}`, async (client) => {
      const buckets = lately(of, new Date(), timeZone)
      return { buckets, rows: await query(client, buckets) }
    })
  const isHour = period === 'hour'
  const [
    state,
    server,
    open,
    freshness,
    live,
    stats,
    totals,
    records,
    delays,
    failures,
    peaks,
    missing,
    silence,
    subscriptions,
  ] = await Promise.all([
    receiverState(registry, readiness),
    reader.share('server', readServer),
    openEntries(desk),
    reader.share('freshness', gaps.readFreshness),
    reader.share('live', statistics.readLive),
    bucketed('stats', period, statistics.readCallStats),
    bucketed('totals', period, statistics.readCallTotals),
    bucketed('records', period, isHour ? statistics.readRecords : statistics.readHourlyRecords),
    bucketed('delays', period, isHour ? statistics.readDelays : statistics.readHourlyDelays),
    bucketed('failures', period, (client, of) => statistics.readFailures(client, of, reasonsShown)),
    // A peak is known of each hour that is over.
    bucketed('peaks', 'day', statistics.readPeaks),
    reader.share('missing', (client) => gaps.readMissingCdrs(client, missingShown)),
    reader.share('silence', (client) => gaps.readSilence(client, hoursShown)),
    reader.share('subscriptions', gaps.readSubscriptions),
  ])
  return {
    period,
    state,
    server,
    openEntries: open,
    freshness,
    live,
    stats,
    totals,
    records,
    delays,
    failures,
    peaks,
    missing,
    silence,
    subscriptions,
  }
}
