import { recordDigest } from '../platform/digest.ts'
import type { NoticeRow } from '../platform/notice.ts'
import { insertNotices, type NoticeInsert } from '../store/notices.ts'
import type { Destination } from './batch.ts'
import type { Entry, Outcome } from './entry.ts'

/** Callbacks that are neither status events nor CDRs: once each, and counted when they come again. */
export const notices: Destination = {
  name: 'notices',
  async store(client, { digestKey }, group) {
    const merged = new Map<string, NoticeInsert>()
    const members = group.map((entry) => {
      const row = noticeOf(entry, recordDigest(digestKey, 'notice', entry.record, entry.signer !== null))
      const same = merged.get(row.notice_key)
      if (same) merge(same, row)
      else merged.set(row.notice_key, row)
      return row
    })
    const rows = [...merged.values()].sort((a, b) => (a.notice_key < b.notice_key ? -1 : 1))
    const fresh = await insertNotices(client, rows)
    return members.map(
      (row): Outcome => (merged.get(row.notice_key) === row && fresh.has(row.notice_key) ? 'stored' : 'duplicate'),
    )
  },
}

function noticeOf({ content, signer, receivedAt }: Entry, notice_key: string): NoticeInsert {
  const row = ('row' in content ? content.row : undefined) as NoticeRow
  return { ...row, notice_key, signed_by: signer, received_at: receivedAt, last_received_at: receivedAt, seen_count: 1 }
}

function merge(notice: NoticeInsert, { signed_by, received_at }: NoticeInsert): void {
  notice.seen_count++
  notice.signed_by ??= signed_by
  if (received_at < notice.received_at) notice.received_at = received_at
  if (received_at > notice.last_received_at) notice.last_received_at = received_at
}
