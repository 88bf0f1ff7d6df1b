import { expect, test } from 'vitest'
import { filesIn, read } from './files.ts'

const entries = [...read('docs/protocol.md').matchAll(/^## (.+)$/gm)].map(([, title = '']) => title.toLowerCase())

/** A citation may run over the end of a line of a comment. */
const unwrapped = (text: string) => text.replace(/\s*\n\s*(?:\*(?!\/)|\/\/|--)?\s*/g, ' ')

const isEntry = (text: string) =>
  entries.some((entry) => text.toLowerCase().startsWith(entry) && !/^[\w-]/.test(text.slice(entry.length)))

test('what cites docs/protocol.md names an entry of it', () => {
  const citations = filesIn(['src', 'migrations', 'test', 'bench'], ['.ts', '.sql']).flatMap((file) =>
    [...unwrapped(read(file)).matchAll(/protocol\.md: (?=(.{1,60}))/g)].map(([, named = '']) => ({ file, named })),
  )
  expect(citations.length).toBeGreaterThan(50)
  expect(citations.filter(({ named }) => !isEntry(named))).toEqual([])
})

test('nothing cites a page of the platform in another form', () => {
  const citing = filesIn(['src', 'migrations', 'test', 'bench'], ['.ts', '.sql']).flatMap((file) =>
    [...unwrapped(read(file)).matchAll(/\bFAQ\b|\brtc_0[0-9]_|\bprivatenumber_|\b(?:C2C|CN|CV|PN|REC)-[A-Za-z]+/g)]
      .filter(() => !file.endsWith('protocol.test.ts'))
      .map(([form]) => `${file}: ${form}`),
  )
  expect(citing).toEqual([])
})
