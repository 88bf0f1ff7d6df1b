import { expect, test } from 'vitest'
import { hasColours } from '../../src/lib/terminal.ts'

const pipe = {}
const terminal = { isTTY: true, hasColors: () => true }
const dumb = { isTTY: true, hasColors: () => false }

test.each([
  ['a pipe', pipe, {}, false],
  ['a terminal', terminal, {}, true],
  ['a terminal without colours', dumb, {}, false],
  ['a terminal with NO_COLOR', terminal, { NO_COLOR: '1' }, false],
  ['a terminal with an empty NO_COLOR, which counts as unset', terminal, { NO_COLOR: '' }, true],
  ['a pipe with FORCE_COLOR', pipe, { FORCE_COLOR: '1' }, true],
  ['a terminal with FORCE_COLOR=0', terminal, { FORCE_COLOR: '0' }, false],
  ['both', terminal, { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
])('%s', (_name, stream, env, expected) => {
  expect(hasColours(stream, env)).toBe(expected)
})
