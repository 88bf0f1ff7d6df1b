import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { readOpenEntries, readOpenIds, readOpenReasons } from '../../store/page/quarantine.ts'
import { resolveQuarantine } from '../../store/quarantine.ts'
import { openEntries, type PageContext, send, viewOf } from '../context.ts'
import { sendCsv } from '../csv.ts'
import { field, fields, whole } from '../fields.ts'
import { failedPage } from '../layout.ts'
import type { Texts } from '../texts/texts.ts'
import { quarantineCsv } from './csv.ts'
import { doneOf, donePath } from './done.ts'
import { entryRoutes } from './entry-routes.ts'
import { quarantinePage } from './quarantine.ts'
import { replayMany } from './replay-many.ts'

const entriesShown = 200
/** Entries that a download has at most. */
const downloadLength = 10_000
/** Entries that are replayed by one click at most. */
const replayedAtOnce = 200

export function quarantineRoutes(app: FastifyInstance, context: PageContext): void {
  const { reader } = context

  app.get('/quarantine', (request, reply) => showList(context, request, reply))

  app.get('/quarantine.csv', async (request, reply) => {
    const view = viewOf(request, context)
    const reason = field(request.query, 'reason')
    const entries = await reader.read((client) => readOpenEntries(client, reason, downloadLength))
    if (entries.ok) return sendCsv(reply, 'quarantine', quarantineCsv(view, entries.value))
    return send(reply, failedPage(view, '/quarantine', entries.failed), 503)
  })

  manyRoutes(app, context)
  entryRoutes(app, context)
}

/** What is done with many entries at once. */
function manyRoutes(app: FastifyInstance, context: PageContext): void {
  // All of a reason, from the latest on; those that stay as they are would be tried again and again but for `below`.
  app.post('/quarantine/replay', async (request, reply) => {
    const reason = field(request.body, 'reason')
    if (reason === undefined) return reply.redirect('/quarantine', 303)
    const found = await context.reader.read((client) =>
      readOpenIds(client, reason, whole(request.body, 'below'), replayedAtOnce),
    )
    if (!found.ok) return showList(context, request, reply, (texts) => texts.notNow, 503)
    const { ids, total } = found.value
    const replayed = await replayMany(context, ids)
    return reply.redirect(donePath({ how: 'replayedMany', ...replayed, left: total - replayed.tried }, reason), 303)
  })

  app.post('/quarantine/selected', async (request, reply) => {
    const ids = idsOf(request.body)
    const reason = field(request.body, 'reason')
    if (ids.length === 0) return showList(context, request, reply, (texts) => texts.noneSelected, 422)
    if (field(request.body, 'do') !== 'close') {
      const replayed = await replayMany(context, ids)
      // The ones that were not tried are no longer selected, and open like the others.
      const done = { ...replayed, left: ids.length - replayed.tried, last: undefined }
      return reply.redirect(donePath({ how: 'replayedMany', ...done }, reason), 303)
    }
    const why = field(request.body, 'why')
    if (why === undefined) return showList(context, request, reply, (texts) => texts.whyNeeded, 422)
    const closed = await close(context, ids, why)
    if (closed === undefined) return showList(context, request, reply, (texts) => texts.notNow, 503)
    return reply.redirect(donePath({ how: 'resolvedMany', entries: closed }, reason), 303)
  })
}

/** How many entries were closed; undefined when Postgres cannot do it now. */
async function close(
  { postgres, reader }: PageContext,
  ids: readonly number[],
  why: string,
): Promise<number | undefined> {
  try {
    const closed = await postgres.withClient((client) => resolveQuarantine(client, ids, why))
    return closed.length
  } catch {
    return undefined
  } finally {
    reader.forget()
  }
}

/** The list, with a word on what was not done where there is one. */
async function showList(
  context: PageContext,
  request: FastifyRequest,
  reply: FastifyReply,
  refused?: (texts: Texts) => string,
  status = 200,
): Promise<FastifyReply> {
  const view = viewOf(request, context)
  const reason = field(request.query, 'reason') ?? field(request.body, 'reason')
  const [entries, reasons, open] = await Promise.all([
    context.reader.read((client) => readOpenEntries(client, reason, entriesShown)),
    context.reader.share('reasons', readOpenReasons),
    openEntries(context),
  ])
  const page = {
    reason,
    entries,
    reasons,
    openEntries: open,
    areSelected: field(request.query, 'select') === 'all',
    done: doneOf(request.query),
    refused: refused?.(view.texts),
    replayedAtOnce,
  }
  return send(reply, quarantinePage(view, page), status)
}

/** Ids of the entries that are ticked: no more than a list shows. */
function idsOf(body: unknown): number[] {
  const ids = fields(body, 'id').flatMap((text) => (/^\d{1,15}$/.test(text) ? [Number(text)] : []))
  return [...new Set(ids)].slice(0, entriesShown)
}
