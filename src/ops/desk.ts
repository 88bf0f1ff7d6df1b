import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Registry } from 'prom-client'
import type { Log } from '../ingest/log.ts'
import type { Readiness } from '../ingest/receiver.ts'
import { readOpenReasons } from '../store/ops.ts'
import type { Postgres } from '../store/postgres.ts'
import { Format } from './format.ts'
import type { Html } from './html.ts'
import type { View } from './layout.ts'
import { quick, type Reader } from './reader.ts'
import { languageOf, words } from './words.ts'

/** What the routes of the page work with. */
export interface Desk {
  reader: Reader
  postgres: Pick<Postgres, 'withClient'>
  registry: Registry
  readiness: () => Readiness
  timeZone: string
  log: Log
}

export function viewOf(request: FastifyRequest, { timeZone }: Desk): View {
  const language = languageOf(request.headers['accept-language'])
  return { language, words: words[language], format: new Format(language, timeZone), now: new Date() }
}

/** How many quarantine entries are open, for the count in the navigation; undefined where it cannot be told. */
export async function openEntries({ reader }: Desk): Promise<number | undefined> {
  const reasons = await reader.read('reasons', quick, [], readOpenReasons)
  return reasons.ok ? reasons.value.reduce((total, { entries }) => total + entries, 0) : undefined
}

export function send(reply: FastifyReply, page: Html, status = 200): FastifyReply {
  return reply.code(status).type('text/html; charset=utf-8').send(page.toString())
}

/** A field of a query, a path or a form: its text, or undefined where it is missing, empty or given twice. */
export function field(of: unknown, name: string): string | undefined {
  const value: unknown = typeof of === 'object' && of !== null ? Reflect.get(of, name) : undefined
  const text = typeof value === 'string' ? value.trim() : ''
  return text === '' ? undefined : text
}

/** A whole number, such as an id. */
export function whole(of: unknown, name: string): number | undefined {
  const text = field(of, name)
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
