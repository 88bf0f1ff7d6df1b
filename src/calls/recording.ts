import { present } from './numbers.ts'
import { hour } from './times.ts'
import type { CdrFact, RecordingState } from './types.ts'

/** The platform keeps a recording for seven days (protocol.md: recordings). */
const keptFor = 7 * 24 * hour

export interface Recording {
  state: RecordingState
  expiresAt: number | null
}

/** Whether there is a recording, and can still be fetched from the platform. */
export function recordingOf(cdr: CdrFact | null, endedAt: number | null, now: number): Recording {
  if (!cdr || endedAt === null || !isRecorded(cdr)) return { state: 'none', expiresAt: null }
  const expiresAt = endedAt + keptFor
  return expiresAt <= now ? { state: 'expired', expiresAt: null } : { state: 'there', expiresAt }
}

function isRecorded({ record_flag, record_object_name, record_file_download_url }: CdrFact): boolean {
  if (record_flag !== null) return record_flag === 1
  return present(record_object_name) !== null || present(record_file_download_url) !== null
}
