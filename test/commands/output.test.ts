import { Writable } from 'node:stream'
import fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { noteLines, printError, printJson, printLines, printRaw, printTable } from '../../src/commands/output.ts'
import { visible } from '../../src/lib/terminal.ts'

const stdout = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
afterEach(() => {
  stdout.mockClear()
  stderr.mockClear()
})

/** What a command wrote, without what the test runner writes. */
const written = (spy = stdout) => spy.mock.calls.map(([text]) => String(text)).join('')

test.each([
  ['\u001b[2J\u001b]0;title\u0007', '\\x1b[2J\\x1b]0;title\\x07'],
  ['\u009b31m\u0090\u007f\u0000', '\\x9b31m\\x90\\x7f\\x00'],
  ['a\nb\r\tc', 'a\\nb\\r\\tc'],
  ['+86\u202e12000008318', '+86\\u202e12000008318'],
  ['\u2066\u2069\u200f\u061c\ufeff\u200b\u00ad', '\\u2066\\u2069\\u200f\\u061c\\ufeff\\u200b\\xad'],
  ['one\u2028two\u2029three\u0085four', 'one\\u2028two\\u2029three\\x85four'],
  ['\u{e0041}', '\\udb40\\udc41'],
  ['呼叫 😀 é +8613800000021 \\', '呼叫 😀 é +8613800000021 \\'],
])('%j is shown as %s', (text, shown) => {
  expect(visible(text)).toBe(shown)
  printLines(text)
  expect(written()).toBe(`${shown}\n`)
})

const nasty = fc.string({
  unit: fc.oneof(
    fc.constantFrom('\n', '\r', '\t', '\u001b', '\u009b', '\u0007', '\u007f', '\u202e', '\u2028', '\u0085', 'a', '1'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
})

test('whatever a text says, what is written are the lines that were meant', () => {
  fc.assert(
    fc.property(fc.array(nasty, { minLength: 1 }), (lines) => {
      stdout.mockClear()
      stderr.mockClear()
      printLines(...lines)
      noteLines(...lines)
      printTable(lines, [lines, lines.map((line) => ({ [line]: line }))])
      printError(new Error(lines.join()))
      const texts = [written().split('\n'), written(stderr).split('\n')]
      expect(texts.map((text) => text.length)).toEqual([lines.length + 4 + 1, lines.length + 1 + 1])
      expect(texts.flat().filter((line) => /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(line))).toEqual([])
    }),
  )
})

test('JSON stays what it is', () => {
  fc.assert(
    fc.property(fc.oneof(nasty, fc.jsonValue(), fc.dictionary(nasty, nasty)), (value) => {
      stdout.mockClear()
      printJson(value)
      const text = written()
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
      expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
    }),
  )
})

test('a cell cannot forge a row, and columns stand in line', () => {
  printTable(
    ['session', 'n'],
    [
      ['a\n2  forged', 1],
      ['呼叫', Buffer.from('\u001b')],
      [null, new Date(0)],
    ],
  )
  expect(written()).toBe(
    [
      'session       n',
      '------------  ------------------------',
      'a\\n2  forged  1',
      '呼叫          \\x1b',
      '              1970-01-01T00:00:00.000Z',
      '',
    ].join('\n'),
  )
})

test('an error is one line, of whatever it quotes', () => {
  printError(new Error('invalid input syntax for type integer: "\u001b[2J\nrtc-receiver: all is well"'))
  printError(Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' }))
  expect(written(stderr)).toBe(
    'rtc-receiver: invalid input syntax for type integer: "\\x1b[2J\\nrtc-receiver: all is well"\n' +
      'rtc-receiver: ECONNREFUSED\n',
  )
})

test('raw bytes stay raw on their way to a file, and are shown on a terminal', () => {
  const bytes = Buffer.from([0x1b, 0x5b, 0x32, 0x4a, 0x0a, 0xff, 0x00, 0x61])
  const into = (isTTY: boolean) => {
    const pieces: Buffer[] = []
    const write = (piece: Buffer, _: string, done: () => void) => {
      pieces.push(piece)
      done()
    }
    printRaw(bytes, Object.assign(new Writable({ write }), { isTTY }))
    return Buffer.concat(pieces)
  }
  expect(into(false)).toEqual(bytes)
  expect(into(true).toString()).toBe('\\x1b[2J\\n\ufffd\\x00a\n')
})
