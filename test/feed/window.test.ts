import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Pending, Window } from '../../src/feed/window.ts'
import type { FeedEntry } from '../../src/store/feed.ts'

function entry(position: number, call_ref: string): FeedEntry {
  return { position, call_ref, kind: 'event', at: '', app_key: null, scenario: null, content: null }
}

test('entries of one call come one after the other, those of others meanwhile', () => {
  const window = new Window(10)
  window.add([entry(11, 'a'), entry(12, 'a'), entry(15, 'b')])
  const [first, other] = [window.next(0), window.next(0)] as [Pending, Pending]
  expect([first.entry.position, other.entry.position, window.next(0)]).toEqual([11, 15, undefined])
  window.done(other)
  // What is done after it does not move the position past one that is under way.
  expect(window.position).toBe(10)
  window.again(first, 100)
  expect([window.next(99), window.dueAt]).toEqual([undefined, 100])
  expect(window.next(100)).toBe(first)
  window.done(first)
  expect([window.position, window.next(100)?.entry.position, window.size]).toEqual([11, 12, 1])
})

test('whatever fails and in whatever order it ends: all come, in order within a call, and the position passes none', () => {
  const step = fc.record({ fails: fc.boolean(), pick: fc.nat() })
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1 }), fc.infiniteStream(step), (calls, steps) => {
      const window = new Window(0)
      window.add(calls.map((call, i) => entry(i + 1, `call ${call}`)))
      const delivered: FeedEntry[] = []
      const underWay: Pending[] = []
      for (let now = 0; window.size > 0; now++) {
        for (let next = window.next(now); next; next = window.next(now)) underWay.push(next)
        expect(new Set(underWay.map(({ entry }) => entry.call_ref)).size).toBe(underWay.length)
        const { fails, pick } = steps.next().value
        const [pending] = underWay.splice(pick % underWay.length, 1)
        if (!pending) continue
        if (fails) window.again(pending, now + 1)
        else {
          delivered.push(pending.entry)
          window.done(pending)
        }
        const undone = calls.map((_, i) => i + 1).filter((n) => !delivered.some(({ position }) => position === n))
        expect(window.position).toBe((undone[0] ?? calls.length + 1) - 1)
      }
      expect(delivered).toHaveLength(calls.length)
      for (const ref of new Set(delivered.map(({ call_ref }) => call_ref))) {
        const positions = delivered.filter(({ call_ref }) => call_ref === ref).map(({ position }) => position)
        expect(positions).toEqual([...positions].sort((a, b) => a - b))
      }
    }),
  )
})
