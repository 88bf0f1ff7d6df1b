import { Counter, Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { judge } from '../../src/commands/check/callbacks.ts'
import { parseMetrics } from '../../src/commands/check/metrics.ts'

test('what prom-client writes is read back', async () => {
  const registry = new Registry()
  const counter = new Counter({
    name: 'some_total',
    help: 'a {b="c"} 1',
    labelNames: ['x', 'y'],
    registers: [registry],
  })
  counter.inc({ x: 'a"b\\c\nd, e="f"} 3', y: '' }, 1.5e21)
  expect(parseMetrics(await registry.metrics())).toEqual([
    { name: 'some_total', labels: { x: 'a"b\\c\nd, e="f"} 3', y: '' }, value: 1.5e21 },
  ])
  expect(parseMetrics('')).toEqual([])
})

test.each([
  ['not_found', 404, '5'],
  ['forbidden', 403, '6'],
  ['unauthenticated', 401, '7'],
  ['malformed', 400, '8'],
  ['too_large', 413, '8'],
  ['unsupported_media_type', 415, '8'],
  ['too_many', 429, '8'],
  ['unavailable', 503, '9'],
])('%s leads to the section about it', (outcome, status, section) => {
  const callbacks = ['status', 'unknown'].map((kind) => `rtc_callbacks_total{kind="${kind}",outcome="${outcome}"} 2`)
  const found = judge(parseMetrics(callbacks.join('\n')))
  expect(found).toContainEqual({
    check: 'callbacks',
    state: 'careful',
    what: expect.stringMatching(`^4 were answered ${status} since its start: ${outcome}`),
    todo: `docs/nothing-arrives.md, section ${section}`,
  })
})

test.each([
  ['timeout', '3 were answered 408 since its start: timeout'],
  ['aborted', '3 were gone before their answer since its start: aborted'],
])('%s is told too', (outcome, what) => {
  const todo = 'docs/nothing-arrives.md, the table at its beginning'
  const found = judge(parseMetrics(`rtc_callbacks_total{kind="unknown",outcome="${outcome}"} 3`))
  expect(found).toContainEqual({ check: 'callbacks', state: 'careful', what, todo })
})

test('calls that wait for a decision are told', () => {
  const found = judge(
    parseMetrics('rtc_body_oddities_total{what="block_callin"} 2\nrtc_body_oddities_total{what="wrong_path"} 9'),
  )
  expect(found).toContainEqual({
    check: 'callbacks',
    state: 'careful',
    what: expect.stringMatching(/^2 callin events waited for a decision/),
    todo: expect.stringMatching(/callin address of its own/),
  })
  expect(JSON.stringify(judge(parseMetrics('rtc_body_oddities_total{what="wrong_path"} 9')))).not.toMatch(/decision/)
})
