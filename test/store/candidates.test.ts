import { createSecretKey, randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { check, type Delivered } from '../../src/ingest/check.ts'
import { FactStore } from '../../src/ingest/fact-store.ts'
import { cdrTable, eventTable, type FactTable } from '../../src/ingest/facts.ts'
import { ErasedKeys } from '../../src/store/erased-keys.ts'
import { readDigestKey } from '../../src/store/keys.ts'
import { Partitions } from '../../src/store/partitions.ts'
import { makeRoles } from '../../src/store/roles.ts'
import { callback, callbackEvents, cdr, display, event, notification, privateNumber } from '../calls/facts.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { foldSessions, type Session, storeSessions } from './folded.ts'

/**
 * A mask leaves ten thousand numbers. Somebody who reads schema ops, and knows the URL but not the secret, posts each of
 * them and looks which one shows up beside a call whose callbacks were signed: none may.
 */

const signed = { signed_by: 'app' }
const victim = '+8613800000021'
const candidates = Array.from({ length: 10_000 }, (_, i) => `+86138${String(i).padStart(4, '0')}0021`)
const mask = '+86138****0021'

let database: TestDatabase
let owner: pg.Client
let ops: pg.Client
const login = `rtc_test_watcher_${randomBytes(4).toString('hex')}`

beforeAll(async () => {
  database = await freshDatabase()
  owner = new pg.Client({ connectionString: database.url })
  await owner.connect()
  await makeRoles(owner)
  await owner.query(`CREATE ROLE ${login} LOGIN PASSWORD 'test' IN ROLE rtc_ops`)
  const url = new URL(database.url)
  Object.assign(url, { username: login, password: 'test' })
  ops = new pg.Client({ connectionString: url.href })
  await ops.connect()
})

afterAll(async () => {
  await ops.end()
  await owner.query(`DROP ROLE ${login}`)
  await owner.end()
})

/** The number of the victim in every field that has a reference. */
function callsOfVictim(fields: { signed_by: string | null }): Session[] {
  return [
    { id: 'as-a', cdrs: [notification({ ...fields, callee_num: victim, user_data: victim })] },
    { id: 'as-b', cdrs: [callback({ ...fields, fwd_dst_num: victim, bind_num: victim })] },
    { id: 'in-private', cdrs: [privateNumber({ ...fields, caller_num: victim, subscription_id: victim })] },
    { id: 'by-events', events: [event('callout', '10:00:00', { ...fields, called: victim, user_data: victim })] },
  ]
}

/** What somebody posts who has no secret: every candidate in every field that gets a reference. */
function posted(numbers: readonly string[]): Session[] {
  return numbers.flatMap((number) => [
    {
      id: `cdr-${number.slice(6, 10)}`,
      cdrs: [
        callback({
          callee_num: number,
          fwd_dst_num: number,
          bind_num: number,
          user_data: number,
          subscription_id: number,
        }),
      ],
    },
    {
      id: `event-${number.slice(6, 10)}`,
      events: [
        event('callin', '10:00:00', { caller: number, called: number, user_data: number, subscription_id: number }),
      ],
    },
  ])
}

const references = ['a_ref', 'b_ref', 'bind_ref', 'user_data_ref', 'subscription_ref']

/** How many pairs of one call of the victim and one that was posted have a reference in common, whatever it is of. */
async function matches(): Promise<number> {
  const { rows } = await ops.query(`
    WITH refs AS (
      SELECT c.session_id ~ '^(cdr|event)-' AS posted, r.ref FROM ops.calls c, unnest(ARRAY[${references.map((name) => `c.${name}`)}]) AS r (ref)
      WHERE r.ref IS NOT NULL
    )
    SELECT count(*)::int AS n FROM (SELECT ref FROM refs WHERE posted INTERSECT SELECT ref FROM refs WHERE NOT posted) AS same`)
  return rows[0].n
}

describe('candidates posted as calls of their own', () => {
  beforeEach(() => owner.query('TRUNCATE ops.calls, rtc.calls_private'))

  test('nobody is found among calls that were signed', async () => {
    await foldSessions(owner, callsOfVictim(signed))
    for (let i = 0; i < candidates.length; i += 2_000) await foldSessions(owner, posted(candidates.slice(i, i + 2_000)))
    const { rows } = await ops.query('SELECT count(*)::int AS n FROM ops.calls WHERE a_number = $1', [mask])
    expect(rows[0].n).toBeGreaterThan(20_000)
    expect(await matches()).toBe(0)
  }, 180_000)

  test('among calls that nobody signed they are, which check warns of', async () => {
    await foldSessions(owner, callsOfVictim({ signed_by: null }))
    await foldSessions(owner, posted([victim]))
    expect(await matches()).toBeGreaterThan(0)
  })
})

describe('candidates posted into the session of a signed call', () => {
  const wrong = '+8613899990021'

  /** All that the watcher sees of a session, without when and by what digest its facts are known. */
  async function seen(id: string): Promise<unknown> {
    const read = async (view: string, without: string) =>
      (
        await ops.query(
          `SELECT to_jsonb(v) - $2::text[] AS row FROM ops.${view} AS v WHERE session_id = $1 ORDER BY v::text`,
          [id, `{${without}}`],
        )
      ).rows
    return {
      calls: await read('calls', 'folded_at'),
      legs: await read('legs', ''),
      events: await read('events', 'stored_at'),
      cdrs: await read('cdrs', 'stored_at'),
    }
  }

  async function seenWith(genuine: Session, forged: Omit<Session, 'id'>): Promise<unknown> {
    await owner.query('TRUNCATE ops.calls, rtc.calls_private, rtc.call_events, rtc.cdrs')
    await storeSessions(owner, [
      {
        id: genuine.id,
        events: [...(genuine.events ?? []), ...(forged.events ?? [])],
        cdrs: [...(genuine.cdrs ?? []), ...(forged.cdrs ?? [])],
      },
    ])
    return await seen(genuine.id)
  }

  const under = { caller: display, called: victim, ...signed }
  const genuine: Session[] = [
    { id: 'under way, A', events: [event('callout', '10:00:00', under), event('answer', '10:00:10', under)] },
    {
      id: 'under way, B',
      events: callbackEvents(signed).map((one) => ({
        ...one,
        called: one.called && (one.called.endsWith('0022') ? victim : one.called),
      })),
    },
    {
      id: 'under way, private',
      events: [event('callin', '10:00:00', { ...signed, caller: victim, called: '+8617012340001' })],
    },
    {
      id: 'over',
      cdrs: [notification({ ...signed, callee_num: victim })],
      events: [event('callout', '10:00:00', under)],
    },
    { id: 'over, B', cdrs: [callback({ ...signed, fwd_dst_num: victim })] },
    { id: 'shown', events: [event('callout', '10:00:00', { ...signed, caller: victim, called: '+8613900000022' })] },
  ]

  const later = { icid: 'forged', received_at: Date.parse('2026-11-12T11:00:00Z') }
  const invented = { callee_num: '+8613700000001', fwd_dst_num: '+8613700000002', ...later }
  const forged: Record<string, (number: string) => Omit<Session, 'id'>> = {
    'an event that calls it': (called) => ({ events: [event('callout', '10:00:01', { called })] }),
    'an event it calls': (caller) => ({ events: [event('callin', '10:00:01', { caller, called: '+8617012340001' })] }),
    'a CDR with it as A': (callee_num) => ({ cdrs: [callback({ ...invented, callee_num })] }),
    'a CDR with it as A alone': (callee_num) => ({
      cdrs: [cdr({ ...later, service_type: '002', callee_num, call_end_time: '10:02:00' })],
    }),
    'a CDR with it as B': (fwd_dst_num) => ({ cdrs: [callback({ ...invented, fwd_dst_num })] }),
    'a CDR with it as B alone': (fwd_dst_num) => ({
      cdrs: [cdr({ ...later, fwd_dst_num, call_end_time: '10:02:00' })],
    }),
    'a CDR with it as the caller': (caller_num) => ({ cdrs: [privateNumber({ ...later, caller_num })] }),
    'a CDR with it as the number of the company': (bind_num) => ({
      cdrs: [callback({ ...invented, bind_num, caller_num: null, fwd_display_num: null })],
    }),
    'a CDR with it as the number of the company alone': (bind_num) => ({
      cdrs: [cdr({ ...later, bind_num, call_end_time: '10:02:00' })],
    }),
  }

  /** References mean nothing but which are equal. */
  function relabelled(seen: unknown): string {
    const labels = new Map<string, string>()
    return JSON.stringify(seen, null, 1).replace(/"[0-9a-f]{16}"/g, (ref) => {
      const label = labels.get(ref) ?? `"reference ${labels.size}"`
      labels.set(ref, label)
      return label
    })
  }

  for (const session of genuine) {
    test.each(Object.entries(forged))(`${session.id}: %s`, async (_name, forge) => {
      const right = relabelled(await seenWith(session, forge(victim)))
      // A number that somebody says is the company's is shown to them as they said it.
      expect(right.replaceAll(victim, wrong)).toEqual(relabelled(await seenWith(session, forge(wrong))))
    })
  }
})

describe('candidates posted as what is stored already', () => {
  const record = {
    sessionId: 'known',
    icid: 'known',
    callOutStartTime: '2026-11-12 10:00:00',
    callEndTime: '2026-11-12 10:01:00',
  }
  const status = { eventType: 'callout', statusInfo: { sessionId: 'known', timestamp: '2026-11-12 10:00:00' } }

  /** What becomes of a record with a number, and what is kept of it in quarantine but for its body. */
  async function posted(number: string, signer: string | null): Promise<unknown> {
    await owner.query('TRUNCATE rtc.quarantine')
    const context = {
      digestKey: createSecretKey(await readDigestKey(owner)),
      partitions: new Partitions('month'),
      erasedKeys: new ErasedKeys(),
    }
    const delivered = { via: 'live', index: null, signer, receivedAt: '2026-11-12T10:02:00.000Z', bytes: 100 } as const
    const store = <Row extends { session_id: string }>(table: FactTable<Row>, entry: Delivered) =>
      new FactStore(
        table,
        () => true,
        () => {},
      ).store(owner, context, [check(entry)])
    const event = await store(eventTable, {
      ...delivered,
      kind: 'status',
      record: { ...status, statusInfo: { ...status.statusInfo, called: number } },
    })
    const cdr = await store(cdrTable, { ...delivered, kind: 'fee', record: { ...record, calleeNum: number } })
    const { rows } = await owner.query('SELECT reason, differing, seen_count, body_size FROM rtc.quarantine')
    return { event, cdr, quarantine: rows }
  }

  test('none is a duplicate of what was signed, and none is said to differ less from it', async () => {
    expect(await posted(victim, 'app')).toEqual({ event: ['stored'], cdr: ['stored'], quarantine: [] })
    expect(await posted(victim, 'app')).toEqual({ event: ['duplicate'], cdr: ['duplicate'], quarantine: [] })
    const found = await posted(victim, null)
    expect(found).toMatchObject({
      event: ['stored'],
      cdr: ['conflict'],
      quarantine: [{ differing: ['signature'], seen_count: '1' }],
    })
    expect(await posted('+8613899990021', null)).toEqual(found)
  })
})
