import { field, whole } from '../fields.ts'
import { type Html, html } from '../html.ts'
import type { View } from '../layout.ts'
import type { Replayed } from './replay-many.ts'

/** What became of entries, for the page that is shown next. */
export type Done =
  | { how: 'resolved' | 'accepted'; id: number }
  | { how: 'replayed'; id: number; stored: number; duplicates: number }
  | { how: 'resolvedMany'; entries: number }
  | ({ how: 'replayedMany'; left: number } & Omit<Replayed, 'tried'>)

const hows = ['resolved', 'accepted', 'replayed', 'resolvedMany', 'replayedMany'] as const
const counts = ['id', 'entries', 'stored', 'duplicates', 'refused', 'left', 'last'] as const

/** Where what was done is told. */
export function donePath(done: Done, reason?: string): string {
  const query = new URLSearchParams(reason === undefined ? {} : { reason })
  query.append('done', done.how)
  for (const name of counts) {
    const count: unknown = Reflect.get(done, name)
    if (typeof count === 'number') query.append(name, String(count))
  }
  return `/quarantine?${query}`
}

/** What a redirect after a change says of it: numbers only, so that no link can make the page say something else. */
export function doneOf(query: unknown): Done | undefined {
  const how = hows.find((each) => each === field(query, 'done'))
  const count = (name: (typeof counts)[number]) => whole(query, name) ?? 0
  const [id, entries, stored, duplicates] = [count('id'), count('entries'), count('stored'), count('duplicates')]
  switch (how) {
    case undefined:
      return undefined
    case 'resolved':
    case 'accepted':
      return { how, id }
    case 'replayed':
      return { how, id, stored, duplicates }
    case 'resolvedMany':
      return { how, entries }
    case 'replayedMany':
      return {
        how,
        entries,
        stored,
        duplicates,
        refused: count('refused'),
        left: count('left'),
        last: whole(query, 'last'),
      }
  }
}

export function told({ texts, format }: View, done: Done): Html {
  const count = (value: number) => format.number(value)
  switch (done.how) {
    case 'resolved':
    case 'accepted':
      return said([texts[done.how](done.id)])
    case 'replayed':
      return said([texts.replayed(done.id, done.stored, done.duplicates)])
    case 'resolvedMany':
      return said([texts.resolvedMany(count(done.entries))])
    case 'replayedMany':
      return said([
        texts.replayedMany(count(done.entries), count(done.stored), count(done.duplicates)),
        done.refused > 0 && texts.stayedOpen(count(done.refused)),
        done.left > 0 && texts.notTried(count(done.left)),
      ])
  }
}

function said(sentences: readonly (string | false)[]): Html {
  return html`<p class="said" role="status">${sentences.filter(Boolean).join(' ')}</p>`
}
