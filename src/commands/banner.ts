import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Config } from '../config/config.ts'
import type { Service } from '../service.ts'

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
 * Tells a person who just started the receiver what to do next: where callbacks go, one to try, and how to see it.
 * Written to standard error, and only for people: the log on standard output stays JSON. A path token is not shown.
 */
export function welcome(config: Config, service: Service): void {
  if (!service.embedded && !process.stderr.isTTY) return
  const base = config.pathTokens.length > 0 ? `${service.url}/rtc/PATH_TOKEN` : `${service.url}/rtc`
  const query = 'SELECT session_id, event_type, occurred_at FROM ops.events ORDER BY stored_at DESC LIMIT 5'
  const psql = service.embedded && isInstalled('psql') && `or         ${service.embedded.psql} -c '${query}'\n`
  process.stderr.write(`
  statusUrl  ${base}/status
  feeUrl     ${base}/fee
  page       ${service.adminUrl}/   health ${service.adminUrl}/readyz   metrics ${service.adminUrl}/metrics

  try it     curl -H 'Content-Type: application/json' -d '${sample}' ${base}/status
  look       npm run -s cli -- sql "${query}"
${psql ? `  ${psql}` : ''}
  Ctrl-C stops it; what is stored stays in ${config.dataDir}

`)
}

function isInstalled(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((directory) => existsSync(join(directory, program)))
}
