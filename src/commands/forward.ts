import { Command, InvalidArgumentError } from 'commander'
import { messageOf } from '../feed/message.ts'
import { Sender } from '../feed/sender.ts'
import { readFeed } from '../store/feed.ts'
import { deleteDeadLetter, listDeadLetters, listForwarders } from '../store/forwarders.ts'
import { withConnection } from './database.ts'
import { printJson, printLines, printTable } from './output.ts'

const timeoutMs = 10_000
const mostLetters = 10_000

export function forwardCommand(): Command {
  return new Command('forward')
    .description('what is passed on to FORWARD_URL, and what it refused too often')
    .addCommand(status())
    .addCommand(replay())
    .addCommand(discard())
}

function status(): Command {
  return new Command('status')
    .description('how far each forwarder has come, and its dead letters')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) =>
      withConnection(async (client) => {
        const forwarders = await listForwarders(client)
        const letters = await listDeadLetters(client, 100)
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
      }),
    )
}

function replay(): Command {
  return new Command('replay')
    .description('post dead letters to FORWARD_URL again, in order; what is taken is removed')
    .argument(
      '[positions...]',
      'which; default: all of the receiver',
      (text, all: number[]) => [...all, whole(text)],
      [],
    )
    .action((positions: number[]) =>
      withConnection(async (client, { forward }) => {
        if (!forward) throw new Error('set FORWARD_URL and FORWARD_SECRET as the receiver has them')
        const letters = (await listDeadLetters(client, mostLetters)).filter(
          ({ forwarder, position }) =>
            forwarder === 'service' && (positions.length === 0 || positions.includes(position)),
        )
        const unknown = positions.filter((position) => !letters.some((letter) => letter.position === position))
        const sender = new Sender({ ...forward, timeoutMs, connections: 1 })
        let failed = 0
        for (const letter of letters) {
          const [entry] = (await readFeed(client, letter.position - 1, 1)).entries
          // Of a call only what it says last is sent: a later version has been sent since, or is a dead letter itself.
          const sent = entry?.position === letter.position ? await sender.send(messageOf(entry)) : undefined
          if (sent && !sent.ok) {
            failed++
            printLines(`${letter.position}: not taken, ${sent.error}`)
            continue
          }
          await deleteDeadLetter(client, letter)
          printLines(`${letter.position}: ${sent ? 'taken' : 'removed, it has been changed or removed since'}`)
        }
        sender.close()
        if (unknown.length > 0) throw new Error(`no dead letters: ${unknown.join(', ')}`)
        if (failed > 0) throw new Error(`${failed} of ${letters.length} dead letters were not taken`)
      }),
    )
}

function discard(): Command {
  return new Command('discard')
    .description('remove dead letters that nobody needs any more')
    .argument('<positions...>', 'which', (text, all: number[] | undefined) => [...(all ?? []), whole(text)])
    .action((positions: number[]) =>
      withConnection(async (client) => {
        const letters = await listDeadLetters(client, mostLetters)
        const found = letters.filter(({ position }) => positions.includes(position))
        for (const letter of found) await deleteDeadLetter(client, letter)
        printLines(`removed: ${found.length === 0 ? 'none' : found.map(({ position }) => position).join(', ')}`)
        const unknown = positions.filter((position) => !found.some((letter) => letter.position === position))
        if (unknown.length > 0) throw new Error(`no dead letters: ${unknown.join(', ')}`)
      }),
    )
}

function whole(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('it should be a whole number')
  return Number(text)
}
