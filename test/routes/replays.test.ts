import { expect, test } from 'vitest'
import { Replays } from '../../src/routes/replays.ts'

test('the least recently seen nonce is forgotten first, and memory is bounded', () => {
  const replays = new Replays(3)
  const see = (nonce: string, body: string) => {
    const sighting = replays.sight(nonce, Buffer.from(body))
    const isReplay = replays.isReplay(sighting)
    if (!isReplay) replays.remember(sighting)
    return isReplay
  }
  for (const nonce of ['a', 'b', 'c', 'a', 'd']) expect(see(nonce, 'body')).toBe(false)
  expect(replays.size).toBe(3)
  expect([see('a', 'other'), see('c', 'other'), see('d', 'other')]).toEqual([true, true, true])
  expect(see('b', 'other')).toBe(false)
  for (let i = 0; i < 1000; i++) see(`n${i}`, 'body')
  expect(replays.size).toBe(3)
})
