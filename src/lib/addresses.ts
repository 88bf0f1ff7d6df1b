import { BlockList, isIP } from 'node:net'

/** A range of addresses, as `192.0.2.0/24` or `2001:db8::/32`. */
export interface Cidr {
  address: string
  bits: number
  family: 'ipv4' | 'ipv6'
}

/** An IPv4 address as a listener on IPv6 sees it. */
const mapped = /^::ffff:(?=\d+\.\d+\.\d+\.\d+)/i

/** Undefined for anything but an address, a slash and a number of bits. */
export function parseCidr(text: string): Cidr | undefined {
  const [, given = '', digits = ''] = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(text) ?? []
  const address = given.replace(mapped, '')
  const bits = address === given ? Number(digits) : Number(digits) - 96
  const family = isIP(address)
  if (family === 0 || bits < 0 || bits > (family === 4 ? 32 : 128)) return undefined
  return { address, bits, family: family === 4 ? 'ipv4' : 'ipv6' }
}

/** Whether a range is no range of somebody's: a few like it are everywhere. fc00::/7 holds all private networks. */
export function isTooWide({ bits }: Cidr): boolean {
  return bits < 7
}

/**
 * Whom an address stands for, where what one sender may do is counted: an IPv4 address, or the /64 network of an IPv6
 * address, for whoever has one address of it has all. Other text, which some proxy may pass on, is not repeated. A
 * connection that was reset has no address any more, whatever the types of Node and Fastify say.
 */
export function sourceOf(address: string | undefined): string {
  const plain = address?.replace(mapped, '') ?? ''
  const family = isIP(plain)
  if (family !== 6) return family === 4 ? plain : 'unknown'
  const halves = plain.replace(/%.*/, '').split('::')
  const [left = [], right] = halves.map((half) => half.split(':').filter((group) => group !== ''))
  // An IPv4 address at the end takes the room of two groups.
  const given = left.length + (right?.length ?? 0) + (plain.includes('.') ? 1 : 0)
  const groups = [...left, ...Array<string>(8 - given).fill('0'), ...(right ?? [])].slice(0, 4)
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`
}

/** The addresses of some ranges. */
export class AddressSet {
  readonly #list = new BlockList()
  readonly #isEmpty: boolean

  constructor(ranges: readonly Cidr[]) {
    this.#isEmpty = ranges.length === 0
    for (const { address, bits, family } of ranges) this.#list.addSubnet(address, bits, family)
  }

  /** False for what is no address, or of a connection that has none any more. */
  has(address: string | undefined): boolean {
    // Asking a BlockList costs each request more than its routing.
    if (this.#isEmpty) return false
    const plain = address?.replace(mapped, '') ?? ''
    const family = isIP(plain)
    return family !== 0 && this.#list.check(plain, family === 4 ? 'ipv4' : 'ipv6')
  }
}

export const loopback = new AddressSet([
  { address: '127.0.0.0', bits: 8, family: 'ipv4' },
  { address: '::1', bits: 128, family: 'ipv6' },
])

/** Whether a host is this machine for certain: of names only localhost is, wherever others lead today. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || loopback.has(host)
}
