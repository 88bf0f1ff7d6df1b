import { describe, expect, test } from 'vitest'
import {
  companyNumber,
  maskDeclared,
  maskId,
  maskKeys,
  maskNumber,
  maskText,
  mayHoldNumber,
} from '../../src/calls/masks.ts'
import { callback, company, event, foldContext, folder, legA } from './facts.ts'

test.each([
  ['+8613800000021', '+86138****0021'],
  ['8613800000021', '86138****0021'],
  ['13800000021', '138****0021'],
  ['+86138****0021', '+86138****0021'],
  ['+8675587654321', '+86****21'],
  ['075587654321', '****21'],
  ['+442079460958', '****58'],
  ['87654321', '****'],
  ['10086', '****'],
  ['+8696520', '****'],
  ['sip:13800000021@example.com', '****'],
  ['１３８００００００２１', '****'],
  [' +8613800000021', '****'],
  ['+86138****0021, +8613800000022', '****'],
])('the number %s shows as %s', (number, shown) => {
  expect(maskNumber(number)).toBe(shown)
})

test.each([
  ['+8675512345678', '+8675512345678'],
  ['+8675512****78', '+8675512****78'],
  ['96520', '96520'],
  ['call 13800000021', '****'],
])("the company's number %s shows as %s", (number, shown) => {
  expect(companyNumber(number)).toBe(shown)
})

test.each([
  ['callee', 'callee'],
  ['ticket 12345', 'ticket ***'],
  ['to +8613800000021!', 'to ***!'],
  ['138 0000 0021 and 0755-8765-4321', '*** and ***'],
  ['(0755) 87654321, 138.0000.0021', '(***, ***'],
  ['138  0000  0021', '***'],
  ['１３８００００００２１', '***'],
  ['at 03:04:24, 1 of 2, 10 s', 'at 03:04:24, 1 of 2, 10 s'],
])('the text %s shows as %s', (text, shown) => {
  expect(maskText(text)).toBe(shown)
})

describe('an id', () => {
  test.each([
    ['ka4kESI5s3YyurL1wpx63s9YnEm2', 'ka4kESI5s3YyurL1wpx63s9YnEm2'],
    ['CaaS_Test_01', 'CaaS_Test_01'],
    ['V1Z965****UJ1sQ1WP', 'V1Z965****UJ1sQ1WP'],
    ['app-123456', 'app-123456'],
    ['app-1234567', 'app-***'],
    ['+8613800000021', '***'],
    ['app 138-0000-0021', 'app ***'],
    ['１３８００００００２１', '***'],
    [null, null],
  ])('%s shows as %s', (id, shown) => {
    expect(maskId(id)).toBe(shown)
  })

  test('is cut to 128 characters, whole ones: an entry of an index holds it', () => {
    expect(maskId('x'.repeat(1024))).toBe('x'.repeat(128))
    expect(Buffer.byteLength(maskId('𠮷'.repeat(1024)) ?? '')).toBe(512)
    expect(maskId(`${'x'.repeat(120)}13800000021`)).toBe(`${'x'.repeat(120)}***`)
  })
})

test.each([
  ['1', '1'],
  ['12', '12'],
  ['1-2', '1-2'],
  ['123', '***'],
  ['0-2-3', '***'],
])('the keys %s show as %s', (keys, shown) => {
  expect(maskKeys(keys)).toBe(shown)
})

const uuid = '0b5a7c1e-1234-4d5e-8f90-123456789012'

describe('a session id', () => {
  test.each([
    '1201_612_4294967295_20190124030424@callenabler245.huaweicaas.com',
    '1200_366_0_20161228102743@callenabler.home1.com',
    '1201_612_4294967295_20190124030424',
    uuid,
    `${uuid}@home1.example`,
    'call_20190124030424_7',
    'call-123456',
  ])('%s is shown', (id) => {
    expect(mayHoldNumber(id)).toBe(false)
  })

  test.each([
    '+8613800000021_+8613900000022_4_ab12cd',
    '13800000021_4_ab',
    '008613800000021_4_ab',
    '86138000000210000_4_ab',
    '20190124030424138_ab',
    'call-1234567',
    '1201_612_4294967295_08613800000021',
    '1201_612_4294967295_20190124030424@h13800000021',
    `${uuid}@8613800000021.example`,
    'call１３８００００００２１',
  ])('%s may hold a number', (id) => {
    expect(mayHoldNumber(id)).toBe(true)
  })
})

test.each([
  ['order-20261112-77', 'order-20261112-77'],
  ['77001234', '77001234'],
  ['13800000021', '***'],
  ['for +442079460958', '***'],
])('userData %s, declared to hold nothing personal, shows as %s', (userData, shown) => {
  expect(maskDeclared(userData)).toBe(shown)
})

const foldAll = folder(await foldContext())

test('userData shows only where the owner declares that it holds nothing personal, and has a reference either way', () => {
  const facts = [callback(), event('callout', '10:00:00', { ...legA, user_data: 'order-77' })]
  const { call, privateCall } = foldAll(facts)
  expect(call.user_data).toBe(null)
  expect(privateCall.user_data).toBe('order-77')
  expect(foldAll(facts, { showUserData: true }).call).toMatchObject({
    user_data: 'order-77',
    user_data_ref: call.user_data_ref,
  })
  expect(call.user_data_ref).toMatch(/^[0-9a-f]{16}$/)
})

test('a call is known by its reference where its session id is hidden', () => {
  const sessionId = '+8613800000021_+8613900000022_4_ab12cd'
  const { call, privateCall } = foldAll([callback()], { sessionId })
  expect(call.session_id).toBe(null)
  expect(privateCall).toMatchObject({ session_id: sessionId, call_ref: call.call_ref })
  expect(foldAll([callback()], { sessionId: 'another' }).call.call_ref).not.toBe(call.call_ref)
})

test('what goes into indexes is short, whatever a sender fills it with', () => {
  const long = '长'.repeat(1024)
  const { call } = foldAll([callback({ app_key: long, sp_id: long, service_type: long, bind_num: long })])
  for (const text of [call.app_key, call.sp_id, call.service_type, call.bind_num])
    expect(Buffer.byteLength(text ?? '')).toBeLessThanOrEqual(512)
  expect(foldAll([callback({ bind_num: '1'.repeat(1024), caller_num: company })]).call.bind_num).toBe('****11')
})
