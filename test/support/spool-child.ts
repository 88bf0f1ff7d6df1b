// A process of its own for the spool's tests: it is killed, limited, or run as another user.
import { writeSync } from 'node:fs'
import { nodeIo, type SpoolIo } from '../../src/spool/io.ts'
import { Spool, SpoolLockedError } from '../../src/spool/spool.ts'

const [mode = '', directory = ''] = process.argv.slice(2)
const log = { info() {}, warn() {}, error() {} }

/** At once and whole, so that what the parent has read was true before the kill. */
function say(line: string): void {
  writeSync(1, `${line}\n`)
}

/** A disk with so many bytes left. */
let room = Number.POSITIVE_INFINITY
const io: SpoolIo = {
  ...nodeIo,
  open: async (path, flags, mode) => {
    const file = await nodeIo.open(path, flags, mode)
    const write: typeof file.write = async (buffer, offset, length, position) => {
      if (room <= 0) throw Object.assign(new Error('disk full'), { code: 'ENOSPC' })
      const fits = Math.min(length, room)
      room -= fits
      return file.write(buffer, offset, fits, position)
    }
    return {
      read: (...args) => file.read(...args),
      write,
      datasync: () => file.datasync(),
      sync: () => file.sync(),
      truncate: (length) => file.truncate(length),
      stat: () => file.stat(),
      chmod: (to) => file.chmod(to),
      close: () => file.close(),
    }
  },
}

function entry(n: number) {
  const record = { eventType: 'answer', statusInfo: { sessionId: `s-${n}`, padding: 'x'.repeat(n % 300) } }
  return { at: new Date().toISOString(), kind: 'status' as const, signer: null, record }
}

/** Appends one record after the other from `workers` callers, and says what became of each. */
async function append(spool: Spool, from: number, to: number, workers: number): Promise<void> {
  let next = from
  const one = async () => {
    while (next < to) {
      const n = next++
      await spool.append([entry(n)]).then(
        () => say(`kept ${n}`),
        (error: Error & { code?: string }) => say(`refused ${n} ${error.code ?? error.name}`),
      )
    }
  }
  await Promise.all(Array.from({ length: workers }, one))
}

try {
  const spool = await Spool.open({ directory, maxBytes: 1024 * 1024 * 1024, log, io })
  say(spool.writable ? 'writable' : 'unwritable')
  if (mode === 'once') {
    await append(spool, 0, 40, 1)
    const taken = await spool.take(1000)
    say(`taken ${taken.length}`)
    await spool.close()
  }
  if (mode === 'hold') setInterval(() => {}, 1000)
  if (mode === 'endless') await append(spool, Number(process.argv[4]), Number.POSITIVE_INFINITY, 16)
  if (mode === 'full-then-room') {
    await append(spool, 0, 500, 8)
    room = 333
    await append(spool, 500, 600, 8)
    room = Number.POSITIVE_INFINITY
    await append(spool, 600, Number.POSITIVE_INFINITY, 8)
  }
} catch (error) {
  say(error instanceof SpoolLockedError ? `locked ${error.message}` : `failed ${(error as Error).message}`)
  process.exitCode = 3
}
