import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fold } from '../../src/calls/fold.ts'
import type { CdrFact, EventFact, FoldContext, Scenario, SessionFacts } from '../../src/calls/types.ts'
import { at, cdr, event, foldContext } from './facts.ts'

const apps = ['app-1', 'app-2', 'app-3']
const context = await foldContext({
  scenarios: new Map<string, Scenario>([
    ['app-1', 'callnotify'],
    ['app-2', 'privateNumber'],
  ]),
})

/** Columns that hold text, and those that hold numbers; of times and what is written out below neither. */
const eventTexts = [
  'caller',
  'called',
  'user_data',
  'digit_info',
  'party_type',
  'subscription_id',
  'notify_mode',
] as const
const cdrTexts = [
  'sp_id',
  'app_key',
  'bind_num',
  'caller_num',
  'callee_num',
  'fwd_display_num',
  'fwd_dst_num',
  'service_type',
  'user_data',
  'subscription_id',
  'extend_number',
  'notify_mode',
  'dyn_ivr_path',
  'record_domain',
  'record_bucket_name',
  'record_object_name',
  'record_file_download_url',
] as const
const cdrCodes = [
  'direction',
  'call_out_unasw_rsn',
  'fwd_unasw_rsn',
  'ul_fail_reason',
  'sip_status_code',
  'record_flag',
  'call_rel_direction',
] as const
const cdrTimes = [
  'call_in_time',
  'call_out_start_time',
  'call_out_alerting_time',
  'call_out_answer_time',
  'fwd_start_time',
  'fwd_alerting_time',
  'fwd_answer_time',
  'call_end_time',
  'fail_time',
  'dyn_ivr_start_time',
  'record_start_time',
] as const

const start = at('10:00:00')
/** Times of a call mostly, of other days and centuries now and then; whole seconds, as the platform sends them. */
const time = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 300 }).map((s) => start + s * 1000) },
  { weight: 2, arbitrary: fc.integer({ min: -100_000, max: 100_000 }).map((s) => start + s * 1000) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(-62_135_596_800_000, 0, at('2000-01-01 00:00:00'), at('2027-12-01 00:00:00')),
  },
)
/** What PostgreSQL's timestamptz holds beyond that. */
const anyTime = fc.oneof(time, fc.constantFrom(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, -2.1e14, 9.2e15))
const code = fc.oneof(
  fc.constantFrom(0, 1, 2, 16, 17, 19, 21, 31, 480, 486, 514, 518, 519, 603, 7502, 8001, 8002, 8008, 8010, 8105),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
)
const numbers = ['+8613800000021', '13800000021', '+8613900000022', '+8675512345678', '+8617012340001', '+442079460958']
const text = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '001',
    '002',
    '003',
    '004',
    '005',
    '007',
    '1',
    'Block',
    'caller',
    'callee',
    ...apps,
    ...numbers,
  ),
  fc.string({ maxLength: 20, unit: 'binary' }),
)

type Arbitraries<Names extends string, T> = Record<Names, fc.Arbitrary<T | null>>

function each<Name extends string, T>(names: readonly Name[], value: fc.Arbitrary<T>, nil = 2): Arbitraries<Name, T> {
  const pairs = names.map((name) => [name, fc.option(value, { nil: null, freq: nil })])
  return Object.fromEntries(pairs) as Arbitraries<Name, T>
}

function anyEvent(times: fc.Arbitrary<number>, texts: fc.Arbitrary<string>): fc.Arbitrary<EventFact> {
  const types = [
    'callin',
    'callout',
    'alerting',
    'answer',
    'collectInfo',
    'disconnect',
    'DISCONNECT',
    'transfer',
    'constructor',
  ]
  return fc
    .record({
      ...each(eventTexts, texts),
      ...each(['state_code', 'call_rel_direction'], code),
      occurred_at: times,
      received_at: time,
      event_key: fc.uuid(),
      event_type: fc.constantFrom(...types),
      signed_by: fc.option(fc.constantFrom(...apps)),
    })
    .map((fields) => ({ ...event(fields.event_type, '10:00:00'), ...fields }))
}

