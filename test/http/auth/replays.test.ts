import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nonceUse, Replays } from '../../../src/http/auth/replays.ts'

test('the last nonces are remembered, older ones are forgotten, and memory is bounded', () => {
  const replays = new Replays(3)
  const see = (nonce: string, body: string) => {
    const use = nonceUse(nonce, Buffer.from(body))
    const isReplay = replays.claim(use) === 'replay'
    if (!isReplay) replays.leave(use, true)
    return isReplay
  }
  for (const nonce of ['a', 'b', 'c', 'd', 'e', 'a']) expect(see(nonce, 'body')).toBe(false)
  expect([see('d', 'other'), see('e', 'other'), see('a', 'other')]).toEqual([true, true, true])
  for (const nonce of ['f', 'g']) expect(see(nonce, 'body')).toBe(false)
  expect([see('a', 'other'), see('f', 'other'), see('g', 'other')]).toEqual([true, true, true])
  expect(see('b', 'other')).toBe(false)
  for (let i = 0; i < 1000; i++) {
    see(`n${i}`, 'body')
    expect(replays.size).toBeLessThanOrEqual(6)
  }
})

test('what a Map would say, for any order of nonces and bodies', () => {
  const callback = fc.record({ nonce: fc.nat({ max: 60 }), body: fc.nat({ max: 2 }) })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.array(callback, { maxLength: 200 }), (capacity, callbacks) => {
      const replays = new Replays(capacity)
      let [younger, older] = [new Map<number, number>(), new Map<number, number>()]
      for (const { nonce, body } of callbacks) {
        const use = nonceUse(`nonce ${nonce}`, Buffer.from(`body ${body}`))
        const known = younger.get(nonce) ?? older.get(nonce) ?? body
        expect(replays.claim(use)).toBe(known === body ? 'admitted' : 'replay')
        if (known !== body) continue
        replays.leave(use, true)
        younger.set(nonce, body)
        if (younger.size === capacity) [younger, older] = [new Map(), younger]
      }
      expect(replays.size).toBe(younger.size + older.size)
    }),
  )
})

test('of what is under way at once, in any order and however it ends, one body a nonce is taken', () => {
  const step = fc.record({
    nonce: fc.nat({ max: 3 }),
    body: fc.nat({ max: 2 }),
    ends: fc.nat({ max: 5 }),
    isTaken: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.constantFrom(1_000, 5), fc.array(step, { maxLength: 100 }), (capacity, steps) => {
      const replays = new Replays(capacity)
      const underway: { nonce: number; body: number }[] = []
      const takenUnder = new Map<number, number>()
      const sight = ({ nonce, body }: { nonce: number; body: number }) =>
        nonceUse(`nonce ${nonce}`, Buffer.from(`body ${body}`))
      for (const { ends, isTaken, ...callback } of steps) {
        const { nonce, body } = callback
        const known = takenUnder.get(nonce)
        const other = underway.find((one) => one.nonce === nonce)?.body
        const expected =
          (known ?? body) !== body ? 'replay' : known === undefined && (other ?? body) !== body ? 'later' : 'admitted'
        expect(replays.claim(sight(callback))).toBe(expected)
        if (expected === 'admitted') underway.push(callback)
        const [ended] = underway.splice(ends, 1)
        if (!ended) continue
        replays.leave(sight(ended), isTaken)
        if (isTaken) takenUnder.set(ended.nonce, ended.body)
      }
    }),
  )
})

test('forgotten while it is under way, a callback is remembered when it is taken', () => {
  const replays = new Replays(2)
  const sight = (nonce: string, body: string) => nonceUse(nonce, Buffer.from(body))
  expect(replays.claim(sight('slow', 'true'))).toBe('admitted')
  for (const nonce of ['a', 'b', 'c', 'd']) {
    replays.claim(sight(nonce, 'body'))
    replays.leave(sight(nonce, 'body'), true)
  }
  replays.leave(sight('slow', 'true'), true)
  expect(replays.claim(sight('slow', 'forged'))).toBe('replay')
})
