import { expect, test } from 'vitest'
import { filterOf, lineOf } from '../../src/commands/run/listen-entry.ts'
import type { FeedEntry } from '../../src/store/feed.ts'

const entry = (kind: FeedEntry['kind'], content: object | null, more: Partial<FeedEntry> = {}): FeedEntry => ({
  position: 12,
  at: '2026-11-27T08:00:01.123Z',
  kind,
  call_ref: '2f1c0a5e-6f0c-8d9c-33c4-2b1f1f5d7a10',
  app_key: 'app',
  scenario: 'callVerify',
  content: content && JSON.stringify(content),
  ...more,
})

const alerting = entry('event', { event_type: 'alerting', caller: '+8675512345678', called: '+8613800000021' })
const cdr = entry('cdr', { caller_num: '+8675512345678', callee_num: '+8613800000021', ul_fail_reason: 486 })
const busy = entry('call', { outcome: 'busy', a_number: '+8613800000021', reason_en: 'User busy' })
const other = entry('call', { outcome: 'answered', a_number: '+86138****0021' }, { app_key: 'b', scenario: 'playback' })
const erased = entry('erased', null, { app_key: null, scenario: null })
const all = { alerting, cdr, busy, other, erased }

test.each([
  [{}, ['alerting', 'cdr', 'busy', 'other', 'erased']],
  [{ type: 'event' }, ['alerting']],
  [{ type: 'alerting' }, ['alerting']],
  [{ type: 'cdr' }, ['cdr']],
  [{ type: 'call' }, ['busy', 'other', 'erased']],
  [{ app: 'app' }, ['alerting', 'cdr', 'busy', 'erased']],
  [{ scenario: 'playback' }, ['other', 'erased']],
  [{ outcome: 'busy' }, ['busy']],
])('%j lets through %j', (options, expected) => {
  const wanted = Object.entries(all).filter(([, entry]) => filterOf(options)(entry))
  expect(wanted.map(([name]) => name)).toEqual(expected)
})

test('a line is masked, unless whole numbers are asked for', () => {
  const end = '  2f1c0a5e-6f0c-8d9c-33c4-2b1f1f5d7a10.12'
  expect(Object.values(all).map((entry) => lineOf(entry, false))).toEqual([
    `2026-11-27 08:00:01  event    alerting  +86****78 → +86138****0021${end}`,
    `2026-11-27 08:00:01  cdr      +86****78 → +86138****0021  code 486${end}`,
    `2026-11-27 08:00:01  call     callVerify  busy  +86138****0021  User busy${end}`,
    `2026-11-27 08:00:01  call     playback  answered  +86138****0021${end}`,
    `2026-11-27 08:00:01  erased   erased${end}`,
  ])
  expect(lineOf(busy, true)).toContain('+8613800000021')
})
