import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { bar, progressLine, whileWaiting } from '../../src/commands/progress.ts'

function stream(isTTY: boolean) {
  const written: string[] = []
  const fake = { isTTY, columns: 20, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream
  return { fake, written }
}

test('a line that is written over and removed in the end, no longer than the terminal is wide', () => {
  const { fake, written } = stream(true)
  const line = progressLine(fake)
  line.show(`${bar(0.5, 4)} a\u001b[2J`)
  line.show('b'.repeat(30))
  line.end()
  const start = '\r\u001b[2K'
  expect(written).toEqual([`${start}██░░ a\\x1b[2J`, start + 'b'.repeat(19), start])
})

test('what takes a while is said, with how long it has taken', async () => {
  const { fake, written } = stream(true)
  expect(await whileWaiting('migrating', sleep(700, 'done'), fake)).toBe('done')
  expect(written[0]).toContain('migrating, 0 s')
  expect(written.at(-1)).toBe('\r\u001b[2K')
})

test('what is done at once is not, nor anything where nobody watches', async () => {
  const { fake, written } = stream(true)
  await whileWaiting('migrating', sleep(1), fake)
  const pipe = stream(false)
  await whileWaiting('migrating', sleep(700), pipe.fake)
  progressLine(pipe.fake).show('text')
  expect([written, pipe.written]).toEqual([[], []])
})
