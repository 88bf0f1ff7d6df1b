import type { FastifyInstance } from 'fastify'
import { type DeadLetter, type ForwarderState, listDeadLetters, listForwarders } from '../store/forwarders.ts'
import { openEntries, type PageContext, send, viewOf } from './context.ts'
import { failed } from './failures.ts'
import { type Html, html } from './html.ts'
import { callPath, empty, layout, panel, tag, type View, when } from './layout.ts'
import { table } from './table.ts'
import { named } from './texts/texts.ts'

const lettersShown = 200

/** What is passed on to the application behind, and what it refused. */
export function forwardingRoutes(app: FastifyInstance, context: PageContext): void {
  app.get('/forwarding', async (request, reply) => {
    const view = viewOf(request, context)
    const { texts } = view
    const [forwarders, letters] = await Promise.all([
      context.reader.read(listForwarders),
      context.reader.read((client) => listDeadLetters(client, lettersShown)),
    ])
    const page = layout(view, {
      title: texts.forwarding,
      section: '/forwarding',
      openEntries: await openEntries(context),
      body: html`
<div class="head"><h1>${texts.forwarding}</h1><p>${texts.forwardingHint}</p></div>
${panel('forwarders', texts.forwarders, '', forwarders.ok ? forwarderList(view, forwarders.value) : failed(forwarders.failed, view))}
${panel('letters', texts.deadLetters, texts.deadLettersHint, letters.ok ? letterList(view, letters.value) : failed(letters.failed, view))}`,
    })
    return send(reply, page)
  })
}

function forwarderList(view: View, rows: readonly ForwarderState[]): Html {
  const { texts, format } = view
  if (rows.length === 0) return empty(texts.noForwarders)
  return table(
    texts.forwarders,
    [
      { name: texts.forwarderName, cell: ({ name }) => name },
      {
        name: texts.forwarderState,
        cell: ({ is_running }) =>
          is_running ? tag(texts.forwarderRunning, 'good') : tag(texts.forwarderStopped, 'warn'),
      },
      { name: texts.position, kind: 'n', cell: ({ position }) => format.number(position) },
      { name: texts.lastPosition, kind: 'n', cell: ({ head }) => format.number(head) },
      { name: texts.movedAt, kind: 't', cell: ({ moved_at }) => when(view, moved_at) },
      { name: texts.deadLetters, kind: 'n', cell: ({ dead_letters }) => format.number(dead_letters) },
    ],
    rows,
  )
}

function letterList(view: View, rows: readonly DeadLetter[]): Html {
  const { texts, format } = view
  if (rows.length === 0) return empty(texts.noDeadLetters)
  return table(
    texts.deadLetters,
    [
      { name: texts.position, kind: 'n', cell: ({ position }) => String(position) },
      { name: texts.feedKind, cell: ({ kind }) => named(texts.feedKinds, kind) },
      { name: texts.calls, cell: ({ call_ref }) => html`<a href="${callPath(call_ref)}">${call_ref.slice(0, 8)}</a>` },
      { name: texts.lastAnswer, kind: 'wrap', cell: ({ error }) => error },
      { name: texts.tries, kind: 'n', cell: ({ tries }) => format.number(tries) },
      { name: texts.givenUpAt, kind: 't', cell: ({ failed_at }) => when(view, failed_at) },
      { name: texts.forwarderName, cell: ({ forwarder }) => forwarder },
    ],
    rows,
  )
}
