import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Command, InvalidArgumentError, Option } from 'commander'
import type pg from 'pg'
import { maskNumber } from '../calls/masks.ts'
import type { Config } from '../config/config.ts'
import { Forwarder, forwarderLimits } from '../feed/forwarder.ts'
import { messageOf } from '../feed/message.ts'
import { Sender } from '../feed/sender.ts'
import { type FeedEntry, feedChannel, headOfFeed, mayReadFacts, positionAt, readFeed } from '../store/feed.ts'
import { createPool } from '../store/pool.ts'
import { isPooled } from '../store/statement.ts'
import { withConnection } from './database.ts'
import { noteLines, printLines } from './output.ts'

interface Options {
  app?: string
  scenario?: string
  type?: string
  outcome?: string
  from?: From
  whole?: boolean
  json?: boolean
  forwardTo?: string
  name: string
  timeout: number
}

type From = number | 'start' | Date

const page = 500
/** How often it is looked where no notification comes: behind a pooler none does. */
const pollMs = 2_000

export function listenCommand(): Command {
  return new Command('listen')
    .description('events, CDRs and calls as they come, one line each, until Ctrl-C; or each posted to an address')
    .option('--app <appKey>', 'only of this application')
    .option('--scenario <name>', 'only of calls of this scenario, as callVerify')
    .option('--type <type>', 'only this: event, cdr, call, or a type of events, as answer')
    .option('--outcome <outcome>', 'only calls that ended so, as "no answer"')
    .option('--from <where>', 'begin at a position, a time (ISO 8601 with zone), or start; default: now', from)
    .option('--whole', 'show whole numbers, where the login may read them')
    .option('--json', 'print what --forward-to would post, one JSON a line')
    .option(
      '--forward-to <url>',
      'post each, signed with FORWARD_SECRET, until it is taken; needs the login of the receiver',
    )
    .addOption(
      new Option('--name <name>', 'with --forward-to: the position is kept under it, and gone on from').default(
        'listen',
      ),
    )
    .option('--timeout <seconds>', 'with --forward-to: how long an answer is waited for', seconds, 10)
    .action((options: Options) =>
      withConnection(async (client, config, databaseUrl) => {
        const whole = await mayReadFacts(client)
        if (options.whole && !whole) throw new Error('this login may not read whole numbers: leave out --whole')
        if (whole && options.json && !options.whole && options.forwardTo === undefined)
          noteLines('calls only, masked: --whole adds events and CDRs, and whole numbers')
        if (!whole) noteLines('this login reads calls, masked, and neither events nor CDRs')
        const stop = new AbortController()
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
        if (options.forwardTo === undefined) await print(client, options, whole, stop.signal)
        else await forward({ client, config, databaseUrl }, options, whole, stop.signal)
      }),
    )
}

async function print(client: pg.Client, options: Options, whole: boolean, signal: AbortSignal): Promise<void> {
  // Whoever may read whole numbers need not want them on the screen; as JSON they are masked by reading masked calls.
  const masked = !whole || (options.json === true && !options.whole)
  const shows = wants(options)
  let woken = new AbortController()
  client.on('notification', () => woken.abort())
  if (!isPooled(client)) await client.query(`LISTEN ${feedChannel}`)
  let position = await beginning(client, options.from ?? 'now')
  while (!signal.aborted) {
    woken = new AbortController()
    const found = await readFeed(client, position, page, { masked })
    for (const entry of found.entries) {
      if (!shows(entry)) continue
      if (options.json) process.stdout.write(`${messageOf(entry).body}\n`)
      else printLines(lineOf(entry, options.whole === true))
    }
    const isAll = found.position === position
    position = found.position
    if (!isAll) continue
    await sleep(pollMs, undefined, { signal: AbortSignal.any([signal, woken.signal]) }).catch(() => {})
  }
}

