import type { JsonObject } from '../../src/platform/record.ts'

/** A status callback. Numbers are invented. */
export function event(sessionId: unknown, more: JsonObject = {}, eventType: unknown = 'answer'): JsonObject {
  return { eventType, statusInfo: { sessionId, timestamp: '2024-03-05 07:15:00', called: '+8613800000021', ...more } }
}

export function cdr(sessionId: unknown, more: JsonObject = {}): JsonObject {
  return { sessionId, icid: `${sessionId}.1`, callEndTime: '2024-03-05 07:16:02', calleeNum: '+8613800000021', ...more }
}

export function fee(...feeLst: unknown[]): JsonObject {
  return { eventType: 'fee', feeLst }
}
