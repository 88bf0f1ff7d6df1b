import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Spool } from '../../src/spool/spool.ts'
import { insertCdrs } from '../../src/store/cdrs.ts'
import { withClient } from '../../src/store/pool.ts'
import { insertQuarantine } from '../../src/store/quarantine.ts'
import { cdrRow, quarantineRow } from '../store/rows.ts'
import { freshDatabase } from '../support/database.ts'
import { cli, temporaryDataDir } from '../support/program.ts'
import { TestLog } from '../support/spool.ts'

const number = '+8613800000021'

async function setUp() {
  const { url, pool } = await freshDatabase()
  const dataDir = await temporaryDataDir()
  await withClient(pool, (client) =>
    insertCdrs(client, [cdrRow({ callee_num: number }), cdrRow({ session_id: 's2', callee_num: '+8613900000077' })]),
  )
  const erase = (args: string[], input = `${number}\n`, env = {}) =>
    cli(['erase', ...args], { env: { DATABASE_URL: url, DATA_DIR: dataDir, ...env }, input })
  const stored = async () =>
    (await pool.query('SELECT callee_num FROM rtc.cdrs ORDER BY session_id')).rows.map(({ callee_num }) => callee_num)
  return { dataDir, erase, stored, url, pool }
}

test('counts first; erases with --yes; says what it cannot reach and when to run again', async () => {
  const { erase, stored } = await setUp()
  const dry = await erase(['-'])
  expect(dry).toMatchObject({ code: 0, stderr: '' })
  expect(dry.stdout).toMatch(/cdrs +1\n(.*\n)*.*--yes does it/)
  expect(await stored()).toEqual([number, '+8613900000077'])

  const done = await erase(['-', '--yes'])
  expect(done).toMatchObject({ code: 0, stderr: '' })
  expect(done.stdout).toMatch(/cdrs +1\n/)
  for (const word of ['other replicas', 'backups', 'logs', 'run it again']) expect(done.stdout).toContain(word)
  const [pseudonym, other] = await stored()
  expect(pseudonym).toMatch(/^erased-/)
  expect(done.stdout).toContain(pseudonym)
  expect(other).toBe('+8613900000077')

  const again = await erase(['-', '--yes', '--json'], '8613800000021')
  expect(JSON.parse(again.stdout)).toMatchObject({ applied: true, finished: true, counts: { cdrs: 0 } })
  for (const { stdout, stderr } of [dry, done, again]) expect(stdout + stderr).not.toContain('13800000021')
})

test('bodies that nobody can read are named, in a count and in a run', async () => {
  const { erase, pool } = await setUp()
  const body = Buffer.from('1b2a00f8a50001c3ff7e', 'hex') // neither text nor a compression that is known
  await withClient(pool, (client) => insertQuarantine(client, [quarantineRow({ kind: 'unknown', body })]))
  for (const args of [['-'], ['-', '--yes']])
    expect((await erase(args)).stdout).toMatch(/passed over.*: 1 bodies in quarantine \(1\)/)
  expect(JSON.parse((await erase(['-', '--json'])).stdout)).toMatchObject({ passedOver: [1] })
})

test('refuses while the spool holds records, or some were set aside', async () => {
  const { dataDir, erase, stored } = await setUp()
  const directory = join(dataDir, 'spool')
  const spool = await Spool.open({ directory, maxBytes: 2 ** 20, log: new TestLog() })
  await spool.append([{ kind: 'fee', at: new Date().toISOString(), signer: null, record: { calleeNum: number } }])
  await spool.close()
  const refused = await erase(['-', '--yes'])
  expect(refused.code).toBe(1)
  expect(refused.stderr).toMatch(/holds records that are not in Postgres yet/)
  expect(await stored()).toEqual([number, '+8613900000077'])
  const dry = await erase(['-'])
  expect(dry.code).toBe(0)
  expect(dry.stderr).toMatch(/holds records/)
})

test('what is no number is refused and not repeated; an argument is none', async () => {
  const { erase, stored } = await setUp()
  for (const input of ['', '2079460123', `${number}\n+8613900000077`]) {
    const { code, stdout, stderr } = await erase(['-', '--yes'], input)
    expect(code).toBe(1)
    expect(stdout).toBe('')
    if (input !== '') for (const line of input.split('\n')) expect(stderr).not.toContain(line)
  }
  const argument = await erase([number, '--yes'], '')
  expect(argument.code).toBe(2)
  expect(argument.stderr).toMatch(/standard input/)
  expect(argument.stderr).not.toContain('13800000021')
  expect(await stored()).toEqual([number, '+8613900000077'])
})

test('a login that may not is told which one may', async () => {
  const { erase, stored, url, pool } = await setUp()
  const address = new URL(url)
  const name = `writer_${Date.now()}`
  await pool.query(`CREATE ROLE ${name} LOGIN PASSWORD 'secret'`)
  address.username = name
  address.password = 'secret'
  const { code, stderr } = await erase(['-', '--yes'], number, { DATABASE_URL: address.href })
  expect(code).toBe(1)
  expect(stderr).toMatch(/MIGRATE_DATABASE_URL/)
  const done = await erase(['-', '--yes'], number, { DATABASE_URL: address.href, MIGRATE_DATABASE_URL: url })
  expect(done.code).toBe(0)
  expect((await stored())[0]).toMatch(/^erased-/)
  await pool.query(`DROP ROLE ${name}`)
})
