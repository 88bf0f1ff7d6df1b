import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLogger, frames } from '../../src/lib/logger.ts'

let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rtc-logger-test-'))
})

afterAll(() => rm(directory, { recursive: true }))

async function logged(stream: object): Promise<string> {
  const path = join(directory, String(Math.random()))
  const file = await open(path, 'w')
  const log = await createLogger('info', { fd: file.fd, ...stream })
  log.debug({}, 'not at this level')
  log.warn({ code: '57P03', path: 'a\u001b[2J\u009b\u202eb' }, 'a Postgres connection broke')
  log.fatal({ error: 'Error', stack: frames(new Error('secret')) }, 'the end')
  await turn()
  await file.close()
  return readFile(path, 'utf8')
}

test('lines of JSON into a pipe', async () => {
  const [first = '', second = '', ...rest] = (await logged({})).split('\n')
  expect(JSON.parse(first)).toMatchObject({ level: 'warn', code: '57P03', msg: 'a Postgres connection broke' })
  expect(JSON.parse(second)).toMatchObject({ level: 'fatal', error: 'Error' })
  expect(rest).toEqual([''])
})

test('on a terminal lines for people, in which nothing acts on it', async () => {
  const text = await logged({ isTTY: true, hasColors: () => false })
  const [first = ''] = text.split('\n')
  expect(first).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] WARN: a Postgres connection broke \{"code":"57P03","path":"a/)
  expect(first).toContain('a\\x1b[2J\\x9b\\u202eb')
  expect(text).toMatch(/FATAL: the end/)
  expect(text).toMatch(/\n +at /)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
})

test('and in colours where the terminal has them', async () => {
  expect(await logged({ isTTY: true, hasColors: () => true })).toContain('\u001b[33mWARN')
})
