import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { acceptConflict } from '../ingest/conflict.ts'
import { type Rerun, rerun } from '../ingest/rerun.ts'
import { type Cdr, readCdrs } from '../store/page/calls.ts'
import { type OpenEntry, readOpenEntries, readOpenEntry, readOpenReasons } from '../store/page/quarantine.ts'
import { getQuarantine, resolveQuarantine } from '../store/quarantine.ts'
import { type Desk, openEntries, send, viewOf } from './desk.ts'
import { field, whole } from './fields.ts'
import { type Done, entryPage, noEntryPage, quarantinePage } from './quarantine.ts'
import type { Words } from './words.ts'

const entriesShown = 200

export function quarantineRoutes(app: FastifyInstance, desk: Desk): void {
  const { reader, postgres } = desk

  app.get('/quarantine', async (request, reply) => {
    const reason = field(request.query, 'reason')
    const [entries, reasons] = await Promise.all([
      reader.read((client) => readOpenEntries(client, reason, entriesShown)),
      reader.share('reasons', readOpenReasons),
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

  app.post('/quarantine/:id/accept', async (request, reply) => {
    const id = whole(request.params, 'id') ?? -1
    const refusal = await attempt(() =>
      postgres.withClient(async (client, context) => {
        const entry = await getQuarantine(client, id)
        return entry ? ((await acceptConflict(client, context, entry)) ?? 'accepted') : undefined
      }),
    )
    if (refusal === 'not now') return showEntry(request, reply, (words) => words.notNow, 503)
    if (refusal === undefined) return showEntry(request, reply)
    if (refusal !== 'accepted') return showEntry(request, reply, (words) => words.notReplayed(refusal), 409)
    reader.forget()
    return reply.redirect(`/quarantine?accepted=${id}`, 303)
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
    const found = await reader.read((client) => readOpenEntry(client, id))
    if (!found.ok) return send(reply, noEntryPage(view, found.failed), 503)
    if (!found.value) return send(reply, noEntryPage(view), 404)
    const entry = found.value
    const page = {
      entry,
      isDoubtful: await isDoubtful(entry),
      openEntries: await openEntries(desk),
      refused: refused?.(view.words),
    }
    return send(reply, entryPage(view, page), status)
  }

  /** Whether it has no verified signature and CDRs of its call have: a stranger may have sent it. */
  async function isDoubtful({ call_ref, app_key }: OpenEntry): Promise<boolean> {
    if (call_ref === null || app_key !== null) return false
    const cdrs = await reader.read((client): Promise<Cdr[]> => readCdrs(client, call_ref, 50))
    return cdrs.ok && cdrs.value.some(({ signed_by }) => signed_by !== null)
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
  const [closed, accepted, replayed] = ['closed', 'accepted', 'replayed'].map((name) => whole(query, name))
  if (closed !== undefined) return { id: closed, how: 'resolved' }
  if (accepted !== undefined) return { id: accepted, how: 'accepted' }
  if (replayed === undefined) return undefined
  const [stored, duplicates] = [whole(query, 'stored') ?? 0, whole(query, 'duplicates') ?? 0]
  return { id: replayed, how: 'replayed', stored, duplicates }
}
