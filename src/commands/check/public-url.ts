import { randomUUID } from 'node:crypto'
import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import type { Config } from '../../config/config.ts'
import type { Refusal } from '../../http/refusals.ts'
import { AddressSet, type Cidr, parseCidr } from '../../lib/addresses.ts'
import { platformSuites } from '../../platform/tls-suites.ts'
import { callbackUrls } from '../../platform/urls.ts'
import { type Answer, ask } from './ask.ts'
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
  for (const url of oneOfEach.values()) found.push(...(await checkPublicUrl(new URL(url), config.pathTokens)))
  return found
}

async function checkPublicUrl(url: URL, tokens: readonly string[]): Promise<Finding[]> {
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
      'see to it that the name leads the platform to a public address',
    )
  } else ok(`its name leads to ${list.join(', ')}`)
  try {
    const tls = url.protocol === 'https:' ? await checkTls(url) : { found: [], trusted: false }
    found.push(...tls.found)
    found.push(...(await (tls.trusted ? checkAnswer(url) : checkStranger(url, tokens))))
  } catch (error) {
    unknown(
      `cannot be reached from this machine (${reasonOf(error)}): that may be the firewall, or this network alone`,
      'try it from outside, for instance with curl on another network: 405 is the right answer to a GET of statusUrl',
    )
  }
  return found
}

async function checkTls(url: URL): Promise<{ found: Finding[]; trusted: boolean }> {
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
  else wrong('speaks none of the TLS 1.2 suites that the platform names', `offer ${platformSuites.join(', ')}`)
  return { found, trusted: problem === undefined }
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

/** Of a server that has proved its name, or where nothing is secret: the whole path. */
async function checkAnswer(url: URL, rejectUnauthorized = true): Promise<Finding[]> {
  const { found, ok, careful, wrong } = findings(url.origin)
  const {
    status,
    headers: { allow, date },
  } = await get(url, rejectUnauthorized)
  if (status === 405 && allow === 'POST') ok('a receiver answers there')
  else if (status === 404) {
    wrong(
      'answers 404 to the path of statusUrl: another server stands there, or it has another PATH_TOKEN',
      'pass /rtc/ through to the receiver as it comes, and register the URLs that rtc-receiver urls prints',
    )
  } else careful(`answers ${status} where a receiver answers a GET with 405`, lookInFront)
  return [...found, ...clockOf(url, date)]
}

/**
 * Whoever answers over http, or with a certificate that nobody vouches for, need not be ours: it hears no path token, nor
 * what may be one in a STATUS_URL.
 */
async function checkStranger(url: URL, tokens: readonly string[]): Promise<Finding[]> {
  const asked = new URL(url)
  asked.pathname = url.pathname
    .split('/')
    .map((part) => (tokens.includes(part) || part.length >= 22 ? randomUUID() : part))
    .join('/')
  if (asked.href === url.href) return checkAnswer(url, false)
  const { found, ok, careful, wrong } = findings(url.origin)
  const {
    status,
    headers: { date },
    body,
  } = await get(asked, false)
  if (status === 404 && isRefusal(body)) {
    ok(
      'a receiver answers there; it was not asked whether it knows PATH_TOKEN, which this command tells only to a server with a trusted certificate',
    )
  } else if (status === 404) {
    wrong(
      'answers 404, and not as a receiver does: another server stands there',
      'pass /rtc/ through to the receiver as it comes',
    )
  } else careful(`answers ${status} where a receiver answers a path it does not know with 404`, lookInFront)
  return [...found, ...clockOf(url, date)]
}

const lookInFront = 'look at the proxy or server in front'

function clockOf(url: URL, date: string | undefined): Finding[] {
  const { found, careful } = findings(url.origin)
  const apart = Math.abs(Date.parse(date ?? '') - Date.now()) / 1000
  if (apart > 60) careful(`its clock is ${Math.round(apart)} s apart from the one here`, 'keep both by NTP')
  return found
}

/** Whether it is in the receiver's own form. */
function isRefusal(body: string): boolean {
  try {
    return (JSON.parse(body) as Partial<Refusal>).resultcode === '404'
  } catch {
    return false
  }
}

function get(url: URL, rejectUnauthorized: boolean): Promise<Answer> {
  const { protocol, hostname, port, pathname, search } = url
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  return ask({ tls: protocol === 'https:', host, port, path: `${pathname}${search}`, rejectUnauthorized, most: 1_000 })
}
