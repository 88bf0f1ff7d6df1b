import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import type pg from 'pg'
import type { Config } from '../../config/config.ts'
import { Forwarder, forwarderLimits } from '../../feed/forwarder.ts'
import { messageOf } from '../../feed/message.ts'
import { Sender } from '../../feed/sender.ts'
import { type FeedEntry, feedChannel, headOfFeed, mayReadFacts, positionAt, readFeed } from '../../store/feed.ts'
import { createPool } from '../../store/pool.ts'
import { isPooled } from '../../store/statement.ts'
import { withConnection } from '../database.ts'
import type { From, ListenOptions } from '../listen.ts'
import { noteLines, printLines } from '../output.ts'
import { filterOf, lineOf } from './listen-entry.ts'

const page = 500
/** How often it is looked where no notification comes: behind a pooler none does. */
const pollMs = 2_000

export async function listen(options: ListenOptions, command: Command): Promise<void> {
  const { forwardTo, name, json, whole } = options
  if (forwardTo !== undefined && !(/^https?:/.test(forwardTo) && URL.canParse(forwardTo)))
    command.error('error: --forward-to is no URL: it should be as http://127.0.0.1:8080/hook')
  if (name === 'service') command.error('error: --name service is what the receiver forwards under: take another one')
  await withConnection(async (client, config, databaseUrl) => {
    const mayAll = await mayReadFacts(client)
    if (whole && !mayAll) throw new Error('this login may not read whole numbers: leave out --whole')
    if (!mayAll) noteLines('this login reads calls, masked, and neither events nor CDRs')
    else if (json && !whole && forwardTo === undefined)
      noteLines('calls only, masked: --whole adds events and CDRs, and whole numbers')
    const stop = new AbortController()
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
    if (forwardTo === undefined) await print(client, options, mayAll, stop.signal)
    else await forward({ client, config, databaseUrl }, { ...options, forwardTo }, mayAll, stop.signal)
  })
}

async function print(client: pg.Client, options: ListenOptions, mayAll: boolean, signal: AbortSignal): Promise<void> {
  const { json = false, whole = false } = options
  const shows = filterOf(options)
  // JSON is masked by reading masked calls, lines are here.
  const masked = !mayAll || (json && !whole)
  let news = new AbortController()
  await whenNotified(client, () => news.abort())
  let position = await beginning(client, options.from)
  while (!signal.aborted) {
    news = new AbortController()
    const entries = await readFeed(client, position, page, { masked })
    for (const entry of entries) if (shows(entry)) show(entry, options)
    position = entries.at(-1)?.position ?? position
    if (entries.length === 0)
      await sleep(pollMs, undefined, { signal: AbortSignal.any([signal, news.signal]) }).catch(() => {})
  }
}

async function forward(
  { client, config, databaseUrl }: { client: pg.Client; config: Config; databaseUrl: string },
  options: ListenOptions & { forwardTo: string },
  mayAll: boolean,
  signal: AbortSignal,
): Promise<void> {
  const pool = createPool({
    databaseUrl,
    size: 1,
    pooler: config.databasePooler,
    statementTimeoutMs: 30_000,
    onError: () => {},
  })
  const say = (fields: object, message: string) => noteLines(`${message} ${JSON.stringify(fields)}`)
  const forwarder = new Forwarder({
    pool: () => pool,
    name: options.name,
    sender: new Sender({
      url: options.forwardTo,
      keys: config.forwardKeys.length > 0 ? config.forwardKeys : [ownKey()],
      timeoutMs: options.timeout * 1000,
      connections: forwarderLimits.concurrency,
    }),
    log: { info: say, warn: say, error: say },
    masked: !mayAll,
    wants: filterOf(options),
    onDelivered: (entry) => show(entry, options),
    ...(options.from === undefined ? {} : { from: await beginning(client, options.from) }),
  })
  await whenNotified(client, () => forwarder.wake())
  forwarder.start()
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  await forwarder.stop()
  await pool.end()
}

async function whenNotified(client: pg.Client, wake: () => void): Promise<void> {
  client.on('notification', wake)
  if (!isPooled(client)) await client.query(`LISTEN ${feedChannel}`)
}

/** One for this time; told once, as whoever checks signatures has to know it. */
function ownKey(): KeyObject {
  const key = randomBytes(32)
  noteLines(`FORWARD_SECRET is not set; signed for this time with whsec_${key.toString('base64')}`)
  return createSecretKey(key)
}

async function beginning(client: pg.Client, where: From | undefined): Promise<number> {
  if (where === undefined) return headOfFeed(client)
  if (typeof where === 'number') return where
  return positionAt(client, where === 'start' ? new Date(0) : where)
}

function show(entry: FeedEntry, { json, whole = false }: ListenOptions): void {
  if (json) process.stdout.write(`${messageOf(entry).body}\n`)
  else printLines(lineOf(entry, whole))
}
