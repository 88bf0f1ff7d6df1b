import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { sourceOf } from '../addresses.ts'
import type { Log } from '../ingest/log.ts'
import { OncePerMinute } from './once-a-minute.ts'

/** Connections one source address may hold at a time. The platform uses short ones; a flood must not use up ours. */
export const connectionsPerSource = 512

export interface CapOptions {
  /** Our own proxies: through one of them come many sources. */
  isProxy: (address: string | undefined) => boolean
  log: Log
  cap?: number
}

/** Closes connections of a source that has too many open, so that others are served meanwhile. */
export function capConnections(server: Server, { isProxy, log, cap = connectionsPerSource }: CapOptions): void {
  const open = new Map<string, number>()
  const lines = new OncePerMinute()
  server.on('connection', (socket: Socket) => {
    if (isProxy(socket.remoteAddress)) return
    const source = sourceOf(socket.remoteAddress)
    const count = (open.get(source) ?? 0) + 1
    if (count > cap) {
      if (lines.isDue(source))
        log.warn({ source, connections: cap }, 'closed: the source has too many connections open')
      return void socket.destroy()
    }
    open.set(source, count)
    socket.once('close', () => {
      const left = (open.get(source) ?? 1) - 1
      if (left === 0) open.delete(source)
      else open.set(source, left)
    })
  })
}
