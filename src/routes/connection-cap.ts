import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** Connections one source address may hold at a time. The platform uses short ones; a flood must not use up ours. */
export const connectionsPerSource = 512

/** Closes connections of a source that has too many open, so that others are served meanwhile. */
export function capConnections(server: Server, cap = connectionsPerSource): void {
  const open = new Map<string, number>()
  server.on('connection', (socket: Socket) => {
    const source = socket.remoteAddress ?? ''
    const count = (open.get(source) ?? 0) + 1
    if (count > cap) return void socket.destroy()
    open.set(source, count)
    socket.once('close', () => {
      const left = (open.get(source) ?? 1) - 1
      if (left === 0) open.delete(source)
      else open.set(source, left)
    })
  })
}