function anyCdr(times: fc.Arbitrary<number>, texts: fc.Arbitrary<string>): fc.Arbitrary<CdrFact> {
  return fc
    .record({
      ...each(cdrTexts, texts),
      ...each(cdrCodes, code),
      ...each(cdrTimes, times),
      cdr_time: times,
      received_at: time,
      icid: fc.constantFrom('', 'a', 'b'),
      signed_by: fc.option(fc.constantFrom(...apps)),
    })
    .map((fields) => ({ ...cdr({}), ...fields }))
}

function anySession(times = time, texts: fc.Arbitrary<string> = text): fc.Arbitrary<SessionFacts> {
  return fc
    .record({
      sessionId: texts,
      events: fc.uniqueArray(anyEvent(times, texts), { maxLength: 9, selector: ({ event_key }) => event_key }),
      cdrs: fc.uniqueArray(anyCdr(times, texts), {
        maxLength: 3,
        selector: ({ received_at, cdr_time, icid }) => `${received_at} ${cdr_time} ${icid}`,
      }),
      placedScenario: fc.option(fc.constantFrom<Scenario>('click2Call', 'callVerify'), { freq: 6, nil: null }),
    })
    .filter(({ events, cdrs }) => events.length + cdrs.length > 0)
    .map((facts) => ({ ...facts, eventCount: facts.events.length, cdrCount: facts.cdrs.length }))
}

const now = fc.integer({ min: -3600, max: 900_000 }).map((s) => start + s * 1000)
const runs = { numRuns: 250 }

test('order and duplicates do not change the call', () => {
  const shuffled = anySession().chain((facts) =>
    fc.record({
      facts: fc.constant(facts),
      events: fc.shuffledSubarray([...facts.events, ...facts.events], { minLength: facts.events.length * 2 }),
      cdrs: fc.shuffledSubarray([...facts.cdrs, ...facts.cdrs], { minLength: facts.cdrs.length * 2 }),
    }),
  )
  fc.assert(
    fc.property(shuffled, now, ({ facts, events, cdrs }, at) => {
      const when = { ...context, now: at }
      expect(fold({ ...facts, events, cdrs }, when)).toEqual(fold(facts, when))
    }),
    runs,
  )
})

test('facts that come in batches make the same call in the end, and folding changes no fact', () => {
  fc.assert(
    fc.property(anySession(), fc.nat(), now, (facts, size, at) => {
      const when = { ...context, now: at }
      const whole = fold(facts, when)
      const before = structuredClone(facts)
      const first = { ...facts, events: facts.events.slice(0, size % 9), cdrs: facts.cdrs.slice(0, size % 3) }
      if (first.events.length + first.cdrs.length > 0) fold(first, when)
      expect(facts).toEqual(before)
      expect(fold(facts, when)).toEqual(whole)
    }),
    runs,
  )
})

test('until recheck_at the clock changes nothing, and then something', () => {
  fc.assert(
    fc.property(anySession(), now, fc.double({ min: 0, max: 1, noNaN: true }), (facts, at, share) => {
      const { call } = fold(facts, { ...context, now: at })
      const until = call.recheck_at ?? at + 1e10
      expect(until).toBeGreaterThan(at)
      const later = Math.min(until - 1, at + Math.floor((until - at) * share))
      expect(fold(facts, { ...context, now: later }).call).toEqual(call)
      if (call.recheck_at) expect(fold(facts, { ...context, now: until }).call).not.toEqual(call)
    }),
    runs,
  )
})

