import { createHash } from 'node:crypto'
import { callEventColumns } from '../../src/platform/call-event.ts'
import { cdrColumns } from '../../src/platform/cdr.ts'
import type { CdrInsert } from '../../src/store/cdrs.ts'
import type { EventInsert } from '../../src/store/events.ts'
import type { QuarantineInsert } from '../../src/store/quarantine.ts'

const absent = (columns: readonly { column: string }[]) =>
  Object.fromEntries(columns.map(({ column }) => [column, null]))

/** 32 hex digits that depend on the text alone. */
export function digest(text: string): string {
  return createHash('md5').update(text).digest('hex')
}

export function eventRow(fields: Partial<EventInsert> = {}): EventInsert {
  const row = {
    ...absent(callEventColumns),
    session_id: '1200_1@home1.example',
    event_type: 'callout',
    occurred_at: '2019-01-24 03:04:24',
    signed_by: null,
    received_at: '2019-01-24T03:04:25.123Z',
    ...fields,
  } as EventInsert
  return { ...row, event_key: fields.event_key ?? digest(JSON.stringify(row)) }
}

export function cdrRow(fields: Partial<CdrInsert> = {}): CdrInsert {
  return {
    ...absent(cdrColumns),
    session_id: '1200_1@home1.example',
    icid: '',
    cdr_time: '2019-01-24 03:04:54',
    signed_by: null,
    received_at: '2019-01-24T03:04:55.123Z',
    ...fields,
  } as CdrInsert
}

export function quarantineRow(fields: Partial<QuarantineInsert> = {}): QuarantineInsert {
  const body = fields.body ?? Buffer.from('{"sessionId":""}')
  return {
    kind: 'fee',
    reason: 'missing_session_id',
    errors: [{ pointer: '/sessionId', message: 'is required' }],
    record_index: 0,
    body,
    body_size: body.length,
    body_key: digest(body.toString('hex')),
    signed_by: null,
    // A receiver removes what is older than 90 days.
    received_at: new Date().toISOString(),
    ...fields,
  }
}
