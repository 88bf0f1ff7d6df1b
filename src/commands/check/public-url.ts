import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { AddressSet, type Cidr, parseCidr } from '../../addresses.ts'
import type { Config } from '../../config.ts'
import { platformSuites } from '../../rtc/tls-suites.ts'
import { callbackUrls } from '../../rtc/urls.ts'
import { type Finding, findings, reasonOf } from './finding.ts'

/** Milliseconds to wait for an answer of our own public URL. */
const patienceMs = 5_000
/** Days before a certificate ends in which somebody should hear of it. */
const renewDays = 21

const privateRanges = new AddressSet(
  [
    '10.0.0.0/8',
    '172.16.0.0/12',
    '192.168.0.0/16',
    '127.0.0.0/8',
    '169.254.0.0/16',
    '100.64.0.0/10',
    '::1/128',
    'fc00::/7',
    'fe80::/10',
  ].map((text) => parseCidr(text) as Cidr),
)

/** DNS, TLS and HTTP of every URL prefix, as far as they can be seen from this machine. */
export async function checkPublicUrls(config: Config): Promise<Finding[]> {
  const { status, fee } = callbackUrls({ ...config, tokens: config.pathTokens })
  const oneOfEach = new Map(
    [...fee, ...status].filter((url) => URL.canParse(url)).map((url) => [new URL(url).origin, url]),
  )
  const found: Finding[] = []
  for (const url of oneOfEach.values()) found.push(...(await checkPublicUrl(new URL(url))))
  return found
}

async function checkPublicUrl(url: URL): Promise<Finding[]> {
  const { found, ok, careful, wrong, unknown } = findings(url.origin)
  let addresses: LookupAddress[]
  try {
    addresses = await lookup(url.hostname.replace(/^\[|\]$/g, ''), { all: true })
  } catch (error) {
    wrong(`its name leads to no address (${reasonOf(error)})`, 'mend the DNS entry: the platform looks the name up too')
    return found
  }
  const list = addresses.map(({ address }) => address)
  if (list.every((address) => privateRanges.has(address))) {
    careful(
      `its name leads to ${list.join(', ')}, which the Internet does not reach`,
      'see to it that the name leads the platform to a public address (FAQ-00003)',
    )
  } else ok(`its name leads to ${list.join(', ')}`)
  try {
    if (url.protocol === 'https:') found.push(...(await checkTls(url)))
    found.push(...(await checkAnswer(url)))
  } catch (error) {
    unknown(
      `cannot be reached from this machine (${reasonOf(error)}): that may be the firewall, or this network alone`,
      'try it from outside, for instance with curl on another network: 405 is the right answer to a GET of statusUrl',
    )
  }
  return found
}

async function checkTls(url: URL): Promise<Finding[]> {
  const { found, ok, careful, wrong } = findings(`${url.origin} TLS`)
  const { certificate, problem } = await shake(url, {}, (socket) => ({
    certificate: socket.getPeerCertificate(),
    problem: socket.authorized ? undefined : String(socket.authorizationError),
  }))
  const days = Math.floor((Date.parse(certificate.valid_to) - Date.now()) / 86_400_000)
  if (days < 0) wrong(`its certificate ended on ${certificate.valid_to}`, 'renew it')
  else if (days < renewDays) careful(`its certificate ends in ${days} days`, 'renew it')
  else ok(`its certificate is good for ${days} days`)
  if (problem !== undefined && days >= 0) {
    careful(
      `its certificate is not trusted here (${problem})`,
      'use one of a public authority for this name, and send the intermediate certificates with it',
    )
  }
  const spoken: string[] = []
  for (const ciphers of platformSuites) {
    const taken = shake(url, { ciphers, maxVersion: 'TLSv1.2' }, () => true)
    if (await taken.catch(() => false)) spoken.push(ciphers)
  }
  if (spoken.length > 0) ok(`speaks TLS 1.2 with ${spoken.join(', ')}`)
  else
    wrong('speaks none of the TLS 1.2 suites that the platform names (FAQ-00003)', `offer ${platformSuites.join(', ')}`)
  return found
}

/** A handshake, and what `look` sees after it. A certificate that is not trusted ends nothing: that is a finding. */
function shake<T>(url: URL, options: ConnectionOptions, look: (socket: TLSSocket) => T): Promise<T> {
  return new Promise((resolve, reject) => {
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const servername = /^[\d.]+$|:/.test(host) ? {} : { servername: host }
    const where = { host, port: Number(url.port || 443), ...servername, rejectUnauthorized: false }
    const socket = connect({ ...where, ...options }, () => {
      resolve(look(socket))
      socket.destroy()
    })
    socket.on('error', reject)
    socket.setTimeout(patienceMs, () => socket.destroy(new Error('no answer in time')))
  })
}

async function checkAnswer(url: URL): Promise<Finding[]> {
  const { found, ok, careful, wrong } = findings(url.origin)
  const { status, allow, date } = await get(url)
  if (status === 405 && allow === 'POST') ok('a receiver answers there')
  else if (status === 404) {
    wrong(
      'answers 404 to the path of statusUrl: another server stands there, or it has another PATH_TOKEN',
      'pass /rtc/ through to the receiver as it comes, and register the URLs that rtc-receiver urls prints',
    )
  } else {
    careful(`answers ${status} where a receiver answers a GET with 405`, 'look at the proxy or server in front')
  }
  const apart = Math.abs(Date.parse(date ?? '') - Date.now()) / 1000
  if (apart > 60) careful(`its clock is ${Math.round(apart)} s apart from the one here`, 'keep both by NTP')
  return found
}

function get(url: URL): Promise<{ status: number; allow: string | undefined; date: string | undefined }> {
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { rejectUnauthorized: false, timeout: patienceMs, agent: false }, (response) => {
      response.resume()
      const { allow, date } = response.headers
      resolve({ status: response.statusCode ?? 0, allow, date })
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')))
    outgoing.on('error', reject)
    outgoing.end()
  })
}
