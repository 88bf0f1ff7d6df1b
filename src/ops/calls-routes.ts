import type { FastifyInstance } from 'fastify'
import * as ops from '../store/ops.ts'
import { callPage, noCallPage } from './call.ts'
import { callsPage, listLength, type Search } from './calls.ts'
import { type Desk, field, openEntries, send, viewOf } from './desk.ts'
import { callPath } from './layout.ts'
import { noteLookUp } from './look-ups.ts'
import { readLocal } from './periods.ts'
import { quick } from './reader.ts'

/** How far back a list without a time goes. */
const reachMs = 30 * 86_400_000

export function callsRoutes(app: FastifyInstance, desk: Desk): void {
  const { reader } = desk
  const rights = () => reader.read('rights', quick, [], ops.readRights)

  app.get('/calls', async (request, reply) => {
    const view = viewOf(request, desk)
    const search = searchOf(request.query)
    const { session } = search
    const calls =
      session === undefined
        ? await reader.read('calls', quick, [request.query], (client) =>
            ops.readCalls(client, filterOf(search, request.query, view.now, desk.timeZone)),
          )
        : await reader.read('session', quick, [session], (client) =>
            ops.readCallsOfSession(client, session, listLength),
          )
    const [only, another] = calls.ok ? calls.value : []
    if (session !== undefined && only && !another) return reply.redirect(callPath(only), 303)
    const page = { search, calls, rights: await rights(), openEntries: await openEntries(desk) }
    return send(reply, callsPage(view, page))
  })

  // By POST, so that a number stands in no address, no history and no log of a proxy.
  app.post('/calls', async (request, reply) => {
    const number = field(request.body, 'number')?.replace(/[\s()-]/g, '')
    const userData = field(request.body, 'userData')
    const by = number === undefined ? 'userData' : 'number'
    noteLookUp(desk.log, request, by)
    const calls = await reader.once((client) =>
      number === undefined
        ? ops.readCallsByUserData(client, userData ?? '', listLength)
        : ops.readCallsOfNumber(client, number, listLength),
    )
    const page = { search: {}, calls, rights: await rights(), openEntries: await openEntries(desk), by } as const
    return send(reply, callsPage(viewOf(request, desk), page))
  })

  app.get('/call/:ref', async (request, reply) => {
    const view = viewOf(request, desk)
    const ref = field(request.params, 'ref') ?? ''
    const at = new Date(field(request.query, 'at') ?? '')
    if (!/^[0-9a-f]{16}$/.test(ref) || Number.isNaN(at.getTime())) return send(reply, noCallPage(view), 404)
    const found = await reader.read('call', quick, [ref, at], (client) => ops.readCall(client, ref, at))
    if (!found.ok) return send(reply, noCallPage(view, found.failed), 503)
    const call = found.value
    if (!call) return send(reply, noCallPage(view), 404)
    const [legs, events] = await Promise.all([
      reader.read('legs', quick, [ref, at], (client) => ops.readLegs(client, call)),
      reader.read('events', quick, [ref, at], (client) => ops.readEvents(client, call)),
    ])
    return send(reply, callPage(view, { call, legs, events, openEntries: await openEntries(desk) }))
  })
}

function searchOf(query: unknown): Search {
  const [session, from, to, outcome] = ['session', 'from', 'to', 'outcome'].map((name) => field(query, name))
  return { session, from, to, outcome }
}

/** `before` and `below` come from the link to older calls and name the last call of the list before. */
function filterOf({ from, to, outcome }: Search, query: unknown, now: Date, timeZone: string): ops.CallFilter {
  const before = new Date(field(query, 'before') ?? '')
  const goesOn = !Number.isNaN(before.getTime())
  const end = goesOn ? before : (readLocal(to, timeZone) ?? now)
  const begin = readLocal(from, timeZone) ?? new Date(end.getTime() - reachMs)
  return { from: begin, to: end, below: goesOn ? field(query, 'below') : undefined, outcome, limit: listLength }
}
