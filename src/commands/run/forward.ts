import type pg from 'pg'
import { messageOf } from '../../feed/message.ts'
import { Sender } from '../../feed/sender.ts'
import { readFeed } from '../../store/feed.ts'
import { type DeadLetter, deleteDeadLetter, listDeadLetters, listForwarders } from '../../store/forwarders.ts'
import { withConnection } from '../database.ts'
import { printJson, printLines, printTable } from '../output.ts'

const timeoutMs = 10_000
const lettersShown = 100
const mostLetters = 10_000

export function status(options: { json?: boolean }): Promise<void> {
  return withConnection(async (client) => {
    const forwarders = await listForwarders(client)
    const letters = await listDeadLetters(client, lettersShown)
    if (options.json) return printJson({ forwarders, deadLetters: letters })
    if (forwarders.length === 0) return printLines('nothing is forwarded: set FORWARD_URL and FORWARD_SECRET')
    printTable(
      ['name', 'position', 'head', 'moved at', 'runs', 'dead letters'],
      forwarders.map((it) => [
        it.name,
        it.position,
        it.head,
        it.moved_at,
        it.is_running ? 'yes' : 'no',
        it.dead_letters,
      ]),
    )
    if (letters.length === 0) return
    printLines('')
    printTable(
      ['position', 'kind', 'call_ref', 'tries', 'error', 'given up'],
      letters.map((it) => [it.position, it.kind, it.call_ref, it.tries, it.error, it.failed_at]),
    )
  })
}

export function replay(positions: number[]): Promise<void> {
  return withConnection(async (client, { forward }) => {
    if (!forward) throw new Error('set FORWARD_URL and FORWARD_SECRET as the receiver has them')
    const letters = await lettersAt(client, positions)
    const sender = new Sender({ ...forward, timeoutMs, connections: 1 })
    let failed = 0
    for (const letter of letters) {
      const [entry] = await readFeed(client, letter.position - 1, 1)
      // Of a call only what it says last is sent: a later version has been sent since, or is a dead letter itself.
      const sent = entry?.position === letter.position ? await sender.send(messageOf(entry)) : undefined
      if (sent?.ok === false) {
        failed++
        printLines(`${letter.position}: not taken, ${sent.error}`)
        continue
      }
      await deleteDeadLetter(client, letter)
      printLines(`${letter.position}: ${sent ? 'taken' : 'removed, it has been changed or removed since'}`)
    }
    sender.close()
    if (failed > 0) throw new Error(`${failed} of ${letters.length} dead letters were not taken`)
  })
}

export function discard(positions: number[]): Promise<void> {
  return withConnection(async (client) => {
    for (const letter of await lettersAt(client, positions)) await deleteDeadLetter(client, letter)
    printLines(`removed: ${positions.join(', ')}`)
  })
}

/** Those of the receiver at these positions, all where none are named. Throws where there is none at one of them. */
async function lettersAt(client: pg.Client, positions: readonly number[]): Promise<DeadLetter[]> {
  const letters = (await listDeadLetters(client, mostLetters)).filter(({ forwarder }) => forwarder === 'service')
  const unknown = positions.filter((wanted) => !letters.some(({ position }) => position === wanted))
  if (unknown.length > 0) throw new Error(`no dead letters: ${unknown.join(', ')}`)
  return positions.length === 0 ? letters : letters.filter(({ position }) => positions.includes(position))
}
