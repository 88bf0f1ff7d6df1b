import { expect, test } from 'vitest'
import type { JsonObject } from '../../src/platform/record.ts'
import { invent, makeCall, type SimulatedCall, type Wishes } from '../../src/simulator/call.ts'
import { outcomes, outcomeWeights, scenarios, scenarioWeights } from '../../src/simulator/outcomes.ts'
import { Random } from '../../src/simulator/random.ts'

const startAt = 1_700_000_000

function calls(count: number, wishes: Partial<Wishes> = {}, seed = 1): SimulatedCall[] {
  return Array.from({ length: count }, (_, i) => {
    const random = new Random(seed, i)
    return makeCall(random, {
      number: i + 1,
      run: seed,
      scenario: wishes.scenario ?? random.weighted(scenarioWeights),
      outcome: wishes.outcome ?? random.weighted(outcomeWeights),
      appKey: 'app',
      displayNbr: '+867550000001',
      calleeNbr: invent(random),
      userData: i % 3 === 0 ? undefined : `order-${i}`,
      startAt: () => startAt + i,
      ...wishes,
    })
  })
}

const names = (records: JsonObject[]) => [...new Set(records.flatMap(Object.keys))].sort()
const types = (call: SimulatedCall) => call.events.map(({ body }) => body.eventType)
const seconds = (text: unknown) => Date.parse(`${String(text).replace(' ', 'T')}Z`) / 1000

test('the same seed gives the same calls, another one others', () => {
  expect(calls(200)).toEqual(calls(200))
  expect(calls(200, {}, 2)).not.toEqual(calls(200))
  const ids = [...calls(200), ...calls(200, {}, 2)].map(({ sessionId }) => sessionId)
  expect(new Set(ids).size).toBe(400)
})

test('every documented field of events and CDRs occurs, and no other', () => {
  const all = calls(1_000)
  expect(names(all.flatMap(({ events }) => events.map(({ body }) => body.statusInfo)))).toEqual(
    'called caller digitInfo partyType sessionId stateCode stateDesc timestamp userData'.split(' '),
  )
  // protocol.md: CDR callback
  expect(names(all.map(({ cdr }) => cdr))).toEqual(
    `appKey bindNum callEndTime callOutAlertingTime callOutAnswerTime callOutStartTime callOutUnaswRsn calleeNum callerNum
     direction dynIVRPath dynIVRStartTime failTime fwdAlertingTime fwdAnswerTime fwdDisplayNum fwdDstNum fwdStartTime
     fwdUnaswRsn hostName icid recordBucketName recordDomain recordFileDownloadUrl recordFlag recordObjectName
     recordStartTime serviceType sessionId sipStatusCode spId ttsPlayTimes ttsTransDuration ulFailReason userData`.split(
      /\s+/,
    ),
  )
  expect(new Set(all.flatMap(types))).toEqual(new Set(['callout', 'alerting', 'answer', 'collectInfo', 'disconnect']))
})

test.each(scenarios)('%s: fields and events of other scenarios are absent', (scenario) => {
  const all = calls(300, { scenario })
  const fields = names(all.map(({ cdr }) => cdr))
  const isCallback = scenario === 'click2Call'
  expect(fields.includes('fwdDstNum')).toBe(isCallback)
  expect(fields.includes('recordDomain')).toBe(isCallback)
  expect(fields.includes('dynIVRPath')).toBe(scenario === 'callnotify')
  expect(all.some((call) => types(call).includes('collectInfo'))).toBe(scenario === 'callnotify')
  expect(new Set(all.map(({ cdr }) => cdr.serviceType))).toEqual(new Set([isCallback ? '002' : '001']))
})

test.each(outcomes)(
  '%s: times go forward, the answer tells the outcome, the CDR ends with the last event',
  (outcome) => {
    for (const { events, cdr, scenario, endedAt } of calls(300, { outcome })) {
      const times = events.map(({ body }) => seconds(body.statusInfo.timestamp))
      expect(times).toEqual([...times].sort((a, b) => a - b))
      const answered = scenario === 'click2Call' ? cdr.fwdAnswerTime : cdr.callOutAnswerTime
      expect(answered !== undefined).toBe(outcome === 'answered')
      expect(seconds(cdr.callEndTime)).toBe(endedAt)
      expect(times.at(-1)).toBe(endedAt)
      // A failed call carries its time of failure; of others the field is absent or "".
      expect(Boolean(cdr.failTime)).toBe(outcome !== 'answered')
      const stages = ['callOutStartTime', 'callOutAlertingTime', 'callOutAnswerTime', 'fwdStartTime', 'fwdAnswerTime']
      const told = [...stages, 'callEndTime'].map((name) => cdr[name]).filter((value) => value !== undefined)
      expect(told).toEqual([...told].sort())
    }
  },
)

test('a callback call dials B after A has answered, and has a disconnect for each leg', () => {
  for (const call of calls(200, { scenario: 'click2Call' })) {
    const { events, cdr } = call
    const legs = new Set(events.map(({ body }) => body.statusInfo.called))
    expect(types(call).filter((type) => type === 'disconnect')).toHaveLength(legs.size)
    expect(types(call).filter((type) => type === 'callout')).toHaveLength(legs.size)
    if (legs.size === 2) {
      expect(seconds(cdr.fwdStartTime)).toBeGreaterThanOrEqual(seconds(cdr.callOutAnswerTime))
      expect(legs).toEqual(new Set([cdr.calleeNum, cdr.fwdDstNum]))
    }
  }
})

test('no two records of a call are the same, be B drawn from the number of A', () => {
  // Calls 3176 and 36333 of seed 11 draw the number of A for B at first.
  for (const number of [3176, 36333]) {
    const random = new Random(11, number)
    random.weighted(scenarioWeights)
    const outcome = random.weighted(outcomeWeights)
    random.pick(['one app', 'another'])
    random.pick([1, 2, 3])
    const calleeNbr = invent(random)
    random.chance(0.7)
    const wishes = { number, run: 11, scenario: 'click2Call', outcome, appKey: 'app', calleeNbr } as const
    const { events, cdr } = makeCall(random, { ...wishes, displayNbr: '+867550000001', startAt: () => startAt })
    expect(cdr.fwdDstNum).not.toBe(calleeNbr)
    expect(new Set(events.map(({ body }) => JSON.stringify(body))).size).toBe(events.length)
  }
})

test('outcomes come about as often as their weights say', () => {
  const all = calls(5_000)
  for (const outcome of outcomes) {
    const share = all.filter((call) => call.outcome === outcome).length / 50
    expect(Math.abs(share - outcomeWeights[outcome])).toBeLessThan(2.5)
  }
})

test('fields that stand in no document come when asked for', () => {
  const [call] = calls(1, { unknownFields: 1 })
  expect(call?.cdr.legIds).toEqual([1, 2])
  expect(call?.events[0]?.body.statusInfo.mediaInfo).toBeDefined()
})
