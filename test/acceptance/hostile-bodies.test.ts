import { randomInt } from 'node:crypto'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { cdr, event, fee } from '../support/callbacks.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { ACCEPTED, type Answer, send } from '../support/http.ts'
import { type Program, startProgram } from '../support/program.ts'
import { emptyTables, type Row, readTables, type Tables } from '../support/tables.ts'

let database: TestDatabase
let program: Program

beforeAll(async () => {
  database = await freshDatabase()
  program = await startProgram({ database })
})

beforeEach(() => emptyTables(database.pool))

afterAll(async () => {
  // Whatever was sent, the receiver has neither ended nor met a mistake of its own.
  expect(program.lines.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([])
  expect((await send(`${program.url}/rtc/status`, event('after all'))).status).toBe(200)
})

function post(body: string | Buffer | object, headers = {}): Promise<Answer> {
  return send(`${program.url}/rtc/status`, body, { headers })
}

/** The answer and the tables after it, compared whole. */
async function expectAfter(answer: Answer, expected: Answer['body'], tables: Partial<Tables>): Promise<void> {
  expect(answer.body).toBe(expected)
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
  expect(answer.status).toBe(expected === ACCEPTED ? 200 : Number(JSON.parse(expected).resultcode))
  expect(await readTables(database.pool)).toEqual({ call_events: [], cdrs: [], quarantine: [], ...tables })
}

function refusal(status: number, resultdesc: string, errors: object[] = []): string {
  return JSON.stringify({ resultcode: String(status), resultdesc, errors })
}

/** A 400 that names the place, and the entry in quarantine that goes with it. */
async function expectMalformed(body: string | Buffer, reason: string, pointer: string, message: string): Promise<void> {
  const errors = [{ pointer, message }]
  const resultdesc = reason === 'not_a_callback' ? `${pointer || 'body'} ${message}` : message
  const answer = await post(body)
  await expectAfter(answer, refusal(400, resultdesc, errors), {
    quarantine: [
      { kind: 'unknown', reason, errors, body: escaped(body), body_size: Buffer.byteLength(body), seen_count: 1 },
    ],
  })
  expect(answer.headers.connection).toBe('close')
}

/** As Postgres shows bytea with encode(…, 'escape'). */
function escaped(body: string | Buffer): string {
  return [...Buffer.from(body)]
    .map((byte) => {
      if (byte === 92) return '\\\\'
      return byte === 0 || byte > 127 ? `\\${byte.toString(8).padStart(3, '0')}` : String.fromCharCode(byte)
    })
    .join('')
}

function eventRow(sessionId: string, more: Row = {}): Row {
  return {
    session_id: sessionId,
    event_type: 'answer',
    occurred_at: '2024-03-05T07:15:00+00:00',
    called: '+8613800000021',
    ...more,
  }
}

function cdrRow(sessionId: string, more: Row = {}): Row {
  return {
    session_id: sessionId,
    icid: `${sessionId}.1`,
    cdr_time: '2024-03-05T07:16:02+00:00',
    call_end_time: '2024-03-05T07:16:02+00:00',
    callee_num: '+8613800000021',
    ...more,
  }
}

/** The entry of a record that stands in quarantine as the JSON it came as. */
function quarantined(
  kind: 'status' | 'fee',
  reason: string,
  pointer: string,
  message: string,
  record: unknown,
  more: Row = {},
): Row {
  const body = typeof record === 'string' ? record : JSON.stringify(record)
  return {
    kind,
    reason,
    errors: [{ pointer, message }],
    body: escaped(body),
    body_size: Buffer.byteLength(body),
    seen_count: 1,
    ...more,
  }
}

describe('bytes that are no JSON', () => {
  test.each<[string, string | Buffer, string]>([
    ['nothing', '', 'body is not JSON: it is empty'],
    ['blanks', ' \r\n ', 'body is not JSON: it is empty'],
    ['a word', 'hello', 'body is not JSON at character 1'],
    ['a form', 'eventType=answer', 'body is not JSON at character 1'],
    ['XML', '<?xml version="1.0"?>', 'body is not JSON at character 1'],
    ['single quotes', "{'eventType':'answer'}", 'body is not JSON at character 2'],
    ['a comma too many', '{"eventType":"answer",}', 'body is not JSON at character 23'],
    ['two bodies', '{"a":1}{"a":1}', 'body is not JSON at character 8'],
    ['a raw control character', '{"eventType":"an\nswer"}', 'body is not JSON at character 17'],
    ['a raw NUL', '{"eventType":"an\0swer"}', 'body is not JSON at character 17'],
    ['NaN', '{"eventType":NaN}', 'body is not JSON at character 14'],
    ['half of it', '{"eventType":"answer","statusIn', 'body is not JSON: it ends too early, after 31 characters'],
    [
      'half of an escape',
      '{"eventType":"answer","statusInfo":{"sessionId":"\\u12',
      'body is not JSON: it ends too early, after 53 characters',
    ],
  ])('%s', async (_name, body, message) => {
    await expectMalformed(body, 'invalid_json', '', message)
  })

  test.each([
    ['a lone continuation byte', [0x80]],
    ['a byte that is never UTF-8', [0xff]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['a surrogate in UTF-8', [0xed, 0xa0, 0x80]],
    ['a character beyond Unicode', [0xf4, 0x90, 0x80, 0x80]],
    ['GBK', [0xb2, 0xa6, 0xb4, 0xf2]],
  ])('invalid UTF-8: %s', async (_name, bytes) => {
    const [head = '', tail = ''] = JSON.stringify(event('x', { userData: '?' })).split('?')
    const body = Buffer.concat([Buffer.from(head), Buffer.from(bytes), Buffer.from(tail)])
    await expectMalformed(body, 'invalid_utf8', '', 'body is not valid UTF-8')
  })

  test('UTF-16', async () => {
    const body = Buffer.from(`\ufeff${JSON.stringify(event('x'))}`, 'utf16le')
    await expectMalformed(body, 'invalid_utf8', '', 'body is not valid UTF-8')
  })

  test('UTF-8 with a byte order mark is JSON all the same', async () => {
    await expectAfter(await post(`\ufeff${JSON.stringify(event('bom'))}`), ACCEPTED, { call_events: [eventRow('bom')] })
  })

  test('the same rubbish again is counted, not added', async () => {
    for (let n = 0; n < 3; n++) await post('rubbish')
    const { quarantine } = await readTables(database.pool)
    expect(quarantine).toMatchObject([{ body: 'rubbish', seen_count: 3 }])
  })
})

describe('JSON that is no callback', () => {
  test.each([
    ['null', 'null'],
    ['a number', '5'],
    ['a text', '"fee"'],
    ['an array', '[{"eventType":"answer"}]'],
    ['true', 'true'],
  ])('%s', async (_name, body) => {
    await expectMalformed(body, 'not_a_callback', '', 'must be an object')
  })

  test.each([
    ['no eventType', { statusInfo: {} }, '/eventType', 'is missing'],
    ['an inherited eventType', JSON.parse('{"__proto__":{"eventType":"answer"}}'), '/eventType', 'is missing'],
    ['eventType null', { eventType: null, statusInfo: {} }, '/eventType', 'must be non-empty text'],
    ['eventType empty', { eventType: '', statusInfo: {} }, '/eventType', 'must be non-empty text'],
    ['eventType a number', { eventType: 7, statusInfo: {} }, '/eventType', 'must be non-empty text'],
    ['eventType an object', { eventType: {}, statusInfo: {} }, '/eventType', 'must be non-empty text'],
    ['statusInfo null', { eventType: 'answer', statusInfo: null }, '/statusInfo', 'must be an object'],
    ['statusInfo an array', { eventType: 'answer', statusInfo: [{}] }, '/statusInfo', 'must be an object'],
    ['statusInfo text', { eventType: 'answer', statusInfo: '{}' }, '/statusInfo', 'must be an object'],
    ['eventType with a blank is not fee', { eventType: 'fee ', feeLst: [] }, '/statusInfo', 'is missing'],
    ['feeLst null', { eventType: 'fee', feeLst: null }, '/feeLst', 'must be an array'],
    ['feeLst 0', { eventType: 'fee', feeLst: 0 }, '/feeLst', 'must be an array'],
    ['feeLst ""', { eventType: 'fee', feeLst: '' }, '/feeLst', 'must be an array'],
    ['feeLst text', { eventType: 'fee', feeLst: '[]' }, '/feeLst', 'must be an array'],
    ['feeLst true', { eventType: 'FEE', feeLst: true }, '/feeLst', 'must be an array'],
  ])('%s', async (_name, body, pointer, message) => {
    await expectMalformed(JSON.stringify(body), 'not_a_callback', pointer, message)
  })
})

describe('feeLst of odd shapes', () => {
  test('empty: taken, nothing to store', async () => {
    await expectAfter(await post(fee()), ACCEPTED, {})
  })

  test('a single object: one record', async () => {
    await expectAfter(await post({ eventType: 'fee', feeLst: cdr('single') }), ACCEPTED, { cdrs: [cdrRow('single')] })
  })

  test('an empty object: one bad record', async () => {
    await expectAfter(await post({ eventType: 'fee', feeLst: {} }), ACCEPTED, {
      quarantine: [quarantined('fee', 'missing_session_id', '/sessionId', 'is missing', {}, { record_index: 0 })],
    })
  })

  test('51 records: all stored', async () => {
    const names = Array.from({ length: 51 }, (_, n) => `over-${String(n).padStart(2, '0')}`)
    await expectAfter(await post(fee(...names.map((name) => cdr(name)))), ACCEPTED, {
      cdrs: names.map((name) => cdrRow(name)),
    })
  })

  test('null, 5, [] and {} between good ones: each in quarantine under its place', async () => {
    const notObject = (record: unknown, record_index: number) =>
      quarantined('fee', 'not_an_object', '', 'must be an object', record, { record_index })
    const { cdrs, quarantine } = await become(fee(cdr('a'), null, 5, [], {}, 'text', cdr('b')))
    expect(cdrs).toEqual([cdrRow('a'), cdrRow('b')])
    expect(quarantine.sort((a, b) => Number(a.record_index) - Number(b.record_index))).toEqual([
      notObject(null, 1),
      notObject(5, 2),
      notObject([], 3),
      quarantined('fee', 'missing_session_id', '/sessionId', 'is missing', {}, { record_index: 4 }),
      notObject('"text"', 5),
    ])
  })

  test('members beside feeLst: the records are stored', async () => {
    await expectAfter(await post({ ...fee(cdr('x')), statusInfo: { sessionId: 'y' }, extra: 1 }), ACCEPTED, {
      cdrs: [cdrRow('x')],
    })
  })
})

/** Takes a callback that is answered 200, and reads what became of it. */
async function become(body: object | string): Promise<Tables> {
  const answer = await post(body)
  expect([answer.status, answer.body]).toEqual([200, ACCEPTED])
  return readTables(database.pool)
}

describe('text that Postgres cannot hold', () => {
  const nul = 'the text holds a NUL character'
  const half = 'the text holds half a surrogate pair'

  test('NUL in a value, neighbours stored', async () => {
    const record = cdr('nul', { userData: 'a\0b' })
    await expectAfter(await post(fee(cdr('before'), record, cdr('then'))), ACCEPTED, {
      cdrs: [cdrRow('before'), cdrRow('then')],
      quarantine: [quarantined('fee', 'nul_character', '/userData', nul, record, { record_index: 1 })],
    })
  })

  test('NUL in a name', async () => {
    const record = event('nul', { 'a\0b': 1 })
    const message = 'the name of a member holds a NUL character'
    await expectAfter(await post(record), ACCEPTED, {
      quarantine: [quarantined('status', 'nul_character', '/statusInfo', message, record)],
    })
  })

  test.each([
    ['a high half', '\\ud800'],
    ['a low half', '\\udc00'],
    ['the halves the wrong way round', '\\udc00\\ud800'],
  ])('lone surrogates: %s', async (_name, escapes) => {
    const body = JSON.stringify(event('half', { userData: '?' })).replace('?', escapes)
    await expectAfter(await post(body), ACCEPTED, {
      quarantine: [quarantined('status', 'lone_surrogate', '/statusInfo/userData', half, body)],
    })
  })

  test('a whole pair, written as escapes, is text', async () => {
    const body = JSON.stringify(event('pair', { userData: '?' })).replace('?', '\\ud83d\\ude00')
    await expectAfter(await post(body), ACCEPTED, { call_events: [eventRow('pair', { user_data: '😀' })] })
  })

  test('deep inside, in a member without a column', async () => {
    const record = cdr('deep', { more: [{ list: ['ok', 'a\0'] }] })
    await expectAfter(await post(fee(record)), ACCEPTED, {
      quarantine: [quarantined('fee', 'nul_character', '/more/0/list/1', nul, record, { record_index: 0 })],
    })
  })
})

describe('nesting', () => {
  const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
  const tooDeep = 'objects and arrays are nested more than 32 deep'

  test('32 levels are stored', async () => {
    // The record and statusInfo are the first two.
    const body = JSON.stringify(event('deep', { x: '?' })).replace('"?"', nested(30))
    await expectAfter(await post(body), ACCEPTED, {
      call_events: [eventRow('deep', { extra: { x: JSON.parse(nested(30)) } })],
    })
  })

  test.each([33, 4_000, 100_000])('%i levels inside an event: quarantined with the body as it came', async (levels) => {
    const body = JSON.stringify(event('deep', { x: '?' })).replace('"?"', nested(levels - 2))
    const pointer = `/statusInfo/x${'/0'.repeat(30)}`
    await expectAfter(await post(body), ACCEPTED, {
      quarantine: [quarantined('status', 'too_deep', pointer, tooDeep, body)],
    })
  })

  test.each([33, 4_000, 100_000])('%i levels inside a CDR: its neighbours are stored', async (levels) => {
    const body = JSON.stringify(fee(cdr('a'), cdr('deep', { x: '?' }), cdr('b'))).replace('"?"', nested(levels - 1))
    await expectAfter(await post(body), ACCEPTED, {
      cdrs: [cdrRow('a'), cdrRow('b')],
      quarantine: [quarantined('fee', 'too_deep', `/x${'/0'.repeat(31)}`, tooDeep, body, { record_index: 1 })],
    })
  })

  test.each([4_000, 100_000])('%i levels as the whole body', async (levels) => {
    const body = nested(levels)
    const errors = [{ pointer: '', message: 'must be an object' }]
    await expectAfter(await post(body), refusal(400, 'body must be an object', errors), {
      quarantine: [
        {
          kind: 'unknown',
          reason: 'not_a_callback',
          errors,
          // The first 64 KiB are kept.
          body: body.slice(0, 65_536),
          body_size: body.length,
          seen_count: 1,
        },
      ],
    })
  })

  test('100,000 levels of objects, with a name that is removed at the bottom', async () => {
    const depth = 100_000
    const body = `{"eventType":"answer","statusInfo":{"a":${'{"a":'.repeat(depth)}{"__proto__":1}${'}'.repeat(depth)}}}`
    const { quarantine } = await become(body)
    expect(quarantine).toMatchObject([{ reason: 'too_deep', seen_count: 1, body_size: body.length }])
  })

  test('100,000 levels that never close', async () => {
    const { status, body } = await post('['.repeat(100_000))
    expect([status, JSON.parse(body).resultdesc]).toEqual([
      400,
      expect.stringMatching(/^body is not JSON: it ends too/),
    ])
  })
})

describe('members of odd names', () => {
  test('of duplicate names the last wins', async () => {
    const body = JSON.stringify(event('twice', { caller: 'first' })).replace('"first"', '"first","caller":"last"')
    await expectAfter(await post(body), ACCEPTED, { call_events: [eventRow('twice', { caller: 'last' })] })
  })

  test('a duplicate eventType decides by the last', async () => {
    const body = `{"eventType":"fee","feeLst":[],${JSON.stringify(event('twice')).slice(1)}`
    await expectAfter(await post(body), ACCEPTED, { call_events: [eventRow('twice', { extra: { '/feeLst': [] } })] })
  })

  test('__proto__ is removed, whatever it holds', async () => {
    const body =
      '{"eventType":"answer","__proto__":{"eventType":"fee"},"statusInfo":{"sessionId":"proto","__proto__":' +
      '{"caller":"+8613800000099"},"timestamp":"2024-03-05 07:15:00","called":"+8613800000021"}}'
    await expectAfter(await post(body), ACCEPTED, { call_events: [eventRow('proto')] })
  })

  test('__proto__ written with escapes is removed too', async () => {
    const body = JSON.stringify(event('escape', { x: 1 })).replace('"x":1', '"\\u005f_proto_\\u005f":{"caller":"1"}')
    await expectAfter(await post(body), ACCEPTED, { call_events: [eventRow('escape')] })
  })

  test('constructor that reaches for a prototype is removed, else kept', async () => {
    const reaching = JSON.stringify(event('a', { constructor: { prototype: { admin: true } } }))
    const plain = JSON.stringify(event('b', { constructor: 'works' }))
    await post(reaching)
    await expectAfter(await post(plain), ACCEPTED, {
      call_events: [eventRow('a'), eventRow('b', { extra: { constructor: 'works' } })],
    })
  })

  test('names of Object.prototype are names like others', async () => {
    const odd = { hasOwnProperty: 1, toString: null, valueOf: 'x', isPrototypeOf: [], toJSON: 'no' }
    await expectAfter(await post({ ...event('names', odd), hasOwnProperty: 0, toString: 5 }), ACCEPTED, {
      call_events: [eventRow('names', { extra: { ...odd, '/hasOwnProperty': 0, '/toString': 5 } })],
    })
    await emptyTables(database.pool)
    await expectAfter(await post(fee(cdr('names', odd))), ACCEPTED, { cdrs: [cdrRow('names', { extra: odd })] })
  })

  test('the empty name, a name of blanks, quotes, and a very long one', async () => {
    const odd = { '': 1, ' ': 2, 'it\'s "quoted" \\ {,}': 3, ['n'.repeat(10_000)]: 4 }
    await expectAfter(await post(event('names', odd)), ACCEPTED, { call_events: [eventRow('names', { extra: odd })] })
  })
})

describe('values that do not fit', () => {
  test('numbers beyond all measure: the record is bad, and kept as it came', async () => {
    const body = JSON.stringify(fee(cdr('a'), cdr('big', { x: '?' }))).replace('"?"', '1e400')
    await expectAfter(await post(body), ACCEPTED, {
      cdrs: [cdrRow('a')],
      quarantine: [quarantined('fee', 'non_finite_number', '/x', 'the number is too large', body, { record_index: 1 })],
    })
  })

  test.each([
    ['2^63', '9223372036854775808', 2 ** 63],
    ['2^31', '2147483648', 2147483648],
    ['a fraction', '1.5', 1.5],
    ['true', 'true', true],
    ['text', '"four"', 'four'],
    ['digits beyond int4', '"2147483648"', '2147483648'],
    ['an object', '{"a":1}', { a: 1 }],
    ['1e-400, which is 0', '[1e-400]', [0]],
  ])('in an integer field %s goes to extra', async (_name, json, value) => {
    const body = JSON.stringify(fee(cdr('int', { sipStatusCode: '?' }))).replace('"?"', json)
    await expectAfter(await post(body), ACCEPTED, { cdrs: [cdrRow('int', { extra: { sipStatusCode: value } })] })
  })

  test.each([
    ['-2147483648', -2147483648],
    ['2147483647', 2147483647],
    ['"0486"', 486],
    ['4.86e2', 486],
    ['-0', 0],
  ])('in an integer field %s fits', async (json, value) => {
    const body = JSON.stringify(fee(cdr('int', { sipStatusCode: '?' }))).replace('"?"', json)
    await expectAfter(await post(body), ACCEPTED, { cdrs: [cdrRow('int', { sip_status_code: value })] })
  })

  test('null and "" are absent', async () => {
    const absent = { sipStatusCode: null, failTime: '', userData: '', callerNum: null, ttsPlayTimes: '' }
    await expectAfter(await post(fee(cdr('none', absent))), ACCEPTED, { cdrs: [cdrRow('none')] })
  })

  test('text of 1,024 characters fits, longer text goes to extra', async () => {
    const [fits, tooLong] = ['😀'.repeat(1_024), '😀'.repeat(1_025)]
    await expectAfter(await post(event('long', { userData: fits, stateDesc: tooLong })), ACCEPTED, {
      call_events: [eventRow('long', { user_data: fits, extra: { stateDesc: tooLong } })],
    })
  })

  test('an event type of 1,024 characters is stored, of 2,000 quarantined', async () => {
    const long = event('type', {}, 'x'.repeat(2_000))
    const message = 'must be text of 1 to 1024 characters'
    await post(event('type', {}, 'y'.repeat(1_024)))
    await expectAfter(await post(long), ACCEPTED, {
      call_events: [eventRow('type', { event_type: 'y'.repeat(1_024) })],
      quarantine: [quarantined('status', 'malformed_event_type', '/eventType', message, long)],
    })
  })

  test.each([
    ['missing', undefined, 'missing_session_id', 'is missing'],
    ['null', null, 'missing_session_id', 'is missing'],
    ['empty', '', 'missing_session_id', 'is missing'],
    ['a fraction', 7.5, 'malformed_session_id', 'must be text of 1 to 1024 characters'],
    ['an array', ['x'], 'malformed_session_id', 'must be text of 1 to 1024 characters'],
    ['too long', 's'.repeat(1_025), 'malformed_session_id', 'must be text of 1 to 1024 characters'],
  ])('sessionId %s', async (_name, sessionId, reason, message) => {
    const record = event(sessionId)
    await expectAfter(await post(record), ACCEPTED, {
      quarantine: [quarantined('status', reason, '/statusInfo/sessionId', message, record)],
    })
  })

  test('a session id that fits no index: Postgres refuses it, its neighbours are stored', async () => {
    // Random, since Postgres would compress 1,024 times the same.
    const emoji = Array.from({ length: 1_024 }, () => String.fromCodePoint(0x1f300 + randomInt(0x300))).join('')
    const record = cdr(emoji, { icid: '1' })
    const message = 'Postgres refused the record with SQLSTATE 54000'
    await expectAfter(await post(fee(cdr('a'), cdr('b'), record, cdr('c'))), ACCEPTED, {
      cdrs: [cdrRow('a'), cdrRow('b'), cdrRow('c')],
      quarantine: [quarantined('fee', 'refused_by_postgres', '', message, record, { record_index: 2 })],
    })
  })

  test('text that looks like SQL or an array is text', async () => {
    const odd = { userData: `'); DROP TABLE rtc.cdrs; --`, callerNum: '{"a",NULL}', spId: 'NULL', hostName: '\\x00\\' }
    const row = { user_data: odd.userData, caller_num: odd.callerNum, sp_id: 'NULL', host_name: odd.hostName }
    await expectAfter(await post(fee(cdr('sql', odd))), ACCEPTED, { cdrs: [cdrRow('sql', row)] })
  })
})

describe('times', () => {
  test.each([
    ['29 February of a leap year', '2024-02-29 00:00:00', '2024-02-29T00:00:00+00:00'],
    ['the last second of a year', '2023-12-31 23:59:59', '2023-12-31T23:59:59+00:00'],
    ['the first second of the first year', '2000-01-01 00:00:00', '2000-01-01T00:00:00+00:00'],
    ['two blanks, as in samples of 2019', '2019-01-24  03:04:24', '2019-01-24T03:04:24+00:00'],
    ['blanks around', ' 2019-01-24\t03:04:24 ', '2019-01-24T03:04:24+00:00'],
    ['an hour that local clocks skip', '2024-03-31 02:30:00', '2024-03-31T02:30:00+00:00'],
  ])('%s is stored as it stands, in UTC', async (_name, timestamp, stored) => {
    await expectAfter(await post(event('time', { timestamp })), ACCEPTED, {
      call_events: [eventRow('time', { occurred_at: stored })],
    })
  })

  const malformed = ['malformed_time', 'must be a time yyyy-MM-dd HH:mm:ss'] as const
  const outOfRange = ['time_out_of_range', 'must lie between the year 2000 and 13 months from now'] as const
  const ahead = new Date(Date.now() + 400 * 86_400_000).toISOString().slice(0, 19).replace('T', ' ')
  test.each([
    ['30 February', '2019-02-30 00:00:00', malformed],
    ['29 February of a common year', '2023-02-29 00:00:00', malformed],
    ['hour 25', '2024-03-05 25:00:00', malformed],
    ['hour 24', '2024-03-05 24:00:00', malformed],
    ['a leap second', '2016-12-31 23:59:60', malformed],
    ['ISO 8601', '2024-03-05T07:15:00Z', malformed],
    ['milliseconds', '2024-03-05 07:15:00.123', malformed],
    ['a number', 1709622900, malformed],
    ['full-width digits', '２０２４-03-05 07:15:00', malformed],
    ['infinity, which Postgres would take', 'infinity', malformed],
    ['1999', '1999-12-31 23:59:59', outOfRange],
    ['year 1', '0001-01-01 00:00:00', outOfRange],
    ['year 9999', '9999-12-31 23:59:59', outOfRange],
    ['400 days ahead', ahead, outOfRange],
    ['missing', null, ['missing_time', 'is missing'] as const],
  ])('%s is bad', async (_name, timestamp, [reason, message]) => {
    const record = event('time', { timestamp })
    await expectAfter(await post(record), ACCEPTED, {
      quarantine: [quarantined('status', reason, '/statusInfo/timestamp', message, record)],
    })
  })

  test('a CDR takes the latest stage that has a time, and keeps a malformed one as sent', async () => {
    const times = { callEndTime: '2024-13-01 00:00:00', failTime: '', fwdAnswerTime: '2024-03-05  07:15:30' }
    const row: Row = { cdr_time: '2024-03-05T07:15:30+00:00', fwd_answer_time: '2024-03-05T07:15:30+00:00' }
    const { call_end_time: _, ...rest } = cdrRow('stages', row)
    await expectAfter(await post(fee(cdr('stages', times))), ACCEPTED, {
      cdrs: [{ ...rest, extra: { callEndTime: '2024-13-01 00:00:00' } }],
    })
  })
})

describe('content types and encodings', () => {
  const good = JSON.stringify(event('type'))
  const stored = { call_events: [eventRow('type')] }
  const message = 'the body has a Content-Encoding, which is not undone here'

  test.each([
    ['none', undefined],
    ['with charset', 'application/json; charset=utf-8'],
    ['with another charset, though the bytes are UTF-8', 'application/json; charset=gbk'],
    ['in capitals', 'Application/JSON'],
    ['with a trailing semicolon', 'application/json;'],
    ['with a parameter without value', 'application/json; charset'],
    ['with a broken parameter', 'application/json; charset="utf'],
    ['with parameters in a row', 'application/json;a=b;;c= d ; =;é'],
  ])('taken: %s', async (_name, type) => {
    await expectAfter(await post(good, { 'content-type': type }), ACCEPTED, stored)
  })

  test('taken: no content type, chunked', async () => {
    const headers = { 'content-type': undefined, 'content-length': undefined, 'transfer-encoding': 'chunked' }
    await expectAfter(await post(good, headers), ACCEPTED, stored)
  })

  test.each([
    'text/plain',
    'application/octet-stream',
    'application/x-www-form-urlencoded',
    'text/plain; charset=gbk',
    'json',
    ' ',
    '*/*',
  ])('taken, for what a gateway wrote must cost nothing: %s', async (type) => {
    await expectAfter(await post(good, { 'content-type': type }), ACCEPTED, stored)
  })

  test.each(['identity', 'UTF-8', 'utf8', 'Identity, utf-8'])('taken, for it encodes nothing: %s', async (encoding) => {
    await expectAfter(await post(good, { 'content-encoding': encoding }), ACCEPTED, stored)
  })

  test.each([
    ['gzip', gzipSync(good)],
    ['br', brotliCompressSync(good)],
    ['gzip', Buffer.alloc(100_000, 0x1f)],
  ])('refused, and the beginning kept: %s', async (encoding, body) => {
    const errors = [{ pointer: '', message }]
    await expectAfter(await post(body, { 'content-encoding': encoding }), refusal(415, message), {
      quarantine: [
        {
          kind: 'unknown',
          reason: 'content_encoding',
          errors,
          body: escaped(body.subarray(0, 65_536)),
          body_size: body.length,
          seen_count: 1,
        },
      ],
    })
  })

  test('gzip that nobody declared is not UTF-8', async () => {
    const body = gzipSync(good)
    await expectMalformed(body, 'invalid_utf8', '', 'body is not valid UTF-8')
  })
})

describe('bodies of all sizes', () => {
  const tooLarge = refusal(413, 'the body is larger than 1048576 bytes')
  const ofBytes = (bytes: number) => {
    const body = JSON.stringify(event('size', { x: '?' }))
    return body.replace('?', 'x'.repeat(bytes - body.length + 1))
  }

  test('of exactly the limit: stored', async () => {
    const { call_events } = await become(ofBytes(1_048_576))
    expect(call_events).toMatchObject([{ session_id: 'size' }])
  })

  test('a byte more: refused', async () => {
    await expectAfter(await post(ofBytes(1_048_577)), tooLarge, {})
  })

  test('2 MB: refused', async () => {
    await expectAfter(await post(ofBytes(2_000_000)), tooLarge, {})
  })

  test('2 MB in chunks that tell no length: refused', async () => {
    const headers = { 'content-length': undefined, 'transfer-encoding': 'chunked' }
    await expectAfter(await post(ofBytes(2_000_000), headers), tooLarge, {})
  })

  test('a feeLst of 50 bad records: each is quarantined', async () => {
    const records = Array.from({ length: 50 }, (_, n) => ({ icid: `no session ${n}`, userData: 'x'.repeat(100) }))
    const { cdrs, quarantine } = await become(fee(...records, cdr('last')))
    expect(cdrs).toEqual([cdrRow('last')])
    expect(quarantine).toHaveLength(50)
  })

  test('a feeLst of 5,000 bad records: the body is kept once, and says how many and what', async () => {
    const records = Array.from({ length: 4_999 }, (_, n) => n)
    const { cdrs, quarantine } = await become(fee(...records, cdr('last')))
    expect(cdrs).toEqual([cdrRow('last')])
    const body = JSON.stringify(fee(...records, cdr('last')))
    expect(quarantine).toMatchObject([
      { kind: 'fee', reason: 'too_many_bad_records', body: escaped(body), body_size: body.length, seen_count: 1 },
    ])
    const errors = quarantine[0]?.errors as object[]
    expect(errors.slice(0, 2)).toEqual([
      { pointer: '/feeLst', message: 'holds 4999 bad records' },
      { pointer: '/feeLst/0', message: 'must be an object' },
    ])
    expect(errors).toHaveLength(21)
  })

  test.each([
    ['5,001 records', JSON.stringify(fee(...Array(5_001).fill(cdr('one of many'))))],
    ['half a million zeros', `{"eventType":"fee","feeLst":[${'0,'.repeat(500_000)}0]}`],
  ])('a feeLst of %s: the body is kept whole, for somebody to look at', async (_name, body) => {
    const message = 'holds more than 5000 records'
    await expectAfter(await post(body), ACCEPTED, {
      quarantine: [quarantined('fee', 'too_many_records', '/feeLst', message, body)],
    })
  })

  test('many records, each nested too deep: the body is kept once', async () => {
    const nested = '['.repeat(40) + ']'.repeat(40)
    const records = Array.from({ length: 5_000 }, (_, n) => ({ n, x: '?' }))
    const body = JSON.stringify(fee(cdr('a'), ...records.slice(2), cdr('b'))).replaceAll('"?"', nested)
    const { cdrs, quarantine } = await become(body)
    expect(cdrs).toEqual([cdrRow('a'), cdrRow('b')])
    expect(quarantine).toMatchObject([{ reason: 'too_deep', record_index: 1, seen_count: 1, body_size: body.length }])
    expect(quarantine).toHaveLength(1)
  })
})
