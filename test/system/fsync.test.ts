import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, inject, onTestFinished, test } from 'vitest'
import { ReceiverProcess } from '../support/receiver-process.ts'

/** Reads of sockets, writes to sockets and files, and syncs, each with the name of its file. */
const calls = 'read,recvfrom,recvmsg,readv,write,writev,sendto,sendmsg,pwrite64,pwritev,fsync,fdatasync'

test('a spooled callback is synced to the disk between being read and being answered 200', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'rtc-receiver-fsync-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const trace = join(directory, 'trace')
  const receiver = await ReceiverProcess.create({
    dataDir: join(directory, 'data'),
    databaseUrl: 'postgres://nobody@127.0.0.1:1/nowhere',
    // -D: strace is the receiver's grandchild, so that signals go to the receiver.
    under: [inject('tools').strace, '-D', '-f', '-y', '-s', '400', '-e', `trace=${calls}`, '-o', trace],
    // libuv would submit them to a ring, which strace cannot see.
    env: { UV_USE_IO_URING: '0' },
  })
  onTestFinished(async () => void (receiver.isRunning && (await receiver.end('SIGKILL'))))
  await receiver.start()

  const sessions = ['traced-1', 'traced-2', 'traced-3']
  for (const sessionId of sessions) {
    const body = { eventType: 'answer', statusInfo: { sessionId, timestamp: '2024-03-05 07:15:00' } }
    const response = await fetch(`${receiver.url}/rtc/status`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    expect(response.status).toBe(200)
  }
  await receiver.end('SIGTERM')
  // strace writes its last lines when its child has gone.
  await expect.poll(() => readFile(trace, 'utf8'), { interval: 100 }).toContain('+++ exited')

  const lines = joined((await readFile(trace, 'utf8')).split('\n'))
  for (const sessionId of sessions) {
    const of = (pattern: RegExp, from: number) => {
      const found = lines.findIndex((line, i) => i > from && pattern.test(line))
      expect(found, `${pattern} after line ${from}`).toBeGreaterThan(from)
      return found
    }
    const read = of(
      /(read|recv\w*)\(\d+<(socket|TCP).*POST \/rtc\/status/,
      lines.findIndex((line) => line.includes(`POST /rtc/status`) && line.includes(sessionId)) - 1,
    )
    const written = of(new RegExp(`pwrite64\\(\\d+<.*/spool/segment-\\d+\\.spool>.*${sessionId}`), read)
    const synced = of(/fdatasync\(\d+<.*\/spool\/segment-\d+\.spool>.*\) += 0$/, written)
    const answered = of(/(write|writev|send\w*)\(\d+<(socket|TCP).*HTTP\/1\.1 200/, read)
    expect([read, written, synced, answered]).toEqual([read, written, synced, answered].sort((a, b) => a - b))
    console.info([read, written, synced, answered].map((i) => lines[i]?.slice(0, 110)).join('\n'))
  }
})

/**
 * A call that was interrupted by a line of another thread, in one piece: at the place where it ended, for then its
 * effect is known; an answer at the place where it began, for then it was decided.
 */
function joined(lines: string[]): string[] {
  const begun = new Map<string, string>()
  return lines.flatMap((line) => {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? []
    const unfinished = /^(.*) <unfinished \.\.\.>$/.exec(rest)?.[1]
    if (unfinished !== undefined) {
      begun.set(thread, unfinished)
      return /^(write|send)/.test(unfinished) ? [unfinished] : []
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)?.[1]
    return [resumed === undefined ? rest : `${begun.get(thread) ?? ''}${resumed}`]
  })
}
