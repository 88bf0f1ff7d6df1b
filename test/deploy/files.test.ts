import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { loadConfig } from '../../src/config.ts'
import { platformSuites } from '../../src/rtc/tls-suites.ts'
import { directory } from './dashboard.ts'

const root = fileURLToPath(directory)
const read = (file: string) => readFileSync(join(root, file), 'utf8')

type Json = Record<string, unknown>

/** Kubernetes and older tools read YAML 1.1, where 0440 is octal. */
function documents(file: string): Json[] {
  return parseAllDocuments(read(file), { version: '1.1', uniqueKeys: true }).map((document) => {
    expect(document.errors).toEqual([])
    return document.toJS() as Json
  })
}

/** The value at a path such as `spec.template.spec.containers.0.image`. */
function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((inner, key) => (inner as Json | undefined)?.[key], value)
}

const yaml = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => /\.ya?ml$/.test(file))

test.each([...yaml, '../docker-compose.yml'])('%s is YAML', (file) => {
  expect(documents(file).length).toBeGreaterThan(0)
})

describe('compose', () => {
  const [compose] = documents('../docker-compose.yml')
  const services = at(compose, 'services') as Record<string, Json>

  test('starts two containers, and the others only in the profile', () => {
    const inProfile = Object.entries(services).filter(([, service]) => service.profiles !== undefined)
    expect(Object.keys(services).filter((name) => services[name]?.profiles === undefined)).toEqual([
      'postgres',
      'receiver',
    ])
    for (const [, service] of inProfile) expect(service.profiles).toEqual(['observability'])
  })

  test('publishes on loopback only, and mounts files that are there', () => {
    for (const { ports = [], volumes = [] } of Object.values(services) as { ports?: string[]; volumes?: string[] }[]) {
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/)
      for (const volume of volumes) {
        const source = volume.split(':')[0] ?? ''
        if (source.startsWith('.'))
          expect(() => readdirSync(join(root, '..', source.replace(/\/[^/]+\.sql$/, '')))).not.toThrow()
        else expect(Object.keys(at(compose, 'volumes') as Json)).toContain(source)
      }
    }
  })

  test('scrapes the receiver by a name that it takes', () => {
    const [prometheus] = documents('prometheus/prometheus.yml')
    const target = String(at(prometheus, 'scrape_configs.0.static_configs.0.targets.0')).split(':')[0]
    expect(at(services, 'receiver.environment.ADMIN_HOSTS')).toBe(target)
    expect(at(services, 'prometheus.configs.0.target')).toBe(
      at(prometheus, 'scrape_configs.0.authorization.credentials_file'),
    )
  })
})

