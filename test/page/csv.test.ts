import fc from 'fast-check'
import { expect, test } from 'vitest'
import { csv } from '../../src/page/csv.ts'

const cell = (value: string | number | null) =>
  csv(['c'], [[value]])
    .split('\r\n')
    .slice(1, -1)
    .join('\r\n')

test.each([
  ['plain', 'plain'],
  ['two words', 'two words'],
  ['a,b', '"a,b"'],
  ['a;b', '"a;b"'],
  ['say "x"', '"say ""x"""'],
  ['two\nlines', '"two\nlines"'],
  ['', ''],
  [null, ''],
  [12.345678, '12.3457'],
  [-0.5, '-0.5'],
  [Number.NaN, ''],
  ['=1+1', "'=1+1"],
  ['+8613800000021', "'+8613800000021"],
  ['-1', "'-1"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['  =1', "'  =1"],
  ['\t=1', '"\'\t=1"'],
  ['＝1', "'＝1"],
  ['=HYPERLINK("http://evil.example.com","x")', '"\'=HYPERLINK(""http://evil.example.com"",""x"")"'],
])('%j becomes %s', (value, text) => {
  expect(cell(value)).toBe(text)
})

test('begins with a byte order mark and ends each line as RFC 4180 has it', () => {
  expect(csv(['a', '名'], [[1, 'x']])).toBe('\uFEFFa,名\r\n1,x\r\n')
})

test('property: no text is a formula or leaves its cell', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const written = cell(text)
      const inside = /^"(.*)"$/s.exec(written)?.[1]
      if (inside === undefined) expect(written).not.toMatch(/[",\r\n]/)
      else expect(inside.replaceAll('""', '')).not.toContain('"')
      expect(inside ?? written).not.toMatch(/^\s*[=+\-@]/)
    }),
  )
})
