import { expect, test } from 'vitest'
import { AddressSet, type Cidr, parseCidr, sourceOf } from '../../src/lib/addresses.ts'

const setOf = (...texts: string[]) => new AddressSet(texts.map((text) => parseCidr(text) as Cidr))

test.each([
  ['192.0.2.0/24', '192.0.2.255', true],
  ['192.0.2.0/24', '192.0.3.0', false],
  ['192.0.2.0/24', '::ffff:192.0.2.1', true],
  ['192.0.2.0/24', '::FFFF:192.0.2.1', true],
  ['::ffff:192.0.2.0/120', '192.0.2.1', true],
  ['::ffff:192.0.2.0/120', '192.0.3.1', false],
  ['192.0.2.7/32', '192.0.2.7', true],
  ['192.0.2.7/32', '192.0.2.8', false],
  ['2001:db8::/32', '2001:db8:1::1', true],
  ['2001:db8::/32', '2001:db9::1', false],
  ['2001:db8::/32', '192.0.2.1', false],
  ['0.0.0.0/0', '203.0.113.9', true],
  ['192.0.2.0/24', 'unknown', false],
  ['192.0.2.0/24', '', false],
  ['192.0.2.0/24', '192.0.2.1:443', false],
])('%s holds %s: %s', (range, address, holds) => {
  expect(setOf(range).has(address)).toBe(holds)
})

test('several ranges', () => {
  const set = setOf('192.0.2.0/24', '2001:db8::/32')
  expect([set.has('192.0.2.1'), set.has('2001:db8::1'), set.has('198.51.100.1')]).toEqual([true, true, false])
})

test.each([
  '192.0.2.0',
  '192.0.2.0/33',
  '192.0.2/24',
  'true',
  '1',
  'loopback',
  '2001:db8::/129',
  '::ffff:192.0.2.0/24',
  '/8',
  '',
])('%j is no range', (text) => {
  expect(parseCidr(text)).toBeUndefined()
})

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['::FFFF:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:0db8:0001:0002:ffff::', '2001:db8:1:2::/64'],
  ['2001:db8::1:2:3:4:5', '2001:db8:0:1::/64'],
  ['2001:db8::9', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['::', '0:0:0:0::/64'],
  ['1::', '1:0:0:0::/64'],
  ['1:2:3:4:5:6:7::', '1:2:3:4::/64'],
  ['::2:3:4:5:6:7:8', '0:2:3:4::/64'],
  ['64:ff9b::192.0.2.7', '64:ff9b:0:0::/64'],
  ['1:2:3:4:5:6:192.0.2.7', '1:2:3:4::/64'],
  ['1::4:5:6:7:192.0.2.7', '1:0:4:5::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['unknown', 'unknown'],
  ['+8613800000021', 'unknown'],
  ['', 'unknown'],
])('%s is counted as %s', (address, source) => {
  expect(sourceOf(address)).toBe(source)
})
