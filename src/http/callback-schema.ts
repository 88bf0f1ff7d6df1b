import { Type } from 'typebox'
import { Accepted, Refusal } from '../platform/answer.ts'
import { FeeCallback, Notice, StatusCallback } from '../platform/envelope.ts'

/** What the platform sends to either path, and the answers: the source of `openapi.json`. */
export const callbackSchema = {
  summary: 'Takes a callback of either kind; eventType decides, not the path',
  body: Type.Union([StatusCallback, FeeCallback, Notice]),
  response: {
    200: Accepted,
    '4xx': Refusal,
    503: Refusal,
  },
}
