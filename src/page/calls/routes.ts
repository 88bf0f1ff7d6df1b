import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import * as reads from '../../store/page/calls.ts'
import { type LookUpKind, lookUp, lookUpKinds, readRefOfSession } from '../../store/page/look-ups.ts'
import { readOpenEntriesOfCall } from '../../store/page/quarantine.ts'
import { readSubscriptions } from '../../store/page/reconciliation.ts'
import { openEntries, type PageContext, send, viewOf } from '../context.ts'
import { sendCsv } from '../csv.ts'
import { field } from '../fields.ts'
import { callPath, failedPage } from '../layout.ts'
import type { Answer } from '../reader.ts'
import { callPage, noCallPage } from './call.ts'
import { callsPage, foundPage, listLength } from './calls.ts'
import { callsCsv } from './csv.ts'
import { noteLookUp } from './look-ups.ts'
import { filterOf, isCallRef, searchOf } from './search.ts'

/** Calls that a download has at most. */
const downloadLength = 10_000
/** Events and CDRs that the page of a call shows at most: a session may have thousands. */
const factsShown = 500

export function callsRoutes(app: FastifyInstance, context: PageContext): void {
  const { reader } = context

  app.get('/calls', async (request, reply) => {
    const search = searchOf(request.query)
    const filter = filterOf(search, request.query, context.timeZone)
    const [calls, apps, open] = await Promise.all([
      reader.read((client) => reads.readCalls(client, filter, listLength)),
      reader.share('subscriptions', readSubscriptions),
      openEntries(context),
    ])
    return send(reply, callsPage(viewOf(request, context), { search, calls, apps, openEntries: open, downloadLength }))
  })

  app.get('/calls.csv', async (request, reply) => {
    const filter = filterOf(searchOf(request.query), request.query, context.timeZone)
    const calls = await reader.read((client) => reads.readCalls(client, filter, downloadLength))
    const view = viewOf(request, context)
    if (calls.ok) return sendCsv(reply, 'calls', callsCsv(view, calls.value))
    return send(reply, failedPage(view, '/calls', calls.failed), 503)
  })

  // By POST, so that what is looked for stands in no address, no history and no log of a proxy.
  app.post('/calls', async (request, reply) => {
    const by = lookUpKinds.find((kind) => kind === field(request.body, 'by')) ?? 'number'
    const what = field(request.body, 'what')
    if (what === undefined) return reply.redirect('/calls', 303)
    if (by === 'session') {
      // Most ids hold no number and lead nowhere that the list of calls does not.
      const found = await reader.read((client) => readRefOfSession(client, what))
      if (found.ok && found.value !== undefined) return reply.redirect(callPath(found.value), 303)
    }
    return showFound(request, reply, by, what)
  })

  app.get('/call/:ref', async (request, reply) => {
    const view = viewOf(request, context)
    const ref = field(request.params, 'ref')
    if (!isCallRef(ref)) return send(reply, noCallPage(view), 404)
    const found = await reader.read((client) => reads.readCall(client, ref))
    if (!found.ok) return send(reply, noCallPage(view, found.failed), 503)
    const call = found.value
    if (!call) return send(reply, noCallPage(view), 404)
    const [legs, events, cdrs, conflicts, billChanges, open] = await Promise.all([
      reader.read((client) => reads.readLegs(client, ref)),
      reader.read((client) => reads.readEvents(client, call, factsShown)),
      reader.read((client) => reads.readCdrs(client, ref, factsShown)),
      reader.read((client) => readOpenEntriesOfCall(client, ref)),
      reader.read((client) => reads.readBillChanges(client, ref)),
      openEntries(context),
    ])
    return send(reply, callPage(view, { call, legs, events, cdrs, conflicts, billChanges, openEntries: open }))
  })

  async function showFound(
    request: FastifyRequest,
    reply: FastifyReply,
    by: LookUpKind,
    what: string,
  ): Promise<FastifyReply> {
    noteLookUp(context.log, request, by)
    const sought = by === 'number' ? what.replace(/[\s()-]/g, '') : what
    const calls: Answer<reads.ListedCall[]> = await reader.lookUp((client) => lookUp(client, by, sought, listLength))
    const [only, another] = calls.ok ? calls.value : []
    if (only && !another) return reply.redirect(callPath(only.call_ref), 303)
    return send(reply, foundPage(viewOf(request, context), { by, calls, openEntries: await openEntries(context) }))
  }
}
