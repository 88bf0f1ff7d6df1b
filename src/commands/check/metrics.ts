import type { Config } from '../../config/config.ts'
import { ask } from './ask.ts'

export interface Sample {
  name: string
  labels: Record<string, string>
  value: number
}

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
export async function readMetrics({ adminHost, adminPort, adminToken }: Config): Promise<Sample[]> {
  const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[adminHost] ?? adminHost
  // A name it is bound to need not be one that it answers to.
  const headers = { host: 'localhost', ...(adminToken === undefined ? {} : { authorization: `Bearer ${adminToken}` }) }
  const { status, body } = await ask({ tls: false, host, port: adminPort, path: '/metrics', headers })
  if (status !== 200) throw new Error(`it answers ${status}`)
  return parseMetrics(body)
}