async function forward(
  { client, config, databaseUrl }: { client: pg.Client; config: Config; databaseUrl: string },
  options: Options,
  whole: boolean,
  signal: AbortSignal,
): Promise<void> {
  const { forwardTo: url = '', name } = options
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new Error('--forward-to is no URL: it should be as http://127.0.0.1:8080/hook')
  if (name === 'service') throw new Error('the receiver forwards under the name service: take another one')
  const sender = new Sender({
    url,
    keys: config.forwardKeys.length > 0 ? config.forwardKeys : [ownKey()],
    timeoutMs: options.timeout * 1000,
    connections: forwarderLimits.concurrency,
  })
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
    name,
    sender,
    log: { info: say, warn: say, error: say },
    masked: !whole,
    wants: wants(options),
    onDelivered: (entry) =>
      options.json
        ? void process.stdout.write(`${messageOf(entry).body}\n`)
        : printLines(lineOf(entry, options.whole === true)),
    ...(options.from === undefined ? {} : { from: await beginning(client, options.from) }),
  })
  client.on('notification', () => forwarder.wake())
  if (!isPooled(client)) await client.query(`LISTEN ${feedChannel}`)
  forwarder.start()
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  await forwarder.stop()
  await pool.end()
}

/** One for this time; told once, as its receiver has to know it. */
function ownKey(): KeyObject {
  const key = randomBytes(32)
  noteLines(`FORWARD_SECRET is not set; signed for this time with whsec_${key.toString('base64')}`)
  return createSecretKey(key)
}

async function beginning(client: pg.Client, where: From | 'now'): Promise<number> {
  if (where === 'now') return headOfFeed(client)
  if (where === 'start') return 0
  return where instanceof Date ? positionAt(client, where) : where
}

/** Calls that are gone have no application any more: they are shown wherever calls are. */
function wants({ app, scenario, type, outcome }: Options): (entry: FeedEntry) => boolean {
  return (entry) => {
    const isGone = entry.kind === 'removed' || entry.kind === 'erased'
    if (type !== undefined && type !== (isGone ? 'call' : entry.kind) && type !== eventTypeOf(entry)) return false
    if (outcome !== undefined && entry.outcome !== outcome) return false
    if (isGone) return true
    return (app === undefined || entry.app_key === app) && (scenario === undefined || entry.scenario === scenario)
  }
}

function eventTypeOf({ kind, content }: FeedEntry): string | undefined {
  return kind === 'event' && content !== null ? (JSON.parse(content) as { event_type: string }).event_type : undefined
}

type Content = Record<string, string | number | null | undefined>

/** What happened, in one line: when, what, how, who, which call. */
export function lineOf(entry: FeedEntry, whole: boolean): string {
  const content = (entry.content === null ? {} : JSON.parse(entry.content)) as Content
  const number = (value: unknown) => {
    const text = typeof value === 'string' ? value : ''
    return whole || text === '' || text.includes('*') ? text : maskNumber(text)
  }
  const parties = (from: unknown, to: unknown) => [number(from), number(to)].filter((text) => text !== '').join(' → ')
  const said = {
    event: () => [content.event_type, parties(content.caller, content.called), code(content.state_code)],
    cdr: () => [parties(content.caller_num, content.callee_num ?? content.fwd_dst_num), code(content.ul_fail_reason)],
    call: () => [
      entry.scenario,
      entry.outcome,
      parties(content.a_number, content.b_number),
      entry.outcome === 'answered' || entry.outcome === 'in progress' ? '' : content.reason_en,
    ],
    removed: () => ['gone'],
    erased: () => ['erased'],
  }[entry.kind]()
  const words = said.filter((word) => word !== undefined && word !== null && word !== '').join('  ')
  return `${entry.at.slice(0, 19).replace('T', ' ')}  ${entry.kind.padEnd(7)}  ${words}  ${entry.call_ref}.${entry.position}`
}

function code(value: Content[string]): string {
  return typeof value === 'number' && value !== 0 ? `code ${value}` : ''
}

function from(text: string): From {
  if (text === 'start') return text
  if (/^\d{1,15}$/.test(text)) return Number(text)
  const ms = /(Z|[+-]\d\d:?\d\d)$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(ms))
    throw new InvalidArgumentError('it should be a position, a time as 2026-01-31T08:00:00Z, or start')
  return new Date(ms)
}

function seconds(text: string): number {
  const value = Number(text)
  if (!(value > 0 && value <= 300)) throw new InvalidArgumentError('it should be a number of seconds up to 300')
  return value
}
