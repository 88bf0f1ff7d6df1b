import { existsSync } from 'node:fs'
import { delimiter, dirname, join, relative } from 'node:path'
import type { Config } from '../config/config.ts'
import { hasColours, type Output } from '../lib/terminal.ts'
import type { Service } from '../service.ts'
import { type Line, linesText, painted } from './output.ts'

const sample = JSON.stringify({
  eventType: 'callout',
  statusInfo: {
    sessionId: '1201_612_4294967295_20190124030424@callenabler245.huaweicaas.com',
    timestamp: '2019-01-24 03:04:24',
    caller: '+8613800000022',
    called: '+8613800000021',
  },
})

/**
 * Tells a person who just started the receiver what to do next: where callbacks go, one to try, how to see it, and where
 * it is kept. Written to standard error, for the log on standard output is for programs; and only where a person is
 * likely: on a terminal, or with the Postgres that is there for trying it out.
 */
export function welcome(config: Config, service: Service, stream: NodeJS.WriteStream = process.stderr): void {
  if (config.databaseUrl !== undefined && !stream.isTTY) return
  stream.write(`\n${linesText(bannerLines(config, service), hasColours(stream as Output))}\n`)
}

/** A path token is not shown. */
export function bannerLines(config: Config, { url, adminUrl, embedded }: Omit<Service, 'stop'>): Line[] {
  const base = config.pathTokens.length > 0 ? `${url}/rtc/PATH_TOKEN` : `${url}/rtc`
  const query = 'SELECT session_id, event_type, occurred_at FROM ops.events ORDER BY stored_at DESC LIMIT 5'
  const line = (name: string, text: string): Line => ['  ', painted('bold', name.padEnd(10)), ` ${text}`]
  const lines = [
    line('statusUrl', `${base}/status`),
    line('feeUrl', `${base}/fee`),
    line('page', `${adminUrl}/   health ${adminUrl}/readyz   metrics ${adminUrl}/metrics`),
    ...dataLines(config, embedded).map((text, i) => line(i === 0 ? 'data' : '', text)),
    '',
    line('try it', `curl -H 'Content-Type: application/json' -d '${sample}' ${base}/status`),
    line('look', `${cliCommand()} sql "${query}"`),
  ]
  if (embedded && isInstalled('psql')) lines.push(line('or', `${embedded.psql} -c '${query}'`))
  return [...lines, '', '  Ctrl-C stops it; what is stored stays']
}

function dataLines({ dataDir, databaseUrl }: Config, embedded: Service['embedded']): string[] {
  if (databaseUrl !== undefined) return [`in the Postgres of DATABASE_URL; spool in ${dataDir}`]
  if (!embedded) return [`${dataDir}: Postgres is still starting, callbacks wait in the spool`]
  if (embedded.movedBecause === undefined) return [dataDir]
  return [`${embedded.directory}, and the spool in ${dataDir}`, `because ${embedded.movedBecause}`]
}

/** How the commands are called where the receiver was started: by npm in a clone, by its name, or by node. */
function cliCommand(env = process.env, [, script = ''] = process.argv): string {
  if (env.npm_package_name === 'rtc-receiver') return 'npm run -s cli --'
  return script.endsWith('main.js') ? `node ${relative('', join(dirname(script), 'cli.js'))}` : 'rtc-receiver'
}

function isInstalled(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((directory) => existsSync(join(directory, program)))
}
