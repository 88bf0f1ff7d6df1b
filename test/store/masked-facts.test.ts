import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { a, at, cdr, company, event, notification, privateNumber, x } from '../calls/facts.ts'
import { freshDatabase } from '../support/database.ts'
import { type Session, storeSessions } from './folded.ts'

const privateSession = '+8613800000031_+8617012340001_4_ab12cd'

let client: pg.Client

beforeAll(async () => {
  client = new pg.Client({ connectionString: (await freshDatabase()).url })
  await client.connect()
  await client.query("SET TimeZone = 'UTC'")
})
afterAll(() => client.end())

async function rowsOf(sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  return (await client.query(sql, values)).rows
}

async function empty(): Promise<void> {
  await client.query('TRUNCATE rtc.call_events, rtc.cdrs, rtc.notices, rtc.placed_calls, ops.calls, rtc.calls_private')
}

describe('what shows', () => {
  beforeAll(async () => {
    await empty()
    await storeSessions(client, [
      {
        id: 'voice',
        cdrs: [
          {
            ...notification({ icid: 'CAE-20190124110424-12019775', dyn_ivr_path: '0-2-3', caller_num: company }),
            extra: { areaCode: '0755', a13800000021: 1 },
            host_name: 'host13800000021',
          },
        ],
        events: [
          event('callout', '10:00:00', { caller: company, called: a, user_data: 'order-77' }),
          event('collectInfo', '10:00:30', { digit_info: '123456' }),
          {
            ...event('disconnect', '10:01:00', { party_type: 'callee 13800000021', state_code: 0 }),
            state_desc: 'by Ann',
          },
        ],
      },
      {
        id: privateSession,
        cdrs: [privateNumber({ extend_number: '1234' })],
        events: [event('callin', '10:00:00', { caller: a, called: x })],
      },
    ])
  })

  test('of events', async () => {
    expect(await rowsOf('SELECT * FROM ops.events ORDER BY occurred_at, session_id')).toMatchObject([
      {
        session_id: 'voice',
        event_type: 'callout',
        caller: '+86****78',
        called: '+86138****0021',
        user_data: '***',
        extra: null,
      },
      { session_id: null, event_type: 'callin', caller: '+86138****0021', called: '+86170****0001' },
      { session_id: 'voice', event_type: 'collectInfo', digits: '***', caller: null },
      { session_id: 'voice', event_type: 'disconnect', party_type: 'callee ***', state_desc: '***', state_code: 0 },
    ])
  })

  test('of CDRs', async () => {
    expect(await rowsOf('SELECT * FROM ops.cdrs ORDER BY session_id')).toMatchObject([
      {
        session_id: 'voice',
        icid: 'CAE-20190124110424-12019775',
        bind_num: company,
        caller_num: company,
        callee_num: '+86138****0021',
        dyn_ivr_path: '***',
        host_name: 'host***',
        extra: { areaCode: '***', '***': '***' },
        counts: true,
      },
      {
        session_id: null,
        bind_num: '+86170****0001',
        caller_num: '+86138****0031',
        callee_num: '+86170****0001',
        fwd_dst_num: '+86139****0032',
        extend_number: '***',
        subscription_id: '***',
        counts: true,
      },
    ])
  })

  test('call_ref is that of the call; both views are looked up by it and by session_id', async () => {
    const [call] = await rowsOf('SELECT call_ref FROM ops.calls WHERE session_id IS NULL')
    expect(await rowsOf('SELECT event_type FROM ops.events WHERE call_ref = $1', [call?.call_ref])).toEqual([
      { event_type: 'callin' },
    ])
    expect(await rowsOf('SELECT callee_num FROM ops.cdrs WHERE call_ref = $1', [call?.call_ref])).toHaveLength(1)
    expect(await rowsOf('SELECT FROM ops.events WHERE session_id = $1', [privateSession])).toEqual([])
    expect(await rowsOf(`SELECT FROM ops.events WHERE session_id IN ('voice', 'other')`)).toHaveLength(3)
  })

  test('facts whose call is not computed yet show without it', async () => {
    await client.query(
      `INSERT INTO rtc.call_events (session_id, event_key, occurred_at, event_type, called, received_at)
        VALUES ('new', gen_random_uuid(), '2026-11-12 12:00:00', 'callout', $1, now())`,
      [a],
    )
    expect(await rowsOf('SELECT * FROM ops.events ORDER BY occurred_at DESC LIMIT 1')).toMatchObject([
      { session_id: null, call_ref: null, event_type: 'callout', called: '+86138****0021' },
    ])
  })

  test.each(['events', 'cdrs'])('of %s by functions what the view shows, also of a call', async (name) => {
    const sorted = (rows: object[]) => rows.map((row) => JSON.stringify(row)).sort()
    const viewed = await rowsOf(`SELECT * FROM ops.${name}`)
    expect(viewed.length).toBeGreaterThan(1)
    expect(sorted(await rowsOf(`SELECT * FROM ops.${name}_between('-infinity', 'infinity')`))).toEqual(sorted(viewed))
    for (const { call_ref } of await rowsOf('SELECT call_ref FROM ops.calls'))
      expect(sorted(await rowsOf(`SELECT * FROM ops.${name}_of($1::uuid)`, [call_ref]))).toEqual(
        sorted(viewed.filter((row) => row.call_ref === call_ref)),
      )
    expect(sorted(await rowsOf(`SELECT * FROM ops.${name}_of('voice')`))).toEqual(
      sorted(viewed.filter((row) => row.session_id === 'voice')),
    )
    expect(await rowsOf(`SELECT FROM ops.${name}_of($1::text)`, [privateSession])).toEqual([])
    expect(await rowsOf(`SELECT FROM ops.${name}_between('-infinity', 'infinity', 1)`)).toHaveLength(1)
  })

  test('of notices the X numbers with their status, of other fields the names', async () => {
    const store = (body: object) =>
      client.query(
        `INSERT INTO rtc.notices (received_at, last_received_at, notice_key, event_type, body)
          VALUES (now(), now(), gen_random_uuid(), $1::jsonb ->> 'eventType', $1)`,
        [body],
      )
    await store({
      eventType: 'numStatus',
      numInfo: [{ number: x, status: '10', cause: '2' }, { number: a, status: a, cause: null }, 'odd'],
    })
    await store({ eventType: `new ${a}`, numInfo: { number: a } })
    expect(await rowsOf('SELECT event_type, body, numbers FROM ops.notices ORDER BY event_type')).toEqual([
      { event_type: 'new ***', body: { eventType: '***', numInfo: '***' }, numbers: null },
      {
        event_type: 'numStatus',
        body: { eventType: '***', numInfo: '***' },
        numbers: [
          { number: '+86170****0001', status: '10', cause: '2' },
          { number: '+86138****0021', status: null, cause: null },
          { number: null, status: null, cause: null },
        ],
      },
    ])
  })

  test('of calls placed from here, with the call that came of it', async () => {
    await client.query(
      `INSERT INTO rtc.placed_calls (session_id, app_key, scenario, display_nbr, callee_nbr, user_data, result_desc)
        VALUES ('voice', 'app', 'callVerify', $1, $2, 'order-77', $3),
          ('lost', 'app', 'callVerify', $1, $2, NULL, NULL), ($4, 'app', 'callVerify', $1, $2, NULL, NULL)`,
      [company, a, `to ${a}`, privateSession],
    )
    expect(await rowsOf('SELECT * FROM ops.placed_calls ORDER BY id')).toMatchObject([
      {
        session_id: 'voice',
        call_ref: expect.any(String),
        display_nbr: company,
        callee_nbr: '+86138****0021',
        user_data: '***',
        result_desc: 'to ***',
      },
      { session_id: 'lost', call_ref: null, display_nbr: '+86****78' },
      { session_id: null, call_ref: expect.any(String) },
    ])
  })
})

