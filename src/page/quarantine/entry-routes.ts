import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { acceptConflict } from '../../ingest/conflict.ts'
import { type Rerun, rerun } from '../../ingest/rerun.ts'
import { type Cdr, readCdrs } from '../../store/page/calls.ts'
import { type OpenEntry, readOpenEntry } from '../../store/page/quarantine.ts'
import { getQuarantine, resolveQuarantine } from '../../store/quarantine.ts'
import { openEntries, type PageContext, send, viewOf } from '../context.ts'
import { field, whole } from '../fields.ts'
import type { Texts } from '../texts/texts.ts'
import { donePath } from './done.ts'
import { entryPage, noEntryPage } from './entry.ts'

/** One entry, and what can be done with it. */
export function entryRoutes(app: FastifyInstance, context: PageContext): void {
  const { reader, postgres } = context

  app.get('/quarantine/:id', (request, reply) => showEntry(request, reply))

  app.post('/quarantine/:id/replay', async (request, reply) => {
    const id = whole(request.params, 'id') ?? -1
    const replayed = await attempt(() =>
      postgres.withClient(async (client, context): Promise<Rerun | undefined> => {
        const entry = await getQuarantine(client, id)
        return entry && (await rerun(client, context, entry))
      }),
    )
    if (replayed === 'not now') return showEntry(request, reply, (texts) => texts.notNow, 503)
    if (replayed === undefined) return showEntry(request, reply)
    if (!replayed.done) return showEntry(request, reply, (texts) => texts.notReplayed(replayed.reason), 409)
    reader.forget()
    const { stored, duplicates } = replayed
    return reply.redirect(donePath({ how: 'replayed', id, stored, duplicates }), 303)
  })

  app.post('/quarantine/:id/accept', async (request, reply) => {
    const id = whole(request.params, 'id') ?? -1
    const refusal = await attempt(() =>
      postgres.withClient(async (client, context) => {
        const entry = await getQuarantine(client, id)
        return entry ? ((await acceptConflict(client, context, entry)) ?? 'accepted') : undefined
      }),
    )
    if (refusal === 'not now') return showEntry(request, reply, (texts) => texts.notNow, 503)
    if (refusal === undefined) return showEntry(request, reply)
    if (refusal !== 'accepted') return showEntry(request, reply, (texts) => texts.notReplayed(refusal), 409)
    reader.forget()
    return reply.redirect(donePath({ how: 'accepted', id }), 303)
  })

  app.post('/quarantine/:id/resolve', async (request, reply) => {
    const id = whole(request.params, 'id') ?? -1
    const why = field(request.body, 'why')
    if (why === undefined) return showEntry(request, reply, (texts) => texts.whyNeeded, 422)
    const closed = await attempt(() => postgres.withClient((client) => resolveQuarantine(client, [id], why)))
    if (closed === 'not now') return showEntry(request, reply, (texts) => texts.notNow, 503)
    if (closed.length === 0) return showEntry(request, reply)
    reader.forget()
    return reply.redirect(donePath({ how: 'resolved', id }), 303)
  })

  /** The entry, with a word on what was not done where there is one. */
  async function showEntry(
    request: FastifyRequest,
    reply: FastifyReply,
    refused?: (texts: Texts) => string,
    status = 200,
  ): Promise<FastifyReply> {
    const view = viewOf(request, context)
    const id = whole(request.params, 'id')
    if (id === undefined) return send(reply, noEntryPage(view), 404)
    const found = await reader.read((client) => readOpenEntry(client, id))
    if (!found.ok) return send(reply, noEntryPage(view, found.failed), 503)
    if (!found.value) return send(reply, noEntryPage(view), 404)
    const entry = found.value
    const page = {
      entry,
      isDoubtful: await isDoubtful(entry),
      openEntries: await openEntries(context),
      refused: refused?.(view.texts),
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
