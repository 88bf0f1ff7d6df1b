import type { FastifyInstance, FastifyRequest } from 'fastify'
import type pg from 'pg'
import { readFreshness } from '../../store/freshness.ts'
import * as gaps from '../../store/page/reconciliation.ts'
import * as statistics from '../../store/page/statistics.ts'
import { readServer } from '../../store/page/transaction.ts'
import { openEntries, type PageContext, send, viewOf } from '../context.ts'
import { sendCsv } from '../csv.ts'
import { field } from '../fields.ts'
import { failedPage } from '../layout.ts'
import { type Buckets, earlier, lately, type PeriodName, shifted } from '../periods.ts'
import { overviewCsv } from './csv.ts'
import { type Earlier, type Overview, overviewPage } from './overview.ts'
import { receiverState } from './receiver-state.ts'

const reasonsShown = 12
const missingShown = 10
const hoursShown = 3

export function overviewRoutes(app: FastifyInstance, context: PageContext): void {
  app.get('/', async (request, reply) => {
    return send(reply, overviewPage(viewOf(request, context), await overview(context, periodOf(request))))
  })

  app.get('/overview.csv', async (request, reply) => {
    const view = viewOf(request, context)
    const it = await overview(context, periodOf(request))
    const text = overviewCsv(view, it)
    if (text !== undefined) return sendCsv(reply, `overview-${it.period}`, text)
    return send(reply, failedPage(view, '/', it.stats.ok ? { why: 'away' } : it.stats.failed), 503)
  })
}

function periodOf({ query }: FastifyRequest): PeriodName {
  return field(query, 'period') === 'hour' ? 'hour' : 'day'
}

async function overview(context: PageContext, period: PeriodName): Promise<Overview> {
  const { reader, registry, readiness, timeZone } = context
  /** With the buckets it is of, since whoever shares the answer may look in the next hour. */
  const bucketed = <T>(name: string, of: PeriodName, query: (client: pg.ClientBase, of: Buckets) => Promise<T>) =>
    reader.share(`${name} ${of}`, async (client) => {
      const buckets = lately(of, new Date(), timeZone)
      return { buckets, rows: await query(client, buckets) }
    })
  const isHour = period === 'hour'
  const asked = {
    state: receiverState(registry, readiness),
    server: reader.share('server', readServer),
    openEntries: openEntries(context),
    freshness: reader.share('freshness', readFreshness),
    live: reader.share('live', statistics.readLive),
    stats: bucketed('stats', period, statistics.readCallStats),
    totals: bucketed('totals', period, statistics.readCallTotals),
    yesterday: bucketed('yesterday', period, (client, of) => readEarlier(client, of, 1)),
    lastWeek: bucketed('last week', period, (client, of) => readEarlier(client, of, 7)),
    durations: bucketed('durations', period, statistics.readDurations),
    records: bucketed('records', period, isHour ? statistics.readRecords : statistics.readHourlyRecords),
    delays: bucketed('delays', period, isHour ? statistics.readDelays : statistics.readHourlyDelays),
    failures: bucketed('failures', period, (client, of) => statistics.readFailures(client, of, reasonsShown)),
    // A peak is known of each hour that is over.
    peaks: bucketed('peaks', 'day', statistics.readPeaks),
    missing: reader.share('missing', (client) => gaps.readMissingCdrs(client, missingShown)),
    silence: reader.share('silence', (client) => gaps.readSilence(client, hoursShown)),
    subscriptions: reader.share('subscriptions', gaps.readSubscriptions),
  }
  return { period, ...(await settled(asked)) }
}

/** So many days ago: by bucket, and over the period up to the same time of day as now. */
async function readEarlier(client: pg.ClientBase, buckets: Buckets, days: number): Promise<Earlier> {
  const then = earlier(buckets, days)
  const back = shifted(days, buckets.to, buckets.timeZone)
  return {
    totals: await statistics.readCallTotals(client, { ...then, to: back(new Date()) }),
    starts: then.starts,
    stats: await statistics.readCallStats(client, then),
  }
}

/** The same with what its promises come to. */
async function settled<T extends object>(promises: T): Promise<{ [Name in keyof T]: Awaited<T[Name]> }> {
  const pairs = Object.entries(promises).map(async ([name, promise]) => [name, await promise] as const)
  return Object.fromEntries(await Promise.all(pairs)) as { [Name in keyof T]: Awaited<T[Name]> }
}
