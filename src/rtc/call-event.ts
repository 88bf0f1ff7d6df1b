import type { RowOf } from './fields.ts'
import type { JsonObject } from './record.ts'
import { callEventColumns, type statusFields } from './status-info.ts'

export { callEventColumns }

/** A call event as stored: absent fields are null, times are canonical UTC text, `extra` holds what has no column. */
export type CallEventRow = Omit<RowOf<typeof statusFields>, 'session_id' | 'occurred_at'> & {
  session_id: string
  event_type: string
  occurred_at: string
  extra: JsonObject | null
}