describe('counts: the CDR that ops.calls goes by', () => {
  beforeAll(empty)

  async function counting(session: Session): Promise<unknown[]> {
    await storeSessions(client, [session])
    const rows = await rowsOf('SELECT icid FROM ops.cdrs WHERE session_id = $1 AND counts ORDER BY icid', [session.id])
    return rows.map(({ icid }) => icid)
  }
  const later = at('11:00:00')
  const signed = { signed_by: 'app' }

  test.each<[string, ReturnType<typeof cdr>[], string]>([
    ['the one received last', [notification({ icid: 'b' }), notification({ icid: 'a', received_at: later })], 'a'],
    [
      'of those that came at once the latest',
      [
        notification({ icid: 'b', received_at: later }),
        notification({ icid: 'a', call_end_time: '10:02:00', received_at: later }),
      ],
      'a',
    ],
    ['of the same time the greatest icid', [notification({ icid: 'b' }), notification({ icid: 'a' })], 'b'],
    [
      'a signed one beside later ones that are not',
      [notification({ icid: 'a', ...signed }), notification({ icid: 'b', received_at: later })],
      'a',
    ],
    [
      'a signed one beside others that came at once',
      [notification({ icid: 'a', ...signed }), notification({ icid: 'b' })],
      'a',
    ],
  ])('%s', async (name, cdrs, icid) => {
    expect(await counting({ id: name, cdrs })).toEqual([icid])
  })

  test('thousands of one session take no time', async () => {
    expect(await counting({ id: 'thousands', cdrs: [notification({ icid: 'z', received_at: later })] })).toEqual(['z'])
    await client.query(`INSERT INTO rtc.cdrs SELECT r.* FROM rtc.cdrs d, generate_series(1, 20000) AS i,
      jsonb_populate_record(d, jsonb_build_object('icid', 'ic-' || i, 'received_at', d.received_at - (i / 100) * interval '1 s')) AS r
      WHERE d.session_id = 'thousands'`)
    await client.query(`UPDATE ops.calls SET cdr_count = 20001 WHERE session_id = 'thousands'`)
    const started = performance.now()
    expect(await rowsOf('SELECT * FROM ops.cdrs ORDER BY cdr_time DESC LIMIT 50')).toHaveLength(50)
    expect(await rowsOf(`SELECT icid FROM ops.cdrs WHERE session_id = 'thousands' AND counts`)).toEqual([{ icid: 'z' }])
    expect(await rowsOf(`SELECT icid FROM ops.cdrs_of('thousands', 100000) WHERE counts`)).toEqual([{ icid: 'z' }])
    // Each compared with each it takes minutes.
    expect(performance.now() - started).toBeLessThan(10_000)
  })
})

