import type { FeedEntry, FeedKind } from '../store/feed.ts'

export interface Message {
  /** Known by it when it comes again: the call and the position, which of a call is its version. */
  id: string
  body: string
}

const types: Record<FeedKind, string> = {
  event: 'call.event',
  cdr: 'call.cdr',
  call: 'call.changed',
  removed: 'call.removed',
  erased: 'call.erased',
}

/** What is posted of an entry: `type`, `timestamp` and `data`, as Standard Webhooks has it. */
export function messageOf(entry: FeedEntry): Message {
  const { kind, at, position, call_ref, app_key, scenario, content } = entry
  const data = JSON.stringify({ position, call_ref, app_key, scenario })
  // The content is JSON already.
  const more = content === null ? '' : `,"${kind}":${content}`
  return {
    id: `${call_ref}.${position}`,
    body: `{"type":"${types[kind]}","timestamp":"${at}","data":${data.slice(0, -1)}${more}}}`,
  }
}
