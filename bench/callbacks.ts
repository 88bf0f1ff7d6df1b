import { createSecretKey } from 'node:crypto'
import { signedHeaders } from '../src/platform/aksk.ts'

/** What a request of the load looks like. */
export interface Shape {
  kind: 'status' | 'fee'
  /** CDRs a callback; a status callback always has one record. */
  records: number
  /** `platform`: as the platform makes sessionIds. `random`: 32 hex digits, the worst case for an index. */
  ids: 'platform' | 'random'
}

/** The app that signs the load. */
export const app = { key: 'ka0000000000000000000000000', secret: 'bench-secret-0000000000000' }
/** What the receiver is told it is reached under; digests sign it, whatever the real address. */
export const publicUrl = 'http://receiver.example.com'

const secret = createSecretKey(Buffer.from(app.secret))
/** Calls that begin in one second on the platform's side. 20 million CDRs then span most of five days. */
const callsPerSecond = 50
const modules = ['1200', '1201']
const hosts = ['callenabler245.example.com', 'callenabler246.example.com']
/** A module counts its calls; where the counter starts again is not known. Samples have 366, 612, 1029 and 1827. */
const callNumbers = 2048
/** The stages of a click2Call, in seconds after it began. */
const events = [
  { eventType: 'callout', after: 0, leg: 0 },
  { eventType: 'alerting', after: 3, leg: 0 },
  { eventType: 'answer', after: 9, leg: 0 },
  { eventType: 'callout', after: 9, leg: 1 },
  { eventType: 'alerting', after: 14, leg: 1 },
  { eventType: 'answer', after: 18, leg: 1 },
  { eventType: 'disconnect', after: 41, leg: 1 },
  { eventType: 'disconnect', after: 41, leg: 0 },
] as const

/** The first second of a month from this one on. */
export function monthStart(monthsAhead = 0, now = new Date()): number {
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + monthsAhead) / 1000
}

/**
 * When the first call began, in seconds since 1970: all load and all stored rows are of the coming month, hence of one
 * partition. Were they of this one, whose hours are over, the receiver would summarise these in the background, again
 * and again while more records come, as it need not with a platform that calls now.
 */
export const epoch = monthStart(1)
let lastSecond = -1
let lastText = ''

/** Whole seconds since 1970 as the platform writes them. */
function time(seconds: number): string {
  if (seconds !== lastSecond) {
    lastSecond = seconds
    lastText = new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')
  }
  return lastText
}

const compact = (text: string) => text.replace(/[^0-9]/g, '')

/** `<module>_<number of the call>_<n>_<yyyyMMddHHmmss UTC>@<host>`, as in every body seen. */
export function sessionId(call: number, ids: Shape['ids']): string {
  if (ids === 'random') return Buffer.from(scatter(call)).toString('hex')
  const begin = epoch + Math.floor(call / callsPerSecond)
  const number = Math.floor(call / modules.length) % callNumbers
  return `${modules[call % modules.length]}_${number}_4294967295_${compact(time(begin))}@${hosts[call % hosts.length]}`
}

/** 16 bytes that no other call has, in no order. */
function scatter(call: number): Uint8Array {
  const words = new Uint32Array(4)
  let state = call + 1
  for (let i = 0; i < 4; i++) {
    state = Math.imul(state ^ (state >>> 16), 0x45d9f3b) + 0x9e3779b9
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d)
    words[i] = state
  }
  words[3] = call
  return new Uint8Array(words.buffer)
}

/** The number of one of 400,000 subscribers. Invented. */
const subscriber = (n: number) => `+861380${String(1_000_000 + (n % 400_000)).slice(1)}1`

export function statusBody(index: number, ids: Shape['ids']): string {
  const call = Math.floor(index / events.length)
  const { eventType, after, leg } = events[index % events.length] as (typeof events)[number]
  const at = time(epoch + Math.floor(call / callsPerSecond) + after)
  const end = eventType === 'disconnect' ? ',"stateCode":0,"stateDesc":"The user releases the call."' : ''
  return (
    `{"eventType":"${eventType}","statusInfo":{"sessionId":"${sessionId(call, ids)}","timestamp":"${at}",` +
    `"caller":"+8675500000001","called":"${subscriber(call * 2 + leg)}","userData":"order-${call}"${end}}}`
  )
}

/** A CDR of a click2Call with recording. */
export function cdr(call: number, ids: Shape['ids']) {
  const begin = epoch + Math.floor(call / callsPerSecond)
  const host = hosts[call % hosts.length]
  return {
    direction: 0,
    spId: 'Example_01',
    appKey: app.key,
    icid: `CAE-${compact(time(begin + 8 * 3600))}-${10_000_000 + call}`,
    bindNum: '+8675500000009',
    sessionId: sessionId(call, ids),
    callerNum: '+8675500000001',
    calleeNum: subscriber(call * 2),
    fwdDisplayNum: '+8675500000001',
    fwdDstNum: subscriber(call * 2 + 1),
    callOutStartTime: time(begin),
    callOutAlertingTime: time(begin + 3),
    callOutAnswerTime: time(begin + 9),
    fwdStartTime: time(begin + 9),
    fwdAlertingTime: time(begin + 14),
    fwdAnswerTime: time(begin + 18),
    callEndTime: time(begin + 41),
    callOutUnaswRsn: 0,
    fwdUnaswRsn: 0,
    ulFailReason: 0,
    sipStatusCode: 0,
    recordFlag: 1,
    recordStartTime: time(begin + 18),
    recordDomain: 'ostor.example.com',
    recordBucketName: 'sp-example',
    recordObjectName: `${compact(time(begin + 18)).slice(2)}${10_000_000 + call}.wav`,
    ttsPlayTimes: 0,
    ttsTransDuration: 0,
    serviceType: '002',
    hostName: host,
    userData: `order-${call}`,
  }
}

function feeBody(index: number, { records, ids }: Shape): string {
  const feeLst = Array.from({ length: records }, (_, i) => cdr(index * records + i, ids))
  return JSON.stringify({ eventType: 'fee', feeLst })
}

/** How many different callbacks there are before they would be the same again: the month must not end before. */
export function recordsOf(shape: Shape, callbacks: number): number {
  return shape.kind === 'fee' ? callbacks * shape.records : callbacks
}

/** A signed HTTP request, ready to be written. `index` makes it unlike any other of its shape. */
export function request(shape: Shape, index: number): Buffer {
  const body = shape.kind === 'fee' ? feeBody(index, shape) : statusBody(index, shape.ids)
  const path = `/rtc/${shape.kind}`
  const headers = signedHeaders({ appKey: app.key, secret, url: `${publicUrl}${path}` })
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: receiver.example.com\r\nContent-Type: application/json;charset=UTF-8\r\n` +
      `Authorization: ${headers.authorization}\r\nX-AKSK: ${headers['x-aksk']}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}
