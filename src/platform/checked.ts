import type { Place } from './record.ts'

/**
 * What a check made of a record. `misfits` are documented fields whose value did not fit their column and went to
 * `extra` as sent. `reason` is a stable code, the quarantine's and the metric's; `errors` point into the record.
 */
export type Checked<Row> =
  | { ok: true; row: Row; misfits: string[] }
  | { ok: false; reason: BadRecordReason; errors: Place[] }

export type BadRecordReason =
  | 'not_an_object'
  | 'nul_character'
  | 'lone_surrogate'
  | 'non_finite_number'
  | 'too_deep'
  | 'malformed_event_type'
  | 'missing_session_id'
  | 'malformed_session_id'
  | 'missing_time'
  | 'malformed_time'
  | 'time_out_of_range'

export interface BadRecord {
  ok: false
  reason: BadRecordReason
  errors: Place[]
}

export function bad(reason: BadRecordReason, pointer: string, message: string): BadRecord {
  return { ok: false, reason, errors: [{ pointer, message }] }
}
