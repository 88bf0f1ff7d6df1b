import type { OpenEntry } from '../../store/page/quarantine.ts'
import { csv } from '../csv.ts'
import type { View } from '../layout.ts'
import { named } from '../texts/texts.ts'

/** Open entries as the list shows them: where the fault is, never a value. */
export function quarantineCsv({ texts, format }: View, entries: readonly OpenEntry[]): string {
  return csv(
    [
      texts.entryColumn,
      texts.kind,
      texts.reason,
      texts.place,
      texts.call,
      texts.app,
      texts.seen,
      texts.firstSeen,
      texts.lastSeenAt,
    ],
    entries.map((entry) => [
      entry.id,
      named(texts.kinds, entry.kind),
      named(texts.quarantineReasons, entry.reason),
      [...(entry.errors ?? []).map(({ pointer, message }) => `${pointer} ${message}`.trim()), ...entry.differing].join(
        '; ',
      ),
      entry.call_ref,
      entry.app_key,
      entry.seen_count,
      format.time(entry.first_seen_at),
      format.time(entry.last_seen_at),
    ]),
  )
}
