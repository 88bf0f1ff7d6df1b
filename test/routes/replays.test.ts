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
