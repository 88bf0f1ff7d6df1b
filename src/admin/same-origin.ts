import type { FastifyReply, FastifyRequest } from 'fastify'
import { isLoopback } from '../lib/addresses.ts'

type Hook = (request: FastifyRequest, reply: FastifyReply, done: () => void) => void

/** Probes come by whatever name the platform that runs us knows; they say nothing worth hiding. */
const open = new Set(['/livez', '/readyz'])

/**
 * Takes only requests under a name of this listener. A page of a stranger can point a name of its own at loopback and
 * then read what stands there as its own (DNS rebinding): the Host header still tells that name.
 * @param names allowed besides loopback and the address that was connected to; lower case, without port
 */
export function knownHost(names: readonly string[]): Hook {
  return (request, reply, done) => {
    const host = hostnameOf(request.headers.host ?? '')
    const bound = request.socket.localAddress?.replace(/^::ffff:/, '')
    if (isLoopback(host) || (bound !== undefined && host === bound) || names.includes(host)) return done()
    if (open.has(request.routeOptions.url ?? '')) return done()
    refuse(reply, 'this name is not one of the private listener: add it to ADMIN_HOSTS')
  }
}

/**
 * Takes what changes something only from our own pages: a browser says where a request comes from, and no page can make it
 * say something else. Each browser sends Origin with a form. Sec-Fetch-Site, which also tells a page of this name under
 * another scheme, is not sent over plain http but to loopback; without it the page has to be one of plain http too. That
 * the Host is one of ours, and not of a stranger's that leads here, `knownHost` has seen to.
 */
export const sameOrigin: Hook = (request, reply, done) => {
  if (request.method === 'GET' || request.method === 'HEAD') return done()
  const { origin, host, 'sec-fetch-site': site } = request.headers
  if (site === undefined && origin === `http://${host}`) return done()
  if (site === 'same-origin' && (origin === `http://${host}` || origin === `https://${host}`)) return done()
  refuse(reply, 'only pages of this listener may do this')
}

function refuse(reply: FastifyReply, error: string): void {
  reply.code(403).send({ error })
}

/** Without port, and without the brackets of an IPv6 address; lower case. */
function hostnameOf(host: string): string {
  const [, address, name = ''] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(host) ?? []
  return (address ?? name).toLowerCase()
}