describe('plans', () => {
  beforeAll(async () => {
    await empty()
    await storeSessions(client, [{ id: 'one', events: [event('callout', '10:00:00')], cdrs: [notification()] }])
    const more = (table: string, fields: string) =>
      client.query(`INSERT INTO ${table} SELECT r.* FROM ${table} AS t, generate_series(1, 10000) AS i,
        LATERAL (SELECT '1201_612_' || i || '_20261112100000@host.example' AS id, i * interval '1 s' AS later) AS l,
        jsonb_populate_record(t, jsonb_build_object(${fields})) AS r WHERE t.session_id = 'one'`)
    await more('rtc.call_events', `'session_id', id, 'occurred_at', t.occurred_at + later`)
    await more('rtc.cdrs', `'session_id', id, 'cdr_time', t.cdr_time + later`)
    await more('rtc.calls_private', `'session_id', id, 'call_ref', md5(id)::uuid`)
    await more('ops.calls', `'session_id', id, 'call_ref', md5(id)::uuid`)
    await client.query('ANALYZE')
  })

  async function planOf(sql: string): Promise<string> {
    const rows = await rowsOf(`EXPLAIN (COSTS OFF) ${sql}`)
    return rows.map((row) => row['QUERY PLAN']).join('\n')
  }

  test.each([
    ['events', 'occurred_at'],
    ['cdrs', 'cdr_time'],
  ])('the newest 50 of ops.%s come from the index of time', async (view, time) => {
    const plan = await planOf(`SELECT * FROM ops.${view} ORDER BY ${time} DESC LIMIT 50`)
    expect(plan).toMatch(/Index Scan Backward using \w+_2026_11_\w+_idx/)
    expect(plan).not.toMatch(/Sort|Seq Scan on (call_events_2026|cdrs_2026|calls)/)
  })

  test.each(['events', 'cdrs'])('one session of ops.%s, and fifty, from keys alone', async (view) => {
    const ids = Array.from({ length: 50 }, (_, i) => `'1201_612_${i}_20261112100000@host.example'`)
    for (const condition of [`= ${ids[0]}`, `IN (${ids})`]) {
      const plan = await planOf(`SELECT * FROM ops.${view} WHERE session_id ${condition}`)
      expect(plan).toMatch(/calls_session_id/)
      expect(plan).toMatch(/Index Scan using (call_events|cdrs)_2026_11_pkey/)
      expect(plan).not.toMatch(/Seq Scan on (call_events_2026|cdrs_2026|calls )/)
    }
  })

  test.each(['events', 'cdrs'])(
    'where ops.%s is asked for no column of the call the calls are not read',
    async (view) => {
      expect(await planOf(`SELECT count(received_at) FROM ops.${view}`)).not.toMatch(/on calls/)
    },
  )
})

