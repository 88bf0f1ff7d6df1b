import { request } from 'node:http'
import type { Config } from '../../config/config.ts'

export interface Sample {
  name: string
  labels: Record<string, string>
  value: number
}

/** Milliseconds to wait for the private listener. */
const patienceMs = 5_000

/** Prometheus' text format, as prom-client writes it. */
export function parseMetrics(text: string): Sample[] {
  const samples: Sample[] = []
  for (const line of text.split('\n')) {
    const [, name, labels = '', value] = /^([a-z_]\w*)(?:\{(.*)\})? (\S+)$/i.exec(line) ?? []
    if (name === undefined) continue
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)]
    samples.push({
      name,
      labels: Object.fromEntries(pairs.map(([, label, quoted]) => [label, unescaped(quoted ?? '')])),
      value: Number(value),
    })
  }
  return samples
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character))
}

/** What the receiver on this machine has counted since it was started. Rejects when it does not say. */
export function readMetrics({ adminHost, adminPort, adminToken }: Config): Promise<Sample[]> {
  const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[adminHost] ?? adminHost
  // A name it is bound to need not be one that it answers to.
  const headers = { host: 'localhost', ...(adminToken === undefined ? {} : { authorization: `Bearer ${adminToken}` }) }
  const options = { host, port: adminPort, path: '/metrics', headers, timeout: patienceMs, agent: false }
  return new Promise((resolve, reject) => {
    const outgoing = request(options, async (response) => {
      let text = ''
      try {
        for await (const chunk of response.setEncoding('utf8')) text += chunk
      } catch (error) {
        return reject(error)
      }
      if (response.statusCode === 200) resolve(parseMetrics(text))
      else reject(new Error(`it answers ${response.statusCode}`))
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')))
    outgoing.on('error', reject)
    outgoing.end()
  })
}
