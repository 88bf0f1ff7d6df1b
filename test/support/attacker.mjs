/*
 * Keeps connections open and writes the same on each, in a process of its own so that whoever measures is not slowed
 * down by it. Its one argument is JSON: { port, connections, addresses, text, pour }. Where one is closed it comes again.
 */
import { connect } from 'node:net'

const { port, connections, addresses, text, pour } = JSON.parse(process.argv[2])

function open(n) {
  const socket = connect({ host: '127.0.0.1', port, localAddress: `127.0.1.${1 + (n % addresses)}` }).resume()
  socket.on('error', () => {})
  socket.on('close', () => setTimeout(open, 100, n))
  socket.on('connect', () => {
    socket.write(text)
    const more = () => {
      while (!socket.destroyed && socket.write(pour));
    }
    if (pour === undefined) return
    socket.on('drain', more)
    more()
  })
}

// Over a network they would not come all at once either.
for (let n = 0; n < connections; n++) setTimeout(open, (1_000 * n) / connections, n)
