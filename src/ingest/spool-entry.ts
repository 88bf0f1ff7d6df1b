import type { SpoolEntry } from '../spool/entry.ts'
import type { Delivered } from './check.ts'
import type { Entry, QuarantineNote } from './entry.ts'

/** A quarantine note as it stands in the spool: its body in Base64. */
interface SpooledNote extends Omit<QuarantineNote, 'body'> {
  body: string
  countedAs: Entry['countedAs']
  index: number | null
}

/** What the spool keeps of an entry: the record as parsed, so that today's code makes the row when it is drained. */
export function toSpoolEntry(entry: Entry): SpoolEntry {
  const envelope = { at: entry.receivedAt, signer: entry.signer }
  if ('row' in entry.content) return { ...envelope, kind: entry.kind, record: entry.record }
  const { note } = entry.content
  const record: SpooledNote = {
    ...note,
    body: note.body.toString('base64'),
    countedAs: entry.countedAs,
    index: entry.index,
  }
  return { ...envelope, kind: 'quarantine', record }
}

/** What is to be stored of a spooled quarantine note. */
export function noteFromSpool(entry: SpoolEntry): Entry {
  const { body, countedAs, index, ...note } = entry.record as SpooledNote
  return {
    via: 'spool',
    countedAs,
    kind: note.kind === 'unknown' || note.kind === 'unauthenticated' ? 'status' : note.kind,
    record: undefined,
    index,
    signer: entry.signer,
    receivedAt: entry.at,
    bytes: body.length,
    content: { note: { ...note, body: Buffer.from(body, 'base64') } },
  }
}

/** The record of a spooled event or CDR, to be checked by today's code. */
export function recordFromSpool(entry: SpoolEntry): Delivered {
  const kind = entry.kind === 'quarantine' ? 'status' : entry.kind
  return {
    via: 'spool',
    kind,
    record: entry.record,
    index: null,
    signer: entry.signer,
    receivedAt: entry.at,
    bytes: 500,
  }
}
