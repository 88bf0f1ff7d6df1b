import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { exists, filesIn, path, read } from './files.ts'

const documents = [...readdirSync(path('.')).filter((name) => name.endsWith('.md')), ...filesIn(['docs'], ['.md'])]

/** Folders of the repository whose files are named from its root. */
const named = /(?<![\w./-])(?:src|test|docs|bench|deploy|migrations|examples|\.ci)\/[\w./-]*\w/g
/** Files that a reader is told to make. */
const toBeMade = ['migrations/0099_what_it_does.sql']

test('every file that a document names exists', () => {
  const missing = documents.flatMap((document) =>
    (read(document).match(named) ?? [])
      .filter((name) => !toBeMade.includes(name) && !exists(name))
      .map((name) => `${document}: ${name}`),
  )
  expect(missing).toEqual([])
})

test('every relative link leads to a file, and to a heading of it', () => {
  const broken = documents.flatMap((document) =>
    [...read(document).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)]
      .map(([, link = '']) => link)
      .filter((link) => !leadsSomewhere(document, link))
      .map((link) => `${document}: ${link}`),
  )
  expect(broken).toEqual([])
})

function leadsSomewhere(document: string, link: string): boolean {
  const [file = '', heading] = link.split('#')
  const target = file === '' ? document : join(dirname(document), file)
  return exists(target) && (heading === undefined || headings(read(target)).has(heading))
}

/** As GitHub makes anchors of them. */
function headings(markdown: string): Set<string> {
  const titles = [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => title)
  return new Set(
    titles.map((title) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replace(/ /g, '-'),
    ),
  )
}
