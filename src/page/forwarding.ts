import type { FastifyInstance } from 'fastify'
import { type DeadLetter, type ForwarderState, listDeadLetters, listForwarders } from '../store/forwarders.ts'
import { type Desk, openEntries, send, viewOf } from './desk.ts'
import { failed } from './failures.ts'
import { type Html, html } from './html.ts'
import { callPath, empty, layout, panel, table, tag, type View, when } from './layout.ts'
import { named } from './words.ts'

const lettersShown = 200

/** What is passed on to the application behind, and what it refused. */
export function forwardingRoutes(app: FastifyInstance, desk: Desk): void {
  app.get('/forwarding', async (request, reply) => {
    const view = viewOf(request, desk)
    const { words } = view
    const [forwarders, letters] = await Promise.all([
      desk.reader.read(listForwarders),
      desk.reader.read((client) => listDeadLetters(client, lettersShown)),
    ])
    const page = layout(view, {
      title: words.forwarding,
      section: '/forwarding',
      openEntries: await openEntries(desk),
      body: html`
<div class="head"><h1>${words.forwarding}</h1><p>${words.forwardingHint}</p></div>
${panel('forwarders', words.forwarders, '', forwarders.ok ? forwarderList(view, forwarders.value) : failed(forwarders.failed, view))}
${panel('letters', words.deadLetters, words.deadLettersHint, letters.ok ? letterList(view, letters.value) : failed(letters.failed, view))}`,
    })
    return send(reply, page)
  })
}

function forwarderList(view: View, rows: readonly ForwarderState[]): Html {
  const { words, format } = view
  if (rows.length === 0) return empty(words.noForwarders)
  return table(
    words.forwarders,
    [
      { name: words.forwarderName, cell: ({ name }) => name },
      {
        name: words.state,
        cell: ({ is_running }) => (is_running ? tag(words.running, 'good') : tag(words.notRunning, 'warn')),
      },
      { name: words.position, kind: 'n', cell: ({ position }) => format.number(position) },
      { name: words.head, kind: 'n minor', cell: ({ head }) => format.number(head) },
      { name: words.movedAt, kind: 't minor', cell: ({ moved_at }) => when(view, moved_at) },
      { name: words.deadLetters, kind: 'n', cell: ({ dead_letters }) => format.number(dead_letters) },
    ],
    rows,
  )
}

function letterList(view: View, rows: readonly DeadLetter[]): Html {
  const { words, format } = view
  if (rows.length === 0) return empty(words.noDeadLetters)
  return table(
    words.deadLetters,
    [
      { name: words.position, kind: 'n', cell: ({ position }) => String(position) },
      { name: words.kind, cell: ({ kind }) => named(words.feedKinds, kind) },
      { name: words.calls, cell: ({ call_ref }) => html`<a href="${callPath(call_ref)}">${call_ref.slice(0, 8)}</a>` },
      { name: words.lastAnswer, kind: 'wrap', cell: ({ error }) => error },
      { name: words.tries, kind: 'n minor', cell: ({ tries }) => format.number(tries) },
      { name: words.givenUp, kind: 't', cell: ({ failed_at }) => when(view, failed_at) },
      { name: words.forwarderName, kind: 'minor', cell: ({ forwarder }) => forwarder },
    ],
    rows,
  )
}
