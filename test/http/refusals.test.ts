import { Compile } from 'typebox/schema'
import { expect, test } from 'vitest'
import { Refusal, refusal } from '../../src/http/refusals.ts'

test('a refusal says the HTTP status, the reason and the places', () => {
  const errors = [{ pointer: '/feeLst', message: 'is missing' }]
  expect(refusal(400, 'Bad Request', errors)).toEqual({ resultcode: '400', resultdesc: 'Bad Request', errors })
  expect(refusal(404, 'Not Found')).toEqual({ resultcode: '404', resultdesc: 'Not Found', errors: [] })
  expect(Compile(Refusal).Check(refusal(404, 'Not Found'))).toBe(true)
})
