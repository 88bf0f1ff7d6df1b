import { beforeAll, describe, expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { cdr, event, fee } from '../support/callbacks.ts'
import { type Answer, send } from '../support/http.ts'
import { type Program, startProgram } from '../support/program.ts'

const { version } = manifest
const ADMIN_TOKEN = 'a-token-for-the-admin'
let open: Program
let locked: Program

beforeAll(async () => {
  const both = await Promise.all([startProgram(), startProgram({ env: { ADMIN_TOKEN } })])
  open = both[0]
  locked = both[1]
  await send(`${open.url}/rtc/status`, event('health'))
  await send(`${open.url}/rtc/fee`, fee(cdr('health'), cdr('health'), cdr(undefined), cdr('odd', { recordFlag: 'no' })))
  await send(`${open.url}/rtc/fee`, 'rubbish')
})

function get(url: string, headers = {}): Promise<Answer> {
  return send(url, undefined, { method: 'GET', headers })
}

test('/livez', async () => {
  const { status, body } = await get(`${open.adminUrl}/livez`)
  expect([status, JSON.parse(body)]).toEqual([200, { status: 'alive' }])
})

test('/readyz', async () => {
  const { status, body } = await get(`${open.adminUrl}/readyz`)
  expect([status, JSON.parse(body)]).toEqual([200, { status: 'ready', degraded: [] }])
})

describe('/metrics', () => {
  let text: string

  beforeAll(async () => {
    const { status, headers, body } = await get(`${open.adminUrl}/metrics`)
    expect([status, headers['content-type']]).toEqual([200, expect.stringMatching(/^text\/plain; version=0\.0\.4/)])
    text = body
  })

  test.each([
    'rtc_callbacks_total{kind="status",outcome="accepted"} 1',
    'rtc_callbacks_total{kind="fee",outcome="accepted"} 1',
    'rtc_callbacks_total{kind="unknown",outcome="malformed"} 1',
    'rtc_records_received_total{table="cdrs"} 4',
    'rtc_records_total{table="call_events",outcome="stored",via="live"} 1',
    'rtc_records_total{table="cdrs",outcome="stored",via="live"} 2',
    'rtc_records_total{table="cdrs",outcome="duplicate",via="live"} 1',
    'rtc_records_total{table="cdrs",outcome="quarantined",via="live"} 1',
    'rtc_records_total{table="bodies",outcome="quarantined",via="live"} 1',
    'rtc_field_misfits_total{field="recordFlag"} 1',
    'rtc_inflight_records 0',
    'rtc_queue_rows{table="call_events"} 0',
    'rtc_queue_rows{table="cdrs"} 0',
    'rtc_spool_records 0',
    'rtc_spool_oldest_seconds 0',
    'rtc_spool_set_aside_total 0',
    'rtc_commit_seconds_count{table="cdrs"} 1',
    'rtc_group_rows_sum{table="cdrs"} 3',
    'rtc_callback_delay_seconds_count{kind="fee"} 3',
    'rtc_answer_seconds_count{kind="status"} 1',
    'rtc_answer_seconds_bucket{le="1.5",kind="fee"} 1',
    'rtc_answer_seconds_count{kind="unknown"} 1',
    'rtc_pool_waiting{pool="callbacks"} 0',
    `rtc_build_info{version="${version}",node="${process.versions.node}"} 1`,
  ])('%s', (sample) => {
    expect(text.split('\n')).toContain(sample)
  })

  test.each([
    'rtc_spool_bytes',
    'rtc_quarantine_bytes',
    'rtc_disk_free_bytes',
    'rtc_last_callback_timestamp_seconds{kind="status"}',
    'rtc_last_callback_timestamp_seconds{kind="fee"}',
    'rtc_answer_seconds_sum{kind="fee"}',
    'rtc_pool_connections{pool="callbacks"}',
    'rtc_pool_idle_connections{pool="callbacks"}',
    'process_resident_memory_bytes',
    'nodejs_heap_size_total_bytes',
  ])('%s is more than 0', (name) => {
    const line = text.split('\n').find((line) => line.startsWith(`${name} `))
    expect(Number(line?.slice(name.length))).toBeGreaterThan(0)
  })

  test('every metric of ours has a help text, and no label tells who called whom', () => {
    const names = new Set(text.match(/^rtc_\w+/gm))
    expect(names.size).toBeGreaterThan(20)
    for (const name of names) expect(text).toContain(`# HELP ${name.replace(/_(bucket|sum|count)$/, '')} `)
    expect(text).not.toMatch(/8613|health|rubbish/)
  })
})

test('/openapi.json describes both paths, what they take and what they answer', async () => {
  const { status, body } = await get(`${open.adminUrl}/openapi.json`)
  const document = JSON.parse(body)
  expect([status, document.openapi, Object.keys(document.paths)]).toEqual([200, '3.1.0', ['/rtc/status', '/rtc/fee']])
  expect(JSON.stringify(document.components.schemas.FeeCallback)).toContain('"feeLst"')
  expect(JSON.stringify(document.components.schemas.StatusCallback)).toContain('"collectInfo"')
  for (const path of ['/rtc/status', '/rtc/fee']) {
    expect(Object.keys(document.paths[path])).toEqual(['post'])
    const { requestBody, responses } = document.paths[path].post
    for (const name of ['StatusCallback', 'FeeCallback', 'Notice'])
      expect(JSON.stringify(requestBody)).toContain(`"$ref":"#/components/schemas/${name}"`)
    expect(Object.keys(responses)).toEqual(expect.arrayContaining(['200', '503']))
  }
  // With a path token the document names the place of it, not the token.
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
  expect((await get(`${locked.adminUrl}/openapi.json`, headers)).status).toBe(200)
})

test('the two listeners do not share their paths', async () => {
  for (const path of ['/livez', '/readyz', '/metrics', '/openapi.json'])
    expect((await get(open.url + path)).status).toBe(404)
  const headers = { origin: open.adminUrl, 'sec-fetch-site': 'same-origin' }
  for (const path of ['/rtc/status', '/rtc/fee'])
    expect((await send(open.adminUrl + path, event('private'), { headers })).status).toBe(404)
})

describe('with ADMIN_TOKEN', () => {
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })

  test.each(['/livez', '/readyz'])('%s needs none', async (path) => {
    expect((await get(locked.adminUrl + path)).status).toBe(200)
  })

  test.each([
    ['Bearer', { authorization: `Bearer ${ADMIN_TOKEN}` }],
    ['bearer', { authorization: `bearer ${ADMIN_TOKEN}` }],
    ['Basic, any user', basic(`prometheus:${ADMIN_TOKEN}`)],
    ['Basic, no user', basic(`:${ADMIN_TOKEN}`)],
  ])('%s is let in', async (_name, headers) => {
    for (const path of ['/metrics', '/openapi.json'])
      expect((await get(locked.adminUrl + path, headers)).status).toBe(200)
  })

  test.each([
    ['nothing', {}],
    ['an empty header', { authorization: '' }],
    ['Bearer alone', { authorization: 'Bearer' }],
    ['another token', { authorization: 'Bearer another-token-for-the-admin' }],
    ['the token as user', basic(`${ADMIN_TOKEN}:`)],
    ['the token with a blank', basic(`user: ${ADMIN_TOKEN}`)],
    ['half of the token', basic(`user:${ADMIN_TOKEN.slice(0, 10)}`)],
    ['the token in the query', {}, `?token=${ADMIN_TOKEN}`],
  ])('%s is not', async (_name, headers, query = '') => {
    for (const path of ['/metrics', '/openapi.json']) {
      const answer = await get(locked.adminUrl + path + query, headers)
      expect(answer.status).toBe(401)
      expect(answer.headers['www-authenticate']).toMatch(/^Basic realm=/)
      expect(answer.body).not.toContain('rtc_')
    }
  })
})