test('durations and minutes are never negative and never longer than a call can be; outcomes and flags agree', () => {
  const outcomes = [
    'in progress',
    'answered',
    'busy',
    'no answer',
    'rejected',
    'cancelled',
    'unreachable',
    'failed',
    'unknown',
  ]
  fc.assert(
    fc.property(anySession(anyTime), now, (facts, at) => {
      const { call } = fold(facts, { ...context, now: at })
      for (const [name, value] of Object.entries(call)) {
        if (!/_(seconds|minutes)$/.test(name) || value === null) continue
        expect(value, name).toBeGreaterThanOrEqual(0)
        expect(value, name).toBeLessThanOrEqual(name.endsWith('_seconds') ? 90_000 : 1500)
        expect(Number.isInteger(value), name).toBe(true)
      }
      expect(outcomes).toContain(call.outcome)
      if (call.outcome === 'in progress') expect(call.is_live).toBe(true)
      expect(call.is_live && call.end_seen).toBe(false)
      expect(call.end_seen).toBe(call.ended_at !== null)
      expect(call.a_minutes === null).toBe(call.cdr_received_at === null)
      if (call.answered_at !== null) expect(call.outcome).toBe('answered')
      if (call.is_effective) expect(['answered', 'busy', 'no answer', 'rejected', 'cancelled']).toContain(call.outcome)
    }),
    runs,
  )
})

test('no facts that the tables can hold make it throw', () => {
  const long = fc.oneof(text, fc.string({ unit: 'binary', maxLength: 3000 }), fc.stringMatching(/^[0-9 +()-]{0,200}$/))
  fc.assert(
    fc.property(anySession(anyTime, long), now, fc.boolean(), (facts, at, showUserData) => {
      expect(fold(facts, { ...context, now: at, showUserData })).toHaveProperty('call.outcome')
    }),
    runs,
  )
})

describe('no text of a call holds a whole number', () => {
  // Digits that appear nowhere else.
  const planted = ['13877665544', '+8613877665544', '008613877665544', '+867553877665', '075538776655', '+14153877665']
  const around = fc.constantFrom('', 'x', ' ', 'tel:', '_4_ab12cd', '@host', '; 1')
  const withNumber = fc.record({ before: around, number: fc.constantFrom(...planted), after: around })
  const number = withNumber.map(({ before, number, after }) => before + number + after)

  /** bind_num of the voice product is shown whole, and so is what the company shows of it: it is its own number. */
  const sessions = anySession(time, fc.oneof(number, fc.constantFrom('003', '001', '002'))).map((facts) => ({
    ...facts,
    cdrs: facts.cdrs.map((one) => ({ ...one, bind_num: one.service_type === '003' ? one.bind_num : null })),
  }))

  function expectNoNumber(facts: SessionFacts, when: FoldContext) {
    const { call, privateCall } = fold(facts, when)
    const digits = JSON.stringify(call).replaceAll(/[^0-9]+/g, ' ')
    for (const whole of planted) {
      expect(JSON.stringify(call)).not.toContain(whole)
      // Nor what is left of it without country and trunk prefix.
      expect(digits).not.toContain(whole.slice(-8))
    }
    return privateCall
  }

  test('planted in every text of every fact', () => {
    fc.assert(
      fc.property(sessions, now, (facts, at) => {
        expectNoNumber(facts, { ...context, now: at })
      }),
      runs,
    )
  })

  test('each text alone, and the test would see it', () => {
    for (const name of eventTexts) {
      const one = event('disconnect', '10:00:00', { [name]: '+8613877665544' })
      expectNoNumber({ ...facts([one], []), sessionId: '+8613877665544' }, context)
    }
    for (const name of cdrTexts) {
      if (name === 'bind_num') continue
      const one = cdr({ service_type: '002', call_end_time: '10:01:00', [name]: '+8613877665544' })
      expectNoNumber(facts([], [one]), context)
    }
    expect(
      JSON.stringify(expectNoNumber(facts([event('callout', '10:00:00', { called: '+8613877665544' })], []), context)),
    ).toContain('+8613877665544')
  })

  test('X of private number, also where the call is said to have been placed from here as another kind', () => {
    const one = cdr({ service_type: '003', call_end_time: '10:01:00', bind_num: '+8613877665544' })
    expectNoNumber({ ...facts([], [one]), placedScenario: 'callVerify' }, context)
  })

  function facts(events: EventFact[], cdrs: CdrFact[]): SessionFacts {
    return { sessionId: 's', events, cdrs, placedScenario: null, eventCount: events.length, cdrCount: cdrs.length }
  }
})
