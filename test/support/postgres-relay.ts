import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** What a client sends for `client.query('COMMIT')`: a simple query, its length, the text. */
const COMMIT = Buffer.from('Q\0\0\0\x0bCOMMIT\0', 'latin1')
/** The end of a prepared statement's execution, after which the server answers. */
const SYNC = Buffer.from('S\0\0\0\x04', 'latin1')
/** The end of a COPY, which the receiver sends in a query string of its own. */
const COPY_DONE = Buffer.from('c\0\0\0\x04', 'latin1')
/** What a coordinator of Citus sends to a node, between its statements and its COMMIT PREPARED. */
const PREPARE = Buffer.from('PREPARE TRANSACTION ', 'latin1')
const COMMIT_PREPARED = Buffer.from('COMMIT PREPARED ', 'latin1')
/** What a server says when it is done with a query. */
const READY = Buffer.from('Z\0\0\0\x05', 'latin1')

/**
 * Where to cut a connection:
 * - `before commit`: the server never hears of the COMMIT, or of the end of a COPY;
 * - `after commit`: it commits, and its answer is lost;
 * - `after statement`: it executes a statement, and the answer is lost; where that was a transaction of its own, it
 *   is committed;
 * - `after prepare`: it prepares a transaction, and the answer is lost;
 * - `before commit prepared`: what was prepared is never committed.
 */
export type Cut = keyof typeof places

const places = {
  'before commit': [COMMIT, COPY_DONE],
  'after commit': [COMMIT, COPY_DONE],
  'after statement': [SYNC, COPY_DONE],
  'after prepare': [PREPARE],
  'before commit prepared': [COMMIT_PREPARED],
}

/** The longer one is the client's: ten seconds, and then ten probes a second apart. The server's is eleven seconds. */
const keepaliveMs = 20_000

interface Link {
  client: Socket
  server: Socket
  /** Neither side hears of the other any more, and neither is told. */
  dead: boolean
  /** The last bytes from the client, in case that what is looked for comes in two pieces. */
  tail: Buffer
  cutting: boolean
}

/** A TCP relay in front of Postgres that can do what networks do. */
export class PostgresRelay {
  /** Milliseconds by which each piece of data is late, in both directions. */
  delayMs = 0
  /** Connections cut by `cut`, so far. */
  cuts = 0
  readonly #server: Server
  readonly #links = new Set<Link>()
  #target: { host: string; port: number }
  #blackhole = false
  #cut: { where: Cut; left: number } | undefined

  private constructor(target: { host: string; port: number }, server: Server) {
    this.#target = target
    this.#server = server
    server.on('connection', (client) => this.#accept(client))
  }

  static async start(target: { host: string; port: number }): Promise<PostgresRelay> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new PostgresRelay(target, server)
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get connections(): number {
    return this.#links.size
  }

  /** Where connections made from now on lead. */
  set target(target: { host: string; port: number }) {
    this.#target = target
  }

  /** Cuts the next `times` connections that come by that place. */
  cut(where: Cut, times = 1): void {
    this.#cut = { where, left: times }
  }

  /** Ends all connections with a reset. */
  reset(): void {
    for (const link of this.#links) this.#end(link)
  }

  /**
   * Swallows everything from now on. Connections stay open and stay dead, also after `heal`: the server, too, keeps
   * its half, and any transaction in it, open. New ones are accepted and hear nothing. Each is ended when the keepalives
   * of both sides would have found out, which a relay answers and such a network does not.
   */
  blackhole(): void {
    this.#blackhole = true
    for (const link of this.#links) this.#swallow(link)
  }

  #swallow(link: Link): void {
    link.dead = true
    setTimeout(() => this.#end(link), keepaliveMs).unref()
  }

  /** All is well again, for new connections at least. */
  heal(): void {
    this.#blackhole = false
    this.#cut = undefined
    this.delayMs = 0
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.reset()
    await closed
  }

  #accept(client: Socket): void {
    const server = connect(this.#target)
    const link: Link = { client, server, dead: false, tail: Buffer.alloc(0), cutting: false }
    if (this.#blackhole) this.#swallow(link)
    this.#links.add(link)
    client.setNoDelay(true)
    server.setNoDelay(true)
    client.on('data', (data) => this.#fromClient(link, data))
    server.on('data', (data) => this.#fromServer(link, data))
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      socket.on('error', () => {})
      socket.on('close', () => {
        // A dead link keeps its other half: nobody on that side is told.
        if (link.dead && !other.destroyed) return
        this.#later(() => other.destroy())
        this.#links.delete(link)
      })
    }
  }

  #fromClient(link: Link, data: Buffer): void {
    if (link.dead) return
    const cut = this.#cut
    if (cut !== undefined && cut.left > 0 && this.#isAt(cut.where, link, data)) {
      cut.left--
      this.cuts++
      link.cutting = true
      if (cut.where.startsWith('before')) return void this.#end(link)
    }
    this.#later(() => link.server.write(data))
  }

  #isAt(where: Cut, link: Link, data: Buffer): boolean {
    const seen = Buffer.concat([link.tail, data])
    link.tail = seen.subarray(-(PREPARE.length - 1))
    return !link.cutting && places[where].some((place) => seen.includes(place))
  }

  #fromServer(link: Link, data: Buffer): void {
    if (link.dead) return
    if (!link.cutting) this.#later(() => link.client.write(data))
    else if (data.includes(READY)) this.#end(link)
  }

  #later(what: () => void): void {
    if (this.delayMs === 0) what()
    else setTimeout(what, this.delayMs)
  }

  #end(link: Link): void {
    this.#links.delete(link)
    link.client.resetAndDestroy()
    link.server.resetAndDestroy()
  }
}
