import { beforeAll, expect, test } from 'vitest'
import { cdr, event, fee } from '../support/callbacks.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { ACCEPTED, type Answer, send } from '../support/http.ts'
import { scrape, sum } from '../support/metrics.ts'
import { type Program, startProgram } from '../support/program.ts'

let database: TestDatabase
let program: Program

beforeAll(async () => {
  database = await freshDatabase()
  program = await startProgram({ database })
})

async function post(body: object | string): Promise<void> {
  const answer = await send(`${program.url}/rtc/status`, body)
  expect([answer.status, answer.body]).toEqual([200, ACCEPTED])
}

async function row(table: 'call_events' | 'cdrs', sessionId: string): Promise<Record<string, unknown>> {
  const { rows } = await database.pool.query(`SELECT to_jsonb(t) AS row FROM rtc.${table} t WHERE session_id = $1`, [
    sessionId,
  ])
  expect(rows).toHaveLength(1)
  return rows[0].row
}

test('a notice that is no call and no CDR: kept once, counted when it comes again', async () => {
  const numInfo = [{ number: '+8617012340001', status: '10', cause: '2' }]
  await post({ eventType: 'numStatus', numInfo })
  await post({ numInfo, eventType: 'numStatus' })
  await post({ eventType: 'numStatus', numInfo: [...numInfo, ...numInfo] })
  await post({ eventType: 'answer' })
  const { rows } = await database.pool.query('SELECT event_type, seen_count, body FROM rtc.notices ORDER BY stored_at')
  expect(rows).toEqual([
    { event_type: 'numStatus', seen_count: 2, body: { eventType: 'numStatus', numInfo } },
    { event_type: 'numStatus', seen_count: 1, body: { eventType: 'numStatus', numInfo: [...numInfo, ...numInfo] } },
    { event_type: 'answer', seen_count: 1, body: { eventType: 'answer' } },
  ])
  const now = await scrape(program.adminUrl)
  expect(sum(now, 'rtc_callbacks_total', { kind: 'notice', outcome: 'accepted' })).toBe(4)
  expect(sum(now, 'rtc_records_total', { table: 'notices', outcome: 'stored' })).toBe(3)
  expect(sum(now, 'rtc_body_oddities_total', { what: 'wrong_path' })).toBe(0)
})

test('a notice that Postgres cannot hold is in quarantine as what it is', async () => {
  await post(JSON.stringify({ eventType: 'numStatus', numInfo: ['?'] }).replace('?', '\\u0000'))
  const { rows } = await database.pool.query("SELECT reason, errors FROM rtc.quarantine WHERE kind = 'notice'")
  expect(rows).toMatchObject([{ reason: 'nul_character', errors: [{ pointer: '/numInfo/0' }] }])
})

test('an SMS event is refused, and kept apart from rubbish', async () => {
  const answer: Answer = await send(`${program.url}/rtc/status`, { appKey: 'k', smsEvent: { smsIdentifier: 's-1' } })
  expect(answer.status).toBe(400)
  const { rows } = await database.pool.query("SELECT reason, body_size FROM rtc.quarantine WHERE kind = 'unknown'")
  expect(rows).toEqual([{ reason: 'sms_event', body_size: 49 }])
})

test('a stage time of another year is no stage of the call', async () => {
  const times = { callOutAnswerTime: '2018-11-12 00:00:05', callEndTime: '2026-11-12 00:01:00' }
  await post(fee(cdr('odd-2', { callOutStartTime: '2026-11-12 00:00:00', ...times })))
  expect(await row('cdrs', 'odd-2')).toMatchObject({
    ...{ call_out_answer_time: null, extra: { callOutAnswerTime: '2018-11-12 00:00:05' } },
    cdr_time: '2026-11-12T00:01:00+00:00',
  })
})

test('a placeholder of the end time leaves the next time as the key', async () => {
  const times = { callEndTime: '1970-01-01 00:00:00', failTime: '2026-11-12 00:01:00' }
  await post(fee(cdr('odd-5', { callOutAnswerTime: '2026-11-12 00:00:05', ...times })))
  expect(await row('cdrs', 'odd-5')).toMatchObject({
    ...{ call_end_time: null, fail_time: '2026-11-12T00:01:00+00:00', cdr_time: '2026-11-12T00:01:00+00:00' },
    extra: { callEndTime: '1970-01-01 00:00:00' },
  })
  const misfits = await scrape(program.adminUrl)
  expect(sum(misfits, 'rtc_field_misfits_total', { field: 'callEndTime' })).toBe(1)
})

test('texts that come as numbers, flags that come as booleans', async () => {
  await post(event('num-1', { digitInfo: 1 }, 'collectInfo'))
  expect(await row('call_events', 'num-1')).toMatchObject({ digit_info: '1', extra: null })
  await post(
    fee(cdr('num-3', { callerNum: 8675512345678, calleeNum: 8613800000021, serviceType: 1, recordFlag: true })),
  )
  expect(await row('cdrs', 'num-3')).toMatchObject({
    ...{ caller_num: '8675512345678', callee_num: '8613800000021', service_type: '1', record_flag: 1, extra: null },
  })
})
