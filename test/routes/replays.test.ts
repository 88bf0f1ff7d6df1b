import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Replays } from '../../src/routes/replays.ts'

test('the last nonces are remembered, older ones are forgotten, and memory is bounded', () => {
  const replays = new Replays(3)
  const see = (nonce: string, body: string) => {
    const sighting = replays.sight(nonce, Buffer.from(body))
    const isReplay = replays.isReplay(sighting)
    if (!isReplay) replays.remember(sighting)
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
        const sighting = replays.sight(`nonce ${nonce}`, Buffer.from(`body ${body}`))
        const known = younger.get(nonce) ?? older.get(nonce) ?? body
        expect(replays.isReplay(sighting)).toBe(known !== body)
        if (known !== body) continue
        replays.remember(sighting)
        younger.set(nonce, body)
        if (younger.size === capacity) [younger, older] = [new Map(), younger]
      }
      expect(replays.size).toBe(younger.size + older.size)
    }),
  )
})
