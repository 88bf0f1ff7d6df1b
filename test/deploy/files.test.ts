import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual, parseEnv } from 'node:util'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { loadConfig } from '../../src/config/config.ts'
import { mostPerSource } from '../../src/http/limits/connections.ts'
import { platformSuites } from '../../src/platform/tls-suites.ts'
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

  test('starts Postgres, what prepares it and the receiver, and the others only in the profile', () => {
    const inProfile = Object.entries(services).filter(([, service]) => service.profiles !== undefined)
    expect(Object.keys(services).filter((name) => services[name]?.profiles === undefined)).toEqual([
      'postgres',
      'logins',
      'migrate',
      'receiver',
    ])
    for (const [, service] of inProfile) expect(service.profiles).toEqual(['observability'])
  })

  test('asks for every secret, none of which has a default', () => {
    const text = read('../docker-compose.yml')
    const asked = [...text.matchAll(/\$\{(\w+)([^}]*)\}/g)].filter(([, name]) => name !== 'name')
    expect(new Set(asked.map(([, name]) => name))).toEqual(
      new Set([
        'POSTGRES_PASSWORD',
        'OWNER_PASSWORD',
        'RECEIVER_PASSWORD',
        'ADMIN_TOKEN',
        'GRAFANA_DATABASE_PASSWORD',
        'GRAFANA_ADMIN_PASSWORD',
      ]),
    )
    for (const [, name, rest] of asked) expect(`${name} ${rest}`).toMatch(/^\w+ :\?is /)
  })

  test('the receiver logs in as itself and does not migrate; who does is no superuser', () => {
    const url = (service: string) => String(at(services, `${service}.environment.DATABASE_URL`))
    expect(url('receiver')).toMatch(/^postgres:\/\/rtc_receiver:\$\{RECEIVER_PASSWORD:/)
    expect(at(services, 'receiver.environment.MIGRATE')).toBe('manual')
    expect(at(services, 'receiver.depends_on.migrate.condition')).toBe('service_completed_successfully')
    expect(url('migrate')).toMatch(/^postgres:\/\/rtc_owner:\$\{OWNER_PASSWORD:/)
    const logins = read('compose/logins.sql')
    expect(logins).toContain('GRANT rtc_writer TO rtc_receiver')
    expect(logins).not.toMatch(/SUPERUSER/)
    for (const [, variable = ''] of logins.matchAll(/\\getenv \w+ (\w+)/g))
      expect(at(services, `logins.environment.${variable}`)).toMatch(/^\$\{/)
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
  const all = documents('kubernetes/base/rtc-receiver.yaml')
  const of = (kind: string) => all.filter((document) => document.kind === kind)
  const [set] = of('StatefulSet')
  const pod = at(set, 'spec.template.spec')
  const environment = parseEnv(read('kubernetes/base/receiver.env')) as Record<string, string>

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
    const mounts = (at(pod, 'containers.0.volumeMounts') as { mountPath: string }[]).map(({ mountPath }) => mountPath)
    for (const [name, value] of Object.entries(environment))
      if (/_FILE$|^TLS_/.test(name))
        expect(
          mounts.some((mount) => value.startsWith(`${mount}/`)),
          name,
        ).toBe(true)
    expect(environment.RTC_AUTH).toBe('enforce')
    // As the pod has it, with the files' texts in their place.
    const { TLS_CERT, TLS_KEY, ...rest } = environment
    expect(TLS_CERT && TLS_KEY).toBeTruthy()
    const secrets: Record<string, string> = {
      DATABASE_URL: 'postgres://rtc@postgres/rtc',
      PATH_TOKEN: 'a-token-of-22-characters',
      RTC_APPS: 'app:secret',
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

  test('the network policy lets callbacks in from anywhere, and to the private listener Prometheus alone', () => {
    const [policy] = of('NetworkPolicy')
    expect(at(policy, 'spec.podSelector.matchLabels')).toEqual(at(set, 'spec.selector.matchLabels'))
    expect(at(policy, 'spec.policyTypes')).toEqual(['Ingress', 'Egress'])
    const [callbacks, admin, ...others] = at(policy, 'spec.ingress') as Json[]
    expect(callbacks).toEqual({ ports: [{ port: 'callbacks' }] })
    expect(admin?.ports).toEqual([{ port: 'admin' }])
    expect(admin?.from).toHaveLength(1)
    expect(others).toEqual([])
    expect(JSON.stringify(at(policy, 'spec.egress'))).toContain('5432')
  })

  test('the ServiceMonitor finds the private listener, and the token that it wants', () => {
    const [monitor] = documents('kubernetes/service-monitor/service-monitor.yaml')
    const labels = at(monitor, 'spec.selector.matchLabels')
    const [service, ...others] = of('Service').filter((one) => isDeepStrictEqual(at(one, 'metadata.labels'), labels))
    expect(others).toEqual([])
    expect(at(monitor, 'spec.endpoints.0.port')).toBe(at(service, 'spec.ports.0.name'))
    expect(environment.ADMIN_HOSTS?.split(',')).toContain(at(service, 'metadata.name'))
    const { name, key } = at(monitor, 'spec.endpoints.0.authorization.credentials') as Record<string, string>
    expect(at(pod, 'volumes.0.secret.secretName')).toBe(name)
    expect(environment.ADMIN_TOKEN_FILE).toBe(`${at(pod, 'containers.0.volumeMounts.1.mountPath')}/${key}`)
    // The alerts know the receivers by this name of the job.
    const job = (labels as Json)[String(at(monitor, 'spec.jobLabel'))]
    expect(read('prometheus/alerts.yml')).toContain(`up{job="${job}"}`)
  })

  test('kustomizations name files that are there, and change what the base has', () => {
    for (const directory of ['base', 'service-monitor', 'example']) {
      const [kustomization] = documents(`kubernetes/${directory}/kustomization.yaml`)
      const generators = (at(kustomization, 'configMapGenerator') ?? []) as { name: string; envs?: string[] }[]
      const parts = ['resources', 'components'].flatMap((list) => (at(kustomization, list) ?? []) as string[])
      for (const path of [...parts, ...generators.flatMap(({ envs = [] }) => envs)])
        expect(existsSync(join(root, 'kubernetes', directory, path)), path).toBe(true)
      for (const { name } of generators) expect(name).toBe(at(pod, 'containers.0.envFrom.0.configMapRef.name'))
      for (const { name } of (at(kustomization, 'images') ?? []) as Json[])
        expect(name).toBe(at(pod, 'containers.0.image'))
    }
  })
})

describe('in front', () => {
  const token = 'a-token-of-22-characters'
  const paths = ['', '/', '?x', '/status', '/fee', '/fee?x', `/fee?${token}`, '/other', '/status/'].map(
    (rest) => `/rtc/${token}${rest}`,
  )
  const oddPaths = [`/${token}`, `//rtc/${token}/fee`, `/RTC/${token}/status`, `/%72tc/${token}/fee`]

  test('nginx names the suites of the platform, passes the callback paths only, and writes no request line', () => {
    const text = read('nginx/rtc-receiver.conf')
    expect(/ssl_ciphers ([^;]+);/.exec(text)?.[1]?.split(':')).toEqual([...platformSuites])
    expect(text.match(/proxy_pass/g)).toHaveLength(1)
    const format = /log_format rtc ([^;]+);/.exec(text)?.[1] ?? ''
    expect(format).toContain('$rtc_path')
    expect(format).not.toMatch(/\$request\b|\$request_uri|\$uri|\$http_/)
    for (const [log] of text.matchAll(/error_log [^;]+;/g)) expect(log).toMatch(/ crit;$/)
    // What of a path is told, as the map says it.
    const [, known = '', told = ''] = /map \$uri \$rtc_path \{\s*~(\S+) (\S+);\s*default -;/.exec(text) ?? []
    for (const path of [...paths, ...oddPaths]) {
      const found = new RegExp(known).exec(path.replace(/\?.*/, ''))
      expect(found ? told.replace('$kind', found.groups?.kind ?? '') : '-').not.toContain(token)
    }
    expect(new RegExp(known).exec(`/rtc/${token}/fee`)?.groups?.kind).toBe('fee')
  })

  test('nginx limits connections and requests, of a source and of all, within what the receiver takes', async () => {
    const text = read('nginx/rtc-receiver.conf')
    const zones = new Set([...text.matchAll(/limit_(?:conn|req)_zone \S+ zone=(\w+):/g)].map(([, zone]) => zone))
    const used = new Set([...text.matchAll(/limit_(?:conn |req zone=)(\w+)/g)].map(([, zone]) => zone))
    expect(used).toEqual(zones)
    const { maxConnections } = await loadConfig({})
    const most = [...text.matchAll(/(?:max_conns=|limit_conn rtc_all_connections )(\d+)/g)].map(([, n]) => Number(n))
    expect(most).toHaveLength(2)
    for (const connections of most) expect(connections).toBeLessThan(maxConnections)
    expect(Number(/limit_conn rtc_source_connections (\d+)/.exec(text)?.[1])).toBeLessThan(mostPerSource)
  })

  test('Caddy limits bodies, times and what it has open towards the receiver', async () => {
    const text = read('caddy/Caddyfile')
    const { maxConnections, bodyLimit } = await loadConfig({})
    expect(Number(/max_conns_per_host (\d+)/.exec(text)?.[1])).toBeLessThan(maxConnections)
    expect(Number(/max_size (\d+)MB/.exec(text)?.[1]) * 1_000_000).toBeGreaterThan(bodyLimit)
    for (const time of ['read_header', 'read_body', 'write', 'idle']) expect(text).toMatch(new RegExp(`${time} \\d+s`))
  })

  test('Caddy takes the token out of both of its logs, whatever follows it', () => {
    const text = read('caddy/Caddyfile')
    expect(text.match(/log \{/g)).toHaveLength(2)
    const filters = [...text.matchAll(/request>uri regexp (\S+) (\S+)/g)]
    expect(filters).toHaveLength(2)
    for (const [, expression = '', instead = ''] of filters) {
      const told = (path: string) => path.replace(new RegExp(expression), instead)
      for (const path of [...paths, ...oddPaths]) expect(told(path)).not.toContain(token)
      expect([`/rtc/${token}/fee?x`, '/rtc/status'].map(told)).toEqual(['-/fee', '-/status'])
    }
  })
})

test('the unit of systemd hands secrets over as files, and waits for the shutdown', async () => {
  const text = read('systemd/rtc-receiver.service')
  for (const [, name] of text.matchAll(/_FILE=%d\/(\S+)/g)) expect(text).toContain(`LoadCredential=${name}:`)
  expect(text).toMatch(/^MemoryMax=\d+[MG]$/m)
  const { shutdownDelayMs, shutdownTimeoutMs, maxConnections } = await loadConfig({})
  expect(Number(/LimitNOFILE=(\d+)/.exec(text)?.[1])).toBeGreaterThan(maxConnections)
  expect(Number(/TimeoutStopSec=(\d+)/.exec(text)?.[1]) * 1000).toBeGreaterThan(
    shutdownDelayMs + shutdownTimeoutMs + 30_000,
  )
})

test('the image can be built on a base named by its digest, and runs the Node that .nvmrc names', () => {
  const text = read('../Dockerfile')
  expect(text).toMatch(new RegExp(`^ARG NODE_IMAGE=node:${read('../.nvmrc').trim()}-slim$`, 'm'))
  for (const [, base] of text.matchAll(/^FROM (\S+)/gm)) expect(base).toMatch(/^\$\{NODE_IMAGE\}$/)
})
