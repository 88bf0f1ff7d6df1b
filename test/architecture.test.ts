import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { filesIn, read } from './docs/files.ts'

/**
 * Who may import whom in src: all a folder needs, and nothing else. `types` are imported as types only, so that they can
 * be taken away without the program changing. docs/architecture.md says the same in a picture.
 */
const may: Record<string, { import: readonly string[]; types?: readonly string[] }> = {
  // These need nothing of ours.
  lib: { import: [] },
  platform: { import: [] },
  calls: { import: [] },

  spool: { import: [], types: ['lib'] },
  'embedded-postgres': { import: ['lib'] },
  config: { import: ['lib', 'platform'] },
  'verification-call': { import: ['platform'] },
  store: { import: ['lib', 'platform'], types: ['calls'] },
  erasure: { import: ['calls', 'store'] },
  feed: { import: ['lib', 'store'] },
  metrics: { import: ['lib'], types: ['feed', 'ingest', 'maintenance', 'platform', 'spool'] },
  ingest: { import: ['calls', 'lib', 'metrics', 'platform', 'store'], types: ['spool'] },
  maintenance: { import: ['calls', 'ingest', 'lib', 'platform', 'store'], types: ['spool'] },
  page: { import: ['ingest', 'lib', 'store'] },
  admin: { import: ['lib', 'page'], types: ['config', 'ingest', 'metrics'] },
  http: { import: ['ingest', 'lib', 'platform'], types: ['config', 'metrics'] },
  simulator: { import: ['lib', 'platform', 'verification-call'] },

  // What puts it together, and what people start.
  'service.ts': {
    import: ['admin', 'embedded-postgres', 'feed', 'http', 'ingest', 'lib', 'maintenance', 'metrics', 'spool', 'store'],
    types: ['config'],
  },
  commands: {
    import: [
      ...[
        'calls',
        'config',
        'embedded-postgres',
        'erasure',
        'feed',
        'http',
        'ingest',
        'lib',
        'maintenance',
        'main.ts',
        'metrics',
        'platform',
      ],
      ...['simulator', 'spool', 'store', 'verification-call'],
    ],
    types: ['service.ts'],
  },
  'main.ts': { import: ['commands', 'config', 'lib', 'service.ts'] },
  'cli.ts': { import: ['commands'] },
  'index.ts': { import: ['verification-call'] },
  // A program of its own that stands beside what it shows.
  'simulator/demo.ts': {
    import: ['commands', 'config', 'embedded-postgres', 'lib', 'platform', 'service.ts', 'simulator', 'store'],
  },
}

interface Import {
  file: string
  from: string
  to: string
  isType: boolean
}

const imports = filesIn(['src'], ['.ts']).flatMap(importsOf)

test('folders import what they may', () => {
  const forbidden = imports.filter(({ from, to, isType }) => {
    const allowed = may[from]
    return !allowed?.import.includes(to) && !(isType && allowed?.types?.includes(to))
  })
  expect(forbidden.map(({ file, to, isType }) => `${file} → ${to}${isType ? ' (types)' : ''}`)).toEqual([])
})

test('and may import nothing that they do not', () => {
  const used = new Set(imports.map(({ from, to }) => `${from} → ${to}`))
  const allowed = Object.entries(may).flatMap(([from, { import: values, types = [] }]) =>
    [...values, ...types].map((to) => `${from} → ${to}`),
  )
  expect(allowed.filter((edge) => !used.has(edge))).toEqual([])
})

test('what is pure knows no server and no database', () => {
  const servers = /from '(?:fastify|@fastify\/\w+|pg|prom-client|node:http|node:net)'/
  expect(filesIn(['src/platform', 'src/calls'], ['.ts']).filter((file) => servers.test(read(file)))).toEqual([])
})

test('docs/architecture.md has a sentence on each folder', () => {
  const guide = read('docs/architecture.md')
  const folders = new Set(imports.map(({ from }) => from).filter((from) => !from.endsWith('.ts')))
  expect([...folders].filter((folder) => !guide.includes(`| \`src/${folder}\` |`))).toEqual([])
})

function importsOf(file: string): Import[] {
  const from = partOf(file)
  const statements = read(file).matchAll(
    /^(?:import|export)\s(type\s)?[^'"]*?\bfrom\s'(\.[^']+)'|\bimport\('(\.[^']+)'\)/gm,
  )
  return [...statements]
    .map(([, type, static_, dynamic]) => ({
      file,
      from,
      to: partOf(join(dirname(file), static_ ?? dynamic ?? '')),
      isType: type !== undefined,
    }))
    .filter(({ to }) => to !== from)
}

/** The folder of a file right under src; the file itself where it stands there, or is a program of its own. */
function partOf(file: string): string {
  const inside = file.slice('src/'.length)
  return inside in may ? inside : (inside.split('/')[0] ?? inside)
}
