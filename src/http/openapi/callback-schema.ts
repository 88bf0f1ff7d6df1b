import { type TSchema, Type } from 'typebox'
import type { Accepted } from '../../platform/answer.ts'
import type { Refusal } from '../refusals.ts'
import type { ComponentName } from './components.ts'
import { examples } from './examples.ts'

const what = {
  status: 'Takes call status events',
  fee: 'Takes CDRs',
}

/** What the platform sends to a path, and the answers: the source of `openapi.json`. */
export const callbackSchema = (kind: 'status' | 'fee') => ({
  operationId: kind === 'status' ? 'receiveStatus' : 'receiveFee',
  summary: what[kind],
  description: 'Either path takes either kind: `eventType` decides, not the path.',
  // In the handler it is what came over the wire: nothing is parsed before it.
  body: Type.Unsafe<Buffer | undefined>({
    anyOf: [ref('StatusCallback'), ref('FeeCallback'), ref('Notice')],
    'x-examples': examples,
  }),
  response: {
    200: Type.Unsafe<Accepted>(ref('Accepted')),
    400: refused('Not JSON, not UTF-8, not an object, without `eventType`, or not HTTP'),
    401: refused('The X-AKSK header does not hold (`RTC_AUTH=enforce`)'),
    403: refused('Not from this address, or from a web page'),
    404: refused('Nothing at this path, or not this path token'),
    405: refused('Not POST', { allow: { type: 'string', const: 'POST' } }),
    408: refused('The request came too slowly'),
    413: refused('The body is larger than `BODY_LIMIT`, or comes in too many pieces'),
    415: refused('A Content-Encoding that would have to be undone'),
    417: refused('An Expect other than 100-continue'),
    429: refused('The source has too many requests or large bodies under way', retryAfter),
    431: refused('The headers are too large'),
    500: refused('Internal error'),
    503: refused('Neither Postgres nor the spool can take the callback, or too much is under way', retryAfter),
  },
})

const retryAfter = { 'retry-after': { type: 'integer', description: 'Seconds' } }

function refused(description: string, headers?: Record<string, object>) {
  return Type.Unsafe<Refusal>({ ...ref('Refusal'), description, ...(headers ? { headers } : {}) })
}

function ref(name: ComponentName): TSchema {
  return { $ref: `${name}#` }
}
