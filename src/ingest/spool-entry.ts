import type { Delivered } from './check.ts'
import type { Entry, QuarantineNote } from './item.ts'
import type { SpoolEntry } from './spool/entry.ts'

/** A quarantine note as it stands in the spool: its body in Base64. */
interface SpooledNote extends Omit<QuarantineNote, 'body'> {
  body: string
  countedAs: Entry['countedAs']
  index: number | null
}

/** What the spool keeps of an item: the record as parsed, so that today's code makes the row when it is drained. */
export function toSpoolEntry(item: Entry): SpoolEntry {
  const envelope = { at: item.receivedAt, signer: item.signer }
  if ('row' in item.fate) return { ...envelope, kind: item.kind, record: item.record }
  const { note } = item.fate
  const record: SpooledNote = {
    ...note,
    body: note.body.toString('base64'),
    countedAs: item.countedAs,
    index: item.index,
  }
  return { ...envelope, kind: 'quarantine', record }
}

/** What is to be stored of a spooled quarantine note. */
export function noteFromSpool(entry: SpoolEntry): Entry {
  const { body, countedAs, index, ...note } = entry.record as SpooledNote
  return {
    countedAs,
    kind: countedAs === 'cdrs' ? 'fee' : 'status',
    record: undefined,
    index,
    signer: entry.signer,
    receivedAt: entry.at,
    bytes: body.length,
    fate: { note: { ...note, body: Buffer.from(body, 'base64') } },
  }
}

/** The record of a spooled event or CDR, to be checked by today's code. */
export function recordFromSpool(entry: SpoolEntry): Delivered {
  const kind = entry.kind === 'quarantine' ? 'status' : entry.kind
  return { kind, record: entry.record, index: null, signer: entry.signer, receivedAt: entry.at, bytes: 500 }
}
