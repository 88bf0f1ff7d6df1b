import { type TSchema, Type } from 'typebox'
import { Compile } from 'typebox/schema'
import { expect, test } from 'vitest'
import { documentedEventType } from '../../src/platform/call-event.ts'
import { FeeInfo } from '../../src/platform/fee-info.ts'
import { Flag, Int, isAbsent, Text, Time, Url } from '../../src/platform/fields.ts'
import { StatusInfo, statusInfoByEvent } from '../../src/platform/status-info.ts'
import { statusFixture } from '../fixtures/load.ts'

test.each([
  ['Text', Text('')],
  ['Url', Url('')],
  ['Int', Int('')],
  ['Flag', Flag('')],
  ['Time', Time('')],
] satisfies [string, TSchema][])('%s lets null and "" pass', (_, schema) => {
  const validator = Compile(schema)
  expect([null, ''].every((value) => validator.Check(value) && isAbsent(value))).toBe(true)
  expect([1.5, [], {}].some((value) => validator.Check(value))).toBe(false)
})

test('a schema renders to plain JSON Schema', () => {
  expect(
    JSON.parse(JSON.stringify(Type.Object({ direction: Type.Optional(Int('Direction')), at: Time('End') }))),
  ).toEqual({
    type: 'object',
    required: ['at'],
    properties: {
      direction: {
        description: 'Direction',
        anyOf: [
          { type: 'integer', minimum: -2_147_483_648, maximum: 2_147_483_647 },
          { type: 'string', format: 'rtc-int' },
          { type: 'null' },
        ],
      },
      at: {
        description: 'End; yyyy-MM-dd HH:mm:ss, UTC',
        examples: ['2019-01-24 03:04:24'],
        anyOf: [{ type: 'string', format: 'rtc-time' }, { type: 'null' }],
      },
    },
  })
})

test('only what decides about storing is required, and unknown fields may come', () => {
  expect(FeeInfo).toMatchObject({ required: ['sessionId'], additionalProperties: true })
  expect(StatusInfo).toMatchObject({ required: ['sessionId', 'timestamp'], additionalProperties: true })
})

test.each([
  ['callout', 'callout'],
  ['alerting', 'alerting'],
  ['answer', 'answer'],
  ['collect-info', 'collectInfo'],
  ['disconnect', 'disconnect'],
  ['private-number-disconnect', 'disconnect'],
] as const)('%s has the documented fields of %s', (name, eventType) => {
  const schema = statusInfoByEvent[eventType]
  expect(Compile(schema).Check(statusFixture(name).statusInfo)).toBe(true)
  expect(schema).toMatchObject({ required: ['sessionId', 'timestamp'], additionalProperties: true })
})

test('event types are compared without case', () => {
  expect(Object.keys(statusInfoByEvent).map((name) => documentedEventType(name.toUpperCase()))).toEqual(
    Object.keys(statusInfoByEvent),
  )
  expect(documentedEventType('constructor')).toBe('constructor')
})
