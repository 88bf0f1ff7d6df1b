import { createHmac, createSecretKey } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hmacSha256 } from '../../src/rtc/hmac.ts'

// RFC 4231, test cases 1, 2 and 6 (a key longer than a block).
test.each([
  ['0b'.repeat(20), 'Hi There', 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
  ['4a656665', 'what do ya want for nothing?', '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'],
  [
    'aa'.repeat(131),
    'Test Using Larger Than Block-Size Key - Hash Key First',
    '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  ],
])('RFC 4231: key %s', (key, text, digest) => {
  expect(hmacSha256(Buffer.from(key, 'hex'), text, 'hex')).toBe(digest)
})

test('what createHmac gives, for any key and any data', () => {
  const length = fc.oneof(fc.constantFrom(0, 55, 56, 63, 64, 65, 16_384, 70_000), fc.nat({ max: 300 }))
  const text = fc.tuple(fc.string({ unit: 'grapheme', minLength: 1 }), length).map(([unit, n]) => unit.repeat(n))
  const bytes = length.chain((n) => fc.uint8Array({ minLength: n, maxLength: n }))
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.oneof(text, bytes), (secret, data) => {
      for (const key of [secret, createSecretKey(secret)]) {
        expect(hmacSha256(key, data, 'base64')).toBe(createHmac('sha256', key).update(data).digest('base64'))
      }
    }),
  )
})

test('one key is not taken for another', () => {
  const [one, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
  const digest = hmacSha256(one, 'text', 'hex')
  expect(hmacSha256(other, 'text', 'hex')).not.toBe(digest)
  expect(hmacSha256(one, 'text', 'hex')).toBe(digest)
})
