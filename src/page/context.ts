import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Registry } from 'prom-client'
import type { Readiness } from '../ingest/receiver.ts'
import type { Log } from '../lib/log.ts'
import { readOpenReasons } from '../store/page/quarantine.ts'
import type { Postgres } from '../store/postgres.ts'
import { Format } from './format.ts'
import type { Html } from './html.ts'
import type { View } from './layout.ts'
import type { Answer, Reader } from './reader.ts'
import { languageOf, texts } from './texts/texts.ts'

/** What the routes of the page work with. */
export interface PageContext {
  reader: Reader
  postgres: Pick<Postgres, 'withClient'>
  registry: Registry
  readiness: () => Readiness
  timeZone: string
  log: Log
}

export function viewOf(request: FastifyRequest, { timeZone }: PageContext): View {
  const language = languageOf(request.headers['accept-language'])
  return { language, texts: texts[language], format: new Format(language, timeZone), now: new Date() }
}

/** How many quarantine entries are open, for the count in the navigation. */
export async function openEntries({ reader }: PageContext): Promise<Answer<number>> {
  const reasons = await reader.share('reasons', readOpenReasons)
  return reasons.ok ? { ok: true, value: reasons.value.reduce((total, { entries }) => total + entries, 0) } : reasons
}

export function send(reply: FastifyReply, page: Html, status = 200): FastifyReply {
  return reply.code(status).type('text/html; charset=utf-8').send(page.toString())
}
