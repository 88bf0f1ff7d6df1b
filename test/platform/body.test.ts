import { expect, test } from 'vitest'
import { BodyError, parseBody } from '../../src/platform/body.ts'

function errorOf(body: string | Buffer): BodyError {
  try {
    parseBody(Buffer.from(body))
  } catch (error) {
    if (error instanceof BodyError) return error
  }
  throw new Error('the body was taken')
}

test.each([
  ['', 'body is not JSON: it is empty'],
  [' \n', 'body is not JSON: it is empty'],
  ['{', 'body is not JSON: it ends too early, after 1 characters'],
  ['{"eventType":"callout","statusInfo":', 'body is not JSON: it ends too early, after 36 characters'],
  ['{"a":"b', 'body is not JSON: it ends too early, after 7 characters'],
  ['{"a": x}', 'body is not JSON at character 7'],
  ['{"a": 1}x', 'body is not JSON at character 9'],
  ['eventType=fee', 'body is not JSON at character 1'],
  [`x${' '.repeat(70_000)}`, 'body is not JSON'],
])('%j: what is wrong and where, not what it says', (body, message) => {
  expect(errorOf(body)).toMatchObject({ reason: 'invalid_json', message, places: [{ pointer: '', message }] })
})

test('bytes that are not UTF-8 are refused rather than replaced', () => {
  expect(errorOf(Buffer.from([0x22, 0xff, 0x22]))).toMatchObject({ reason: 'invalid_utf8' })
})

test('keys that would reach a prototype are removed, all else is as sent', () => {
  const body = '{"__proto__":{"x":1},"constructor":{"prototype":{}},"toString":null,"n":"1","e":""}'
  const parsed = parseBody(Buffer.from(body)) as object
  expect(Object.entries(parsed)).toEqual([
    ['toString', null],
    ['n', '1'],
    ['e', ''],
  ])
})
