import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { cli, startProgram, temporaryDataDir } from '../support/program.ts'
import { onlySegment, openSpool } from '../support/spool.ts'

/** A DATA_DIR as a receiver leaves it that could not reach Postgres. */
async function spooled(records: number) {
  const dataDir = await temporaryDataDir()
  const directory = join(dataDir, 'spool')
  const spool = await openSpool(directory)
  const entries = Array.from({ length: records }, (_, n) => ({
    at: `2026-01-02T03:04:05.${String(n).padStart(3, '0')}Z`,
    kind: 'status' as const,
    signer: null,
    record: { eventType: 'answer', statusInfo: { sessionId: `spooled-${n}`, timestamp: '2024-03-05 07:15:00' } },
  }))
  if (records > 0) await spool.append(entries)
  await spool.close()
  const run = (args: string[], env: Record<string, string> = {}) =>
    cli(['spool', ...args], { env: { DATA_DIR: dataDir, ...env } })
  return { dataDir, directory, run }
}

const nowhere = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nowhere' }

test('status says what the spool holds, without Postgres', async () => {
  const { directory, run } = await spooled(3)
  const { code, stdout } = await run(['status'], nowhere)
  expect(code).toBe(0)
  expect(stdout).toBe(
    `${directory}\n  3 records in 1 file, ${(await onlySegment(directory)).bytes.length} bytes\n` +
      '  the oldest is of 2026-01-02T03:04:05.000Z\n',
  )
  const { stdout: json } = await run(['status', '--json'], nowhere)
  expect(JSON.parse(json)).toMatchObject({
    directory,
    locked: false,
    segments: 1,
    records: 3,
    damaged: 0,
    oldestAt: '2026-01-02T03:04:05.000Z',
    setAside: { records: 0, damaged: 0 },
  })
})

test('status of a DATA_DIR that is not there yet', async () => {
  const none = join(await temporaryDataDir(), 'none')
  const { code, stdout } = await cli(['spool', 'status'], { env: { DATA_DIR: none, ...nowhere } })
  expect([code, stdout]).toEqual([0, `${none}/spool\n  0 records in 0 files, 0 bytes\n`])
})

test('status works while a receiver runs, drain does not, and says why', async () => {
  const { dataDir, run } = await spooled(2)
  const { url } = await freshDatabase()
  await startProgram({ dataDir, database: { url: nowhere.DATABASE_URL }, connected: false })
  const { code, stdout } = await run(['status'], nowhere)
  expect(code).toBe(0)
  expect(stdout).toMatch(/spool, in use by a receiver\n {2}2 records in 2 files/)
  const drain = await run(['drain'], { DATABASE_URL: url })
  expect(drain).toMatchObject({ code: 1, stdout: '' })
  expect(drain.stderr).toMatch(/in use by another process: a receiver that runs drains by itself\n$/)
})

test('drain brings everything to Postgres, and finds nothing the second time', async () => {
  const { run } = await spooled(1_500)
  const { url, pool } = await freshDatabase()
  expect(await run(['drain'], { DATABASE_URL: url })).toMatchObject({
    code: 0,
    stdout: 'drained 1,500 records\n',
  })
  const { rows } = await pool.query('SELECT count(*)::int AS n, min(received_at) AS first FROM rtc.call_events')
  expect(rows).toEqual([{ n: 1_500, first: new Date('2026-01-02T03:04:05.000Z') }])
  expect(await run(['drain'], { DATABASE_URL: url })).toMatchObject({ code: 0, stdout: 'the spool is empty\n' })
  expect(JSON.parse((await run(['drain', '--json'], { DATABASE_URL: url })).stdout)).toEqual({
    drained: 0,
    setAside: 0,
    left: 0,
  })
})

test('drain fails when Postgres is away, and keeps everything', async () => {
  const { run } = await spooled(5)
  const { code, stdout, stderr } = await run(['drain', '--wait', '1', '--json'], nowhere)
  expect(code).toBe(1)
  expect(JSON.parse(stdout)).toEqual({ drained: 0, setAside: 0, left: 5 })
  expect(stderr).toMatch(/Postgres cannot be written to \(.*ECONNREFUSED/)
  expect(stderr).toMatch(/rtc-receiver: not drained, still in the spool: 5 records\n$/)
  const { url } = await freshDatabase()
  expect(await run(['drain'], { DATABASE_URL: url })).toMatchObject({ code: 0, stdout: 'drained 5 records\n' })
})

test('drain fails when a line is damaged, which is set aside, and brings the others', async () => {
  const { directory, run } = await spooled(3)
  const { path } = await onlySegment(directory)
  await writeFile(path, (await readFile(path, 'latin1')).replace('spooled-1', 'spooled-X'), 'latin1')
  expect((await run(['status'], nowhere)).stdout).toMatch(/1 line with a wrong checksum: draining sets them aside/)
  const { url, pool } = await freshDatabase()
  const { code, stdout, stderr } = await run(['drain', '--json'], { DATABASE_URL: url })
  expect(code).toBe(1)
  expect(JSON.parse(stdout)).toEqual({ drained: 2, setAside: 1, left: 0 })
  expect(stderr).toMatch(/not drained, set aside for somebody to look: 1 record\n$/)
  expect((await pool.query('SELECT FROM rtc.call_events')).rowCount).toBe(2)
  expect((await run(['status'], nowhere)).stdout).toMatch(/set aside, for somebody to look: 0 records, 1 damaged line/)
})

test('drain starts the embedded Postgres where there is no DATABASE_URL, and stops it again', async () => {
  const { dataDir, run } = await spooled(4)
  expect(await run(['drain'])).toMatchObject({ code: 0, stdout: 'drained 4 records\n' })
  expect(await cli(['roles'], { env: { DATA_DIR: dataDir } })).toMatchObject({ code: 0 })
  const { stdout } = await cli(['sql', 'SELECT count(*) AS n FROM ops.events', '--json'], {
    env: { DATA_DIR: dataDir },
  })
  expect(JSON.parse(stdout)).toEqual([{ n: '4' }])
})