describe('Kubernetes', () => {
  const all = documents('kubernetes/rtc-receiver.yaml')
  const of = (kind: string) => all.filter((document) => document.kind === kind)
  const [set] = of('StatefulSet')
  const pod = at(set, 'spec.template.spec')

  test('two replicas, a volume each, that outlive their pods', () => {
    expect(at(set, 'spec.replicas')).toBe(2)
    expect(at(set, 'spec.volumeClaimTemplates.0.spec.accessModes')).toEqual(['ReadWriteOncePod'])
    expect(at(pod, 'containers.0.volumeMounts.0')).toEqual({ name: 'data', mountPath: '/data' })
    expect(at(set, 'spec.persistentVolumeClaimRetentionPolicy')).toEqual({
      whenDeleted: 'Retain',
      whenScaled: 'Retain',
    })
  })

  test('every selector finds the pods, and every port has a name they know', () => {
    const labels = at(set, 'spec.template.metadata.labels')
    expect(at(set, 'spec.selector.matchLabels')).toEqual(labels)
    for (const service of of('Service')) expect(at(service, 'spec.selector')).toEqual(labels)
    const [budget] = of('PodDisruptionBudget')
    expect(at(budget, 'spec.selector.matchLabels')).toEqual(labels)
    expect(at(budget, 'spec.minAvailable')).toBe(1)
    const ports = (at(pod, 'containers.0.ports') as Json[]).map(({ name }) => name)
    const targets = of('Service').flatMap((service) =>
      (at(service, 'spec.ports') as Json[]).map(({ targetPort }) => targetPort),
    )
    const probes = ['startupProbe', 'livenessProbe', 'readinessProbe'].map((probe) =>
      at(pod, `containers.0.${probe}.httpGet.port`),
    )
    for (const port of [...targets, ...probes]) expect(ports).toContain(port)
    expect(of('Service').map((service) => at(service, 'metadata.name'))).toContain(at(set, 'spec.serviceName'))
  })

  test('the receiver takes its environment, secrets come from files that are mounted', async () => {
    const [map] = of('ConfigMap')
    const environment = at(map, 'data') as Record<string, string>
    const mounts = (at(pod, 'containers.0.volumeMounts') as { mountPath: string }[]).map(({ mountPath }) => mountPath)
    for (const [name, value] of Object.entries(environment))
      if (/_FILE$|^TLS_/.test(name))
        expect(
          mounts.some((mount) => value.startsWith(`${mount}/`)),
          name,
        ).toBe(true)
    // As the pod has it, with the files' texts in their place.
    const { TLS_CERT, TLS_KEY, ...rest } = environment
    expect(TLS_CERT && TLS_KEY).toBeTruthy()
    const secrets: Record<string, string> = {
      DATABASE_URL: 'postgres://rtc@postgres/rtc',
      PATH_TOKEN: 'a-token-of-22-characters',
      ADMIN_TOKEN: 'sixteen-characters',
    }
    const plain = Object.fromEntries(
      Object.entries(rest).map(([name, value]) => {
        const secret = name.replace(/_FILE$/, '')
        return secret === name ? [name, value] : [secret, secrets[secret] ?? '']
      }),
    )
    const config = await loadConfig({ ...plain, HOST: '0.0.0.0' })
    const grace = Number(at(pod, 'terminationGracePeriodSeconds')) * 1000
    expect(grace).toBeGreaterThan(5_000 + config.shutdownTimeoutMs)
  })
})

describe('in front', () => {
  test('nginx names the suites of the platform, passes the callback paths only, and writes no request line', () => {
    const text = read('nginx/rtc-receiver.conf')
    expect(/ssl_ciphers ([^;]+);/.exec(text)?.[1]?.split(':')).toEqual([...platformSuites])
    expect(text.match(/proxy_pass/g)).toHaveLength(1)
    const format = /log_format rtc ([^;]+);/.exec(text)?.[1] ?? ''
    expect(format).toContain('$rtc_path')
    expect(format).not.toMatch(/\$request\b|\$request_uri|\$uri|\$http_/)
    for (const [log] of text.matchAll(/error_log [^;]+;/g)) expect(log).toMatch(/ crit;$/)
  })

  test('Caddy takes the token out of both of its logs', () => {
    const text = read('caddy/Caddyfile')
    expect(text.match(/log \{/g)).toHaveLength(2)
    const [, expression = '', instead = ''] = /request>uri regexp (\S+) (\S+)/.exec(text) ?? []
    expect(text.match(/request>uri regexp \S+ \S+/g)).toHaveLength(2)
    expect('/rtc/a-token-of-22-characters/fee?x'.replace(new RegExp(expression), instead)).toBe('/rtc/-/fee?x')
  })
})

test('the unit of systemd hands secrets over as files, and waits for the shutdown', async () => {
  const text = read('systemd/rtc-receiver.service')
  for (const [, name] of text.matchAll(/_FILE=%d\/(\S+)/g)) expect(text).toContain(`LoadCredential=${name}:`)
  const { shutdownDelayMs, shutdownTimeoutMs } = await loadConfig({})
  expect(Number(/TimeoutStopSec=(\d+)/.exec(text)?.[1]) * 1000).toBeGreaterThan(
    shutdownDelayMs + shutdownTimeoutMs + 30_000,
  )
})
