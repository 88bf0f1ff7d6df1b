import { deflateSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { findInBody } from '../../src/erasure/body.ts'
import { NumberFinder } from '../../src/erasure/finder.ts'

const number = new NumberFinder('+8613800000021')
const holding = JSON.stringify({ called: '+8613800000021', note: '好' })
const other = JSON.stringify({ called: '+8613900000022', note: '好' })

test.each([
  ['text', holding, 'yes'],
  ['text of somebody else', other, 'no'],
  ['text whose last character is cut', Buffer.from(other).subarray(0, -4), 'no'],
  ['GBK', Buffer.from(holding, 'latin1'), 'yes'],
  ['UTF-16', Buffer.from(`\ufeff${holding}`, 'utf16le'), 'yes'],
  ['UTF-16 of somebody else', Buffer.from(`\ufeff${other}`, 'utf16le'), 'no'],
  ['gzip', gzipSync(holding), 'yes'],
  ['gzip, cut', gzipSync(holding + 'x'.repeat(5_000)).subarray(0, -9), 'yes'],
  ['zlib', deflateSync(holding), 'yes'],
  ['gzip of somebody else', gzipSync(other), 'no'],
  ['gzip of more than is read', gzipSync(' '.repeat(2 * 1024 * 1024) + holding), 'unknown'],
  ['neither text nor a compression that is known', Buffer.from('1b2a00f8a50001c3ff7e', 'hex'), 'unknown'],
  ['nothing', '', 'no'],
] as const)('%s', (_, body, finding) => {
  expect(findInBody(number, Buffer.from(body as string))).toBe(finding)
})
