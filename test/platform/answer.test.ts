import { Compile } from 'typebox/schema'
import { expect, test } from 'vitest'
import { Accepted, accepted } from '../../src/platform/answer.ts'

test('what is taken is answered as documented', () => {
  expect(JSON.stringify(accepted)).toBe('{"resultcode":"0","resultdesc":"Success"}')
  expect(Compile(Accepted).Check(accepted)).toBe(true)
})
