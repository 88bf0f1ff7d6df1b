import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Rerun, rerun } from '../ingest/rerun.ts'
import * as ops from '../store/ops.ts'
import { getQuarantine, resolveQuarantine } from '../store/quarantine.ts'
import { type Desk, field, openEntries, send, viewOf, whole } from './desk.ts'
import { type Done, entryPage, noEntryPage, quarantinePage } from './quarantine.ts'
import { quick } from './reader.ts'
import type { Words } from './words.ts'

const entriesShown = 200

export function quarantineRoutes(app: FastifyInstance, desk: Desk): void {
  const { reader, postgres } = desk

  app.get('/quarantine', async (request, reply) => {
    const reason = field(request.query, 'reason')
    const [entries, reasons] = await Promise.all([
      reader.read('entries', quick, [reason], (client) => ops.readOpenEntries(client, reason, entriesShown)),
      reader.read('reasons', quick, [], ops.readOpenReasons),
    ])
    const page = { reason, entries, reasons, openEntries: await openEntries(desk), done: doneOf(request.query) }
    return send(reply, quarantinePage(viewOf(request, desk), page))
  })

  app.get('/quarantine/:id', (request, reply) => showEntry(request, reply))

  app.post('/quarantine/:id/replay', async (request, reply) => {
    const id = whole(request.params, 'id') ?? -1
    const replayed = await attempt(() =>
      postgres.withClient(async (client, context): Promise<Rerun | undefined> => {
        const entry = await getQuarantine(client, id)
        return entry && (await rerun(client, context, entry))
      }),
    )
    if (replayed === 'not now') return showEntry(request, reply, (words) => words.notNow, 503)
    if (replayed === undefined) return showEntry(request, reply)
    if (!replayed.done) return showEntry(request, reply, (words) => words.notReplayed(replayed.reason), 409)
    reader.forget()
    const { stored, duplicates } = replayed
    return reply.redirect(`/quarantine?replayed=${id}&stored=${stored}&duplicates=${duplicates}`, 303)
  })

  app.post('/quarantine/:id/resolve', async (request, reply) => {
    const id = whole(request.params, 'id') ?? -1
    const why = field(request.body, 'why')
    if (why === undefined) return showEntry(request, reply, (words) => words.whyNeeded, 422)
    const closed = await attempt(() => postgres.withClient((client) => resolveQuarantine(client, [id], why)))
    if (closed === 'not now') return showEntry(request, reply, (words) => words.notNow, 503)
    if (closed.length === 0) return showEntry(request, reply)
    reader.forget()
    return reply.redirect(`/quarantine?closed=${id}`, 303)
  })

  /** The entry, with a word on what was not done where there is one. */
  async function showEntry(
    request: FastifyRequest,
    reply: FastifyReply,
    refused?: (words: Words) => string,
    status = 200,
  ): Promise<FastifyReply> {
    const view = viewOf(request, desk)
    const id = whole(request.params, 'id')
    if (id === undefined) return send(reply, noEntryPage(view), 404)
    const found = await reader.once((client) => ops.readOpenEntry(client, id))
    if (!found.ok) return send(reply, noEntryPage(view, found.failed), 503)
    if (!found.value) return send(reply, noEntryPage(view), 404)
    const page = { entry: found.value, openEntries: await openEntries(desk), refused: refused?.(view.words) }
    return send(reply, entryPage(view, page), status)
  }
}

/** Postgres may be away or refuse just now; what exactly it said is nothing for the page. */
async function attempt<T>(work: () => Promise<T>): Promise<T | 'not now'> {
  try {
    return await work()
  } catch {
    return 'not now'
  }
}

/** What a redirect after a change says of it: numbers only, so that no link can make the page say something else. */
function doneOf(query: unknown): Done | undefined {
  const [closed, replayed] = [whole(query, 'closed'), whole(query, 'replayed')]
  if (closed !== undefined) return { id: closed, how: 'resolved' }
  if (replayed === undefined) return undefined
  const [stored, duplicates] = [whole(query, 'stored') ?? 0, whole(query, 'duplicates') ?? 0]
  return { id: replayed, how: 'replayed', stored, duplicates }
}
