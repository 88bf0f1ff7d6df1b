import { cdrColumns, type feeFields } from './fee-info.ts'
import type { RowOf } from './fields.ts'
import type { JsonObject } from './record.ts'

export { cdrColumns }

/** A CDR as stored: absent fields are null (`icid` ''), times are canonical UTC text, `extra` holds the rest. */
export type CdrRow = Omit<RowOf<typeof feeFields>, 'session_id' | 'icid'> & {
  session_id: string
  icid: string
  cdr_time: string
  extra: JsonObject | null
}
