import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ConfigError, loadConfig } from '../../src/config/config.ts'
import { selfSigned } from '../support/certificates.ts'

const token = 'abcdefghij-0123456789-Z'
const apps = { RTC_APPS: 'app:tops3cret' }
const PUBLIC_URL = 'https://rtc.example.com'

async function file(text: string | Buffer): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'rtc-config-test-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  await writeFile(join(directory, 'file'), text)
  return join(directory, 'file')
}

describe('RTC_APPS', () => {
  const read = async (text: string) =>
    (await loadConfig({ RTC_APPS: text })).apps.map(({ appKey, secret }) => [appKey, secret.export().toString()])

  test('holds pairs; an appKey twice has two secrets; a secret may hold colons', async () => {
    expect(await read('a:one, b:two:with:colons ,a:three')).toEqual([
      ['a', 'one'],
      ['b', 'two:with:colons'],
      ['a', 'three'],
    ])
  })

  test('marks apps of the private-number product', async () => {
    const text = 'a:one,b:two:privateNumber,b:old:with:colons:privateNumber,d:x:privatenumber'
    const { apps } = await loadConfig({ RTC_APPS: text })
    expect(
      apps.map(({ appKey, secret, privateNumber }) => [appKey, secret.export().toString(), privateNumber]),
    ).toEqual([
      ['a', 'one', false],
      ['b', 'two', true],
      ['b', 'old:with:colons', true],
      ['d', 'x:privatenumber', false],
    ])
  })

  test('an app is of one product, with its old secret as with its new one', async () => {
    await expect(loadConfig({ RTC_APPS: 'a:new:privateNumber,a:old' })).rejects.toThrow(/^RTC_APPS .*mark both or none/)
  })

  test.each(['a', ':secret', 'a:', 'a: b', 'a b:c', 'a"b:c', 'a:1,a:2,a:3', 'a:good,tops3cret', 'a:privateNumber'])(
    '%j stops the start, and is not repeated',
    async (text) => {
      const error = await loadConfig({ RTC_APPS: text }).catch((error: Error) => error)
      expect(error).toBeInstanceOf(ConfigError)
      expect((error as Error).message).toMatch(/^RTC_APPS /)
      expect((error as Error).message).not.toContain('tops3cret')
    },
  )

  test('comes from a file', async () => {
    const config = await loadConfig({ RTC_APPS_FILE: await file('app:tops3cret\n') })
    expect(config.apps.map(({ secret }) => secret.export().toString())).toEqual(['tops3cret'])
    expect(JSON.stringify(config)).not.toContain('tops3cret')
  })
})

describe('RTC_AUTH', () => {
  test('reports where there are apps, else is off', async () => {
    expect((await loadConfig({})).auth).toBe('off')
    expect((await loadConfig(apps)).auth).toBe('report')
    expect((await loadConfig({ ...apps, RTC_AUTH: 'off' })).auth).toBe('off')
    expect((await loadConfig({ ...apps, PUBLIC_URL, RTC_AUTH: 'enforce' })).auth).toBe('enforce')
    const given = { STATUS_URL: `${PUBLIC_URL}/s`, FEE_URL: `${PUBLIC_URL}/f` }
    expect((await loadConfig({ ...apps, ...given, RTC_AUTH: 'enforce' })).auth).toBe('enforce')
  })

  test.each([
    [{ RTC_AUTH: 'enforce', PUBLIC_URL }, /RTC_APPS is needed/],
    [{ RTC_AUTH: 'report' }, /RTC_APPS is needed/],
    [{ RTC_AUTH: 'enforce', ...apps }, /PUBLIC_URL/],
    [{ RTC_AUTH: 'enforce', ...apps, STATUS_URL: `${PUBLIC_URL}/s` }, /PUBLIC_URL/],
    [{ RTC_AUTH: 'maybe' }, /^RTC_AUTH is not valid\. It sets .*enforce/],
    [{ RTC_MAX_AGE_S: '0' }, /^RTC_MAX_AGE_S/],
    [{ RTC_MAX_AGE_S: 'soon' }, /^RTC_MAX_AGE_S/],
  ])('%j stops the start', async (environment, message) => {
    await expect(loadConfig(environment)).rejects.toThrow(message)
  })
})