test('no number that came in any field is whole in any column', async () => {
  await empty()
  const number = fc.stringMatching(/^(\+?861[3-9][0-9]{9}|1[3-9][0-9]{9}|\+852[0-9]{8}|0755[0-9]{8})$/)
  const inWords = fc
    .tuple(fc.constantFrom('', 'x', 'id-', '你好 '), number, fc.constantFrom('', '_4_ab', '@h', ' end'))
    .map((parts) => parts.join(''))
  const texts = fc.oneof(number, inWords)
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(texts, texts, texts), { minLength: 20, maxLength: 40 }), async (rows) => {
      await empty()
      await storeSessions(
        client,
        rows.map(([p, q, r], i) => ({
          id: `${i} ${p}`,
          events: [
            {
              ...event(p, '10:00:00', {
                caller: q,
                called: r,
                user_data: p,
                digit_info: q,
                party_type: r,
                subscription_id: p,
                notify_mode: q,
                signed_by: r,
              }),
              state_desc: p,
              extra: { [q]: r },
            },
          ],
          cdrs: [{ ...cdrOf(p, q, r), extra: { [r]: p, deep: [q] }, host_name: q }],
        })),
      )
      for (const [i, [p, q, r]] of rows.entries()) {
        await client.query(
          `INSERT INTO rtc.placed_calls (session_id, app_key, scenario, display_nbr, callee_nbr, user_data, result_code, result_desc)
            VALUES ($1, $2, 'callVerify', $3, $4, $2, $3, $4)`,
          [`${i} ${p}`, p, q, r],
        )
        await client.query(
          `INSERT INTO rtc.reveals (asked_by, asked_in, call_ref, why) VALUES ('ann', pg_current_xact_id(), gen_random_uuid(), $1)`,
          [p],
        )
      }
      const numbers = rows.flat().map((text) => /[0-9]{8,}/.exec(text)?.[0] ?? '')
      for (const view of ['events', 'cdrs', 'placed_calls', 'reveals', 'calls']) {
        const shown = (await rowsOf(`SELECT v::text AS row FROM ops.${view} AS v`)).map(({ row }) => row).join('\n')
        expect(
          numbers.filter((number) => shown.includes(number)),
          view,
        ).toEqual([])
      }
    }),
    { numRuns: 5 },
  )
})

function cdrOf(p: string, q: string, r: string) {
  return cdr({
    call_end_time: '10:00:00',
    icid: p,
    sp_id: q,
    app_key: r,
    bind_num: p,
    caller_num: q,
    callee_num: r,
    fwd_display_num: p,
    fwd_dst_num: q,
    service_type: r,
    user_data: p,
    subscription_id: q,
    extend_number: r,
    notify_mode: p,
    dyn_ivr_path: q,
    record_domain: r,
    record_bucket_name: p,
    record_object_name: q,
    record_file_download_url: r,
    signed_by: p,
  })
}
