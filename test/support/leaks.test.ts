import { expect, test } from 'vitest'
import { leaks, tell } from './leaks.ts'

test('finds what was told and what looks like it, and nothing else', () => {
  tell('{"userData":"order of mr zhang","calleeNum":8675588880000}')
  tell(Buffer.from('X-AKSK: UsernameToken Username="a",PasswordDigest="abcdefghijk=",Nonce="0123456789"'))
  const env = {
    PATH_TOKEN: 'one-token-in-the-path,another-token',
    RTC_APPS: 'key:app-secret,key:other:secret',
    DATABASE_URL: 'postgres://user:pass%40word@host/db',
  }
  const bad = [
    '"order of mr zhang"',
    'x 8675588880000',
    'digest abcdefghijk=',
    '/rtc/one-token-in-the-path/fee',
    'another-token',
    'app-secret',
    'other:secret',
    'pass@word',
    '+8613912345678',
    '13800000021',
    'UsernameToken',
    'key 0123456789abcdef0123456789abcdef',
    `sent ${'aB3+'.repeat(10)}xyz=`,
  ]
  expect(leaks(bad.join('\n'), env)).toEqual(bad)
  const good = [
    '{"level":"info","time":"2026-11-22T09:00:00.123Z","msg":"callback","route":"/rtc/:token/fee","kind":"fee","records":3,"status":200,"ms":12.5}',
    '{"msg":"listening","url":"http://127.0.0.1:34567","pid":123456}',
    '',
  ]
  expect(leaks(good.join('\n'), env)).toEqual([])
})