describe('off loopback', () => {
  const HOST = '0.0.0.0'
  test.each([
    [{}, false],
    [{ ...apps, PUBLIC_URL }, false], // report keeps nobody out
    [{ ALLOW_FROM: '0.0.0.0/0' }, false],
    [{ ALLOW_FROM: '192.0.2.0/24,::/0' }, false],
    [{ ALLOW_FROM: '0.0.0.0/1,128.0.0.0/1' }, false],
    [{ ALLOW_FROM: '10.0.0.0/8,fc00::/7' }, true],
    [{ RTC_AUTH: 'off' }, true],
    [{ PATH_TOKEN: token }, true],
    [{ ALLOW_FROM: '192.0.2.0/24' }, true],
    [{ ...apps, PUBLIC_URL, RTC_AUTH: 'enforce' }, true],
  ])('%j starts: %s', async (environment, starts) => {
    const config = loadConfig({ HOST, ...environment })
    if (starts) expect((await config).host).toBe(HOST)
    else await expect(config).rejects.toThrow(/^HOST is not loopback, and nothing keeps strangers out/)
  })

  test.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('%s needs no lock', async (host) => {
    expect((await loadConfig({ HOST: host })).host).toBe(host)
  })

  test.each(['127.example.com', '127.0.0.1.example.com', 'localhost.example.com', '127.1'])(
    '%s is a name, which may lead anywhere',
    async (host) => {
      await expect(loadConfig({ HOST: host })).rejects.toThrow(/^HOST is not loopback/)
      await expect(loadConfig({ ADMIN_HOST: host })).rejects.toThrow(/^ADMIN_HOST is not loopback/)
    },
  )
})

test.each([
  [{ ALLOW_FROM: '192.0.2.7' }, /^ALLOW_FROM is not valid/],
  [{ ALLOW_FROM: 'example.com' }, /^ALLOW_FROM is not valid/],
  [{ TRUST_PROXY: 'true' }, /^TRUST_PROXY is not valid/],
  [{ TRUST_PROXY: '1' }, /^TRUST_PROXY is not valid/],
  [{ TRUST_PROXY: '0.0.0.0/0' }, /^TRUST_PROXY holds a range wider than \/7/],
  [{ TRUST_PROXY: '0.0.0.0/1,128.0.0.0/1' }, /^TRUST_PROXY holds a range wider than \/7/],
  [{ TRUST_PROXY: '10.0.0.0/8,2000::/3' }, /^TRUST_PROXY holds a range wider than \/7/],
])('%j stops the start', async (environment, message) => {
  await expect(loadConfig(environment)).rejects.toThrow(message)
})

describe('TLS_CERT and TLS_KEY', () => {
  test('are read when the receiver starts', async () => {
    const { cert, key } = await selfSigned('rsa')
    const config = await loadConfig({ TLS_CERT: await file(cert), TLS_KEY: await file(key) })
    expect(config.tls).toEqual({ cert: Buffer.from(cert), key: Buffer.from(key) })
  })

  test('stop it when one is missing, not there, or not of the other', async () => {
    const [one, other] = [await selfSigned('rsa'), await selfSigned('ecdsa')]
    const TLS_CERT = await file(one.cert)
    await expect(loadConfig({ TLS_CERT })).rejects.toThrow(/belong together/)
    await expect(loadConfig({ TLS_CERT, TLS_KEY: '/nowhere' })).rejects.toThrow(/^TLS_KEY cannot be read \(ENOENT\)/)
    await expect(loadConfig({ TLS_CERT, TLS_KEY: await file(other.key) })).rejects.toThrow(/of its own private key/)
    await expect(loadConfig({ TLS_CERT, TLS_KEY: await file('no PEM') })).rejects.toThrow(/should be PEM/)
  })
})
