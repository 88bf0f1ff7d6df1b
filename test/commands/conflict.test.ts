import { randomBytes } from 'node:crypto'
import { beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { explainConflicts } from '../../src/maintenance/conflicts.ts'
import { FoldTables } from '../../src/maintenance/fold-tables.ts'
import type { JsonObject } from '../../src/platform/record.ts'
import { withClient } from '../../src/store/pool.ts'
import { makeRoles } from '../../src/store/roles.ts'
import { fee } from '../support/callbacks.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { send } from '../support/http.ts'
import { cli, type Exit, eventually, type Program, startProgram } from '../support/program.ts'
import { emptyTables, readTables } from '../support/tables.ts'

let database: TestDatabase
let program: Program

beforeAll(async () => {
  database = await freshDatabase()
  program = await startProgram({ database })
})

beforeEach(async () => {
  await emptyTables(database.pool)
  await database.pool.query('TRUNCATE rtc.replaced_cdrs')
})

/** A notification of 55 seconds, as in cases/17. */
const first: JsonObject = {
  direction: 0,
  spId: 'sp1',
  appKey: 'appBugs',
  icid: 'ic-corr',
  bindNum: '+8675512345678',
  sessionId: 'corr',
  callerNum: '+8675512345678',
  calleeNum: '+8613800000021',
  callOutStartTime: '2026-11-12 00:00:00',
  serviceType: '001',
  hostName: 'h1',
  callOutAnswerTime: '2026-11-12 00:00:05',
  callEndTime: '2026-11-12 00:01:00',
  recordFlag: 0,
}
const recorded = { ...first, recordFlag: 1, recordObjectName: 'x.wav', recordDomain: 'd', recordBucketName: 'b' }

function quarantine(args: string[], env: Record<string, string> = {}): Promise<Exit> {
  return cli(['quarantine', ...args], { env: { ...program.env, ...env } })
}

/** Posts both, and gives the id of the entry. */
async function conflict(one: JsonObject, other: JsonObject): Promise<string> {
  for (const record of [one, other]) await send(`${program.url}/rtc/fee`, fee(record))
  const { rows } = await database.pool.query(`SELECT id FROM rtc.quarantine WHERE reason = 'conflict'`)
  expect(rows).toHaveLength(1)
  return rows[0].id
}

async function replaced(): Promise<unknown[]> {
  return (await database.pool.query('SELECT session_id, icid, cdr FROM rtc.replaced_cdrs')).rows
}

async function callRef(): Promise<string> {
  const look = async () => (await database.pool.query(`SELECT call_ref FROM ops.calls WHERE session_id = 'corr'`)).rows
  const [call] = await eventually(look, (rows) => rows.length === 1)
  return call.call_ref
}

describe('show', () => {
  test('says which call it is about, which fields differ, and what that does to the bill', async () => {
    const id = await conflict(first, recorded)
    const { code, stdout } = await quarantine(['show', id])
    expect(code).toBe(0)
    expect(stdout).toContain(
      `call ${await callRef()}: it differs from the stored CDR in recordFlag, recordObjectName, recordBucketName, recordDomain\n` +
        'billed minutes, both legs: 1 by the stored one, 1 by this one\n' +
        `quarantine accept ${id} puts it in the place of the stored one, which is kept\n`,
    )
    expect(stdout).not.toMatch(/13800000021|x\.wav/)
  })

  test('a minute more, or none at all; others see it too', async () => {
    const early = { ...first, callOutStartTime: '2026-11-11 23:59:40' }
    const id = await conflict(
      { ...early, callOutAnswerTime: '' },
      { ...early, callOutAnswerTime: '2026-11-11 23:59:50' },
    )
    const json = JSON.parse((await quarantine(['show', id, '--json'])).stdout)
    expect(json.conflict).toEqual({
      call_ref: await callRef(),
      differing: ['callOutAnswerTime'],
      minutes: { stored: 0, received: 2 },
      signed_by: { stored: null, received: null },
    })
    const { rows } = await database.pool.query(
      'SELECT call_ref, differing, minutes_stored, minutes_received FROM rtc.quarantine',
    )
    expect(rows).toEqual([
      { call_ref: await callRef(), differing: ['callOutAnswerTime'], minutes_stored: 0, minutes_received: 2 },
    ])
  })

  test('the receiver notes it by itself, once', async () => {
    await conflict(first, recorded)
    await withClient(database.pool, async (client) => {
      expect(await explainConflicts(client, new FoldTables(false))).toBe(1)
      expect(await explainConflicts(client, new FoldTables(false))).toBe(0)
    })
    const { rows } = await database.pool.query('SELECT call_ref, minutes_stored FROM rtc.quarantine')
    expect(rows).toEqual([{ call_ref: await callRef(), minutes_stored: 1 }])
  })

  test('one without a signature beside one that has it is not compared where ops can see it, and told of here', async () => {
    await send(`${program.url}/rtc/fee`, fee(first))
    await database.pool.query(`UPDATE rtc.cdrs SET signed_by = 'appBugs'`)
    await send(`${program.url}/rtc/fee`, fee(first))
    const { rows } = await database.pool.query('SELECT id, reason, differing FROM rtc.quarantine')
    expect(rows).toMatchObject([{ reason: 'conflict', differing: ['signature'] }])
    expect((await quarantine(['show', rows[0].id])).stdout).toContain('careful: this one has no verified signature')
  })
})

describe('accept', () => {
  test('puts it in the place of the stored one, which is kept; the call is computed again', async () => {
    const id = await conflict(first, recorded)
    await callRef()
    expect(await quarantine(['accept', id])).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/^accepted: /),
    })
    const tables = await readTables(database.pool)
    expect(tables.cdrs).toMatchObject([{ session_id: 'corr', record_flag: 1, record_object_name: 'x.wav' }])
    expect(tables.quarantine).toMatchObject([{ resolution: 'accepted' }])
    expect(await replaced()).toEqual([{ session_id: 'corr', icid: 'ic-corr', cdr: first }])
    const recording = async () => (await database.pool.query('SELECT recording, cdr_count FROM ops.calls')).rows
    await eventually(recording, ([call]) => call?.recording !== 'none')
    expect(await recording()).toMatchObject([{ cdr_count: 1 }])

    expect(await quarantine(['accept', id])).toMatchObject({
      code: 1,
      stderr: `rtc-receiver: entry ${id} was resolved before: accepted\n`,
    })
    expect(await replaced()).toHaveLength(1)
  })

  test('a login of the receiver may, too', async () => {
    await withClient(database.pool, makeRoles)
    const role = `rtc_test_writer_${randomBytes(4).toString('hex')}`
    await database.pool.query(`CREATE ROLE ${role} LOGIN PASSWORD 'test' IN ROLE rtc_writer`)
    onTestFinished(async () => void (await database.pool.query(`DROP ROLE ${role}`)))
    const url = new URL(database.url)
    Object.assign(url, { username: role, password: 'test' })
    const id = await conflict(first, recorded)
    const env = { DATABASE_URL: url.href }
    expect((await quarantine(['show', id], env)).stdout).toContain('it differs from the stored CDR in recordFlag')
    expect(await quarantine(['accept', id], env)).toMatchObject({ code: 0, stderr: '' })
    expect((await database.pool.query('SELECT replaced_by FROM rtc.replaced_cdrs')).rows).toEqual([
      { replaced_by: role },
    ])
  })

  test('and back again: the old one, sent once more, is a conflict that can be accepted', async () => {
    await quarantine(['accept', await conflict(first, recorded)])
    await send(`${program.url}/rtc/fee`, fee(first))
    const { rows } = await database.pool.query('SELECT id FROM rtc.quarantine WHERE resolved_at IS NULL')
    expect(await quarantine(['accept', rows[0].id])).toMatchObject({ code: 0 })
    expect((await readTables(database.pool)).cdrs).toMatchObject([{ record_flag: 0 }])
    expect(await replaced()).toHaveLength(2)
  })

  test('what is no conflict, or has no rival any more, stays as it is', async () => {
    await send(`${program.url}/rtc/fee`, fee({ ...first, sessionId: '' }))
    const { rows } = await database.pool.query('SELECT id FROM rtc.quarantine')
    expect(await quarantine(['accept', rows[0].id])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/is no conflict of CDRs/),
    })
    await database.pool.query('TRUNCATE rtc.quarantine')
    const id = await conflict(first, recorded)
    await database.pool.query('DELETE FROM rtc.cdrs')
    expect(await quarantine(['accept', id])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/has no rival any more/),
    })
    expect((await quarantine(['show', id])).stdout).toContain('nothing is stored under its key any more')
    expect((await readTables(database.pool)).quarantine).toMatchObject([{ reason: 'conflict' }])
    expect(await replaced()).toEqual([])
  })
})
