import { createHmac, createSecretKey } from 'node:crypto'
import { expect, test } from 'vitest'
import { readForwardSecrets } from '../../src/config/values.ts'
import { signatureHeaders } from '../../src/feed/signature.ts'

test('the example of the specification of Standard Webhooks', () => {
  const keys = readForwardSecrets('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')
  const message = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1614265330, body: '{"test": 2432232314}' }
  expect(signatureHeaders(keys, message)).toEqual({
    'webhook-id': message.id,
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  })
})

test('while a secret is changed there is a signature of each', () => {
  const keys = [Buffer.alloc(24, 1), Buffer.alloc(32, 2)].map((key) => createSecretKey(key))
  const { 'webhook-signature': signature } = signatureHeaders(keys, { id: 'a.1', timestamp: 5, body: '{}' })
  expect(signature).toBe(
    keys.map((key) => `v1,${createHmac('sha256', key).update('a.1.5.{}').digest('base64')}`).join(' '),
  )
})
