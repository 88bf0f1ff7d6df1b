import { expect, test } from 'vitest'
import { base64Url, callbackUrls, checkCallbackUrl, isPathToken } from '../../src/platform/urls.ts'

const TOKEN = 'abcdefghij-0123456789-Z'

test.each([
  'https://rtc.example.com/rtc/status',
  'http://192.0.2.7:8080/rtc/fee',
  'HTTPS://RTC.example.com',
  `https://rtc.example.com/rtc/${TOKEN}/status`,
])('%s follows the rule', (url) => {
  expect(checkCallbackUrl(url)).toEqual({ errors: [], warnings: [] })
})

test.each([
  ['https://rtc.example.com/rtc?x=1', 'only letters'],
  ['https://rtc.example.com/my_path', 'only letters'],
  ['https://user@rtc.example.com/', 'only letters'],
  ['https://rtc.example.com/%20', 'only letters'],
  [' https://rtc.example.com/', 'blanks'],
  ['https://rtc.example.com/\n', 'blanks'],
  ['ftp://rtc.example.com/', 'http or https'],
  ['rtc.example.com/status', 'http or https'],
  ['https://', 'http or https'],
  ['', 'http or https'],
  [`https://rtc.example.com/${'x'.repeat(105)}`, 'at most 128'],
])('%j breaks the rule: %s', (url, error) => {
  expect(checkCallbackUrl(url).errors.join()).toContain(error)
})

test('96 characters are safe, up to 128 are doubtful', () => {
  const url = (length: number) => 'https://rtc.example.com/'.padEnd(length, 'x')
  expect(checkCallbackUrl(url(96))).toEqual({ errors: [], warnings: [] })
  expect(checkCallbackUrl(url(97))).toMatchObject({ errors: [], warnings: [expect.stringContaining('96')] })
  expect(checkCallbackUrl(url(128))).toMatchObject({ errors: [], warnings: [expect.stringContaining('96')] })
  expect(checkCallbackUrl(url(129))).toMatchObject({ errors: [expect.stringContaining('128')], warnings: [] })
})

test('the findings do not hold the URL', () => {
  const { errors } = checkCallbackUrl(`gopher://rtc.example.com/${TOKEN} ?${'x'.repeat(200)}`)
  expect(errors).toHaveLength(4)
  expect(errors.join()).not.toContain(TOKEN)
})

test("Base64 is that of the platform's example", () => {
  expect(base64Url('https://www.huawei.com:9330/fee')).toBe('aHR0cHM6Ly93d3cuaHVhd2VpLmNvbTo5MzMwL2ZlZQ==')
})

test.each([
  [TOKEN, true],
  ['a'.repeat(22), true],
  ['a'.repeat(21), false],
  [`${TOKEN}_`, false],
  [`${TOKEN}/`, false],
  [`${TOKEN}\n`, false],
  [`${TOKEN}é`, false],
])('%j as path token: %s', (token, usable) => {
  expect(isPathToken(token)).toBe(usable)
})

test('callback URLs are prefix, token and path', () => {
  const publicUrls = ['https://a.example.com/', 'https://b.example.com/x']
  expect(callbackUrls({ publicUrls, tokens: [] })).toEqual({
    status: ['https://a.example.com/rtc/status', 'https://b.example.com/x/rtc/status'],
    fee: ['https://a.example.com/rtc/fee', 'https://b.example.com/x/rtc/fee'],
  })
  expect(callbackUrls({ publicUrls: ['https://a.example.com'], tokens: ['old', 'new'] })).toEqual({
    status: ['https://a.example.com/rtc/old/status', 'https://a.example.com/rtc/new/status'],
    fee: ['https://a.example.com/rtc/old/fee', 'https://a.example.com/rtc/new/fee'],
  })
})

test('a URL that is given wins', () => {
  const given = { publicUrls: ['https://a.example.com'], tokens: [], statusUrl: 'https://x.example.com/s' }
  expect(callbackUrls(given)).toEqual({
    status: ['https://x.example.com/s'],
    fee: ['https://a.example.com/rtc/fee'],
  })
  expect(callbackUrls({ ...given, feeUrl: 'https://x.example.com/f' }).fee).toEqual(['https://x.example.com/f'])
})
