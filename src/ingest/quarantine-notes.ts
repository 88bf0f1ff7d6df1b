import type { KeyObject } from 'node:crypto'
import { keyedDigest, recordDigest } from '../platform/digest.ts'
import { insertQuarantine, type QuarantineInsert } from '../store/quarantine.ts'
import type { Destination } from './batch.ts'
import { noteOnRecord } from './check.ts'
import type { Entry, QuarantineNote } from './entry.ts'

/** Entries that were found to be bad, on their way to `rtc.quarantine`. */
export const quarantine: Destination = {
  name: 'quarantine',
  async store(client, { digestKey }, group) {
    await insertQuarantine(
      client,
      group.map((entry) => quarantineRow(entry, noteOf(entry), digestKey)),
    )
    return group.map(() => 'quarantined')
  },
}

/** Names of differing fields that are kept, and characters of one: a sender may invent as many as a body holds. */
const mostNames = 50
const longestName = 64

/** A CDR whose key is taken by another record: kept for people to look at, never merged, never overwriting. */
export function conflictNote({ kind, record }: Entry, differing: string[]): QuarantineNote {
  const errors = [{ pointer: '', message: 'another record is stored under the same sessionId, icid and time' }]
  // The platform's own fields come first. By characters, since half of a surrogate pair is no text.
  const names = differing.slice(0, mostNames).map((name) => [...name.slice(0, 2 * longestName)].slice(0, longestName))
  return { ...noteOnRecord(kind, 'conflict', errors, record), differing: names.map((name) => name.join('')) }
}

export function refusedNote({ kind, record }: Entry, code: string): QuarantineNote {
  const errors = [{ pointer: '', message: `Postgres refused the record with SQLSTATE ${code}` }]
  return noteOnRecord(kind, 'refused_by_postgres', errors, record)
}

export function quarantineRow(entry: Entry, note: QuarantineNote, key: KeyObject): QuarantineInsert {
  return {
    kind: note.kind,
    reason: note.reason,
    errors: note.errors,
    record_index: entry.index,
    body: note.body,
    body_size: note.bodySize,
    // The digest of a record does not depend on blanks or the order of keys, so that it is known again.
    body_key:
      note.holds === 'record'
        ? recordDigest(key, entry.kind, JSON.parse(note.body.toString()), entry.signer !== null)
        : keyedDigest(key, note.body),
    signed_by: entry.signer,
    received_at: entry.receivedAt,
    ...(note.differing ? { differing: note.differing } : {}),
  }
}

function noteOf({ content }: Entry): QuarantineNote {
  if (!('note' in content)) throw new Error('a good record is no note')
  return content.note
}
