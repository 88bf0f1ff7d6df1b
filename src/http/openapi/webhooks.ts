import type { ComponentName } from './components.ts'
import { feeExamples, noticeExamples, statusExamples } from './examples.ts'

type Examples = Record<string, { summary: string; value: unknown }>

/**
 * The same callbacks as what the platform sends rather than what this receiver takes: from it, generators make the types
 * of a program that is handed them.
 */
export const webhooks = {
  callStatus: webhook('onCallStatus', 'A call changed its state', 'StatusCallback', statusExamples),
  cdr: webhook('onCdr', 'Calls ended: their CDRs', 'FeeCallback', feeExamples),
  notice: webhook('onNotice', 'A notice of another kind', 'Notice', noticeExamples),
}

function webhook(operationId: string, summary: string, body: ComponentName, examples: Examples) {
  return {
    post: {
      operationId,
      summary,
      requestBody: { required: true, content: json(body, examples) },
      responses: {
        200: { description: 'Taken', content: json('Accepted') },
        default: { description: 'Not taken', content: json('Refusal') },
      },
    },
  }
}

function json(name: ComponentName, examples?: Examples) {
  return {
    'application/json': { schema: { $ref: `#/components/schemas/${name}` }, ...(examples ? { examples } : {}) },
  }
}
