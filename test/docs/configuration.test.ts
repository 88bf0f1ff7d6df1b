import { expect, test } from 'vitest'
import { Environment, secretVariables, sections } from '../../src/config/variables.ts'
import { path, read } from './files.ts'

interface Variable {
  description: string
  default?: unknown
}

const secrets: readonly string[] = secretVariables
const bySection = Object.entries(sections) as unknown as [string, Record<string, Variable>][]
const regenerate = 'differs from src/config/variables.ts: npx vitest run test/docs/configuration.test.ts -u'

test('every variable is in one section', () => {
  const named = bySection.flatMap(([, variables]) => Object.keys(variables))
  expect(named.sort()).toEqual(Object.keys(Environment.properties).sort())
})

test('docs/configuration.md has name, default and meaning of each', async () => {
  const guide = read('docs/configuration.md')
  const [before = '', rest = ''] = guide.split(/(?<=<!-- variables -->\n)/)
  const after = rest.slice(rest.indexOf('<!-- end of variables -->'))
  const tables = bySection.map(([title, variables]) =>
    [
      `### ${title}`,
      '',
      '| variable | default | meaning |',
      '|---|---|---|',
      ...Object.entries(variables).map(row),
    ].join('\n'),
  )
  await expect(`${before}\n${tables.join('\n\n')}\n\n${after}`).toMatchFileSnapshot(
    path('docs/configuration.md'),
    regenerate,
  )
})

test('docs/configuration.zh-CN.md names each with its default', () => {
  const rows = [...read('docs/configuration.zh-CN.md').matchAll(/^\| `(\w+)` \| (.*?) \|/gm)]
  const expected = bySection.flatMap(([, variables]) => Object.entries(variables))
  expect(rows.map(([, name, fallback]) => [name, fallback])).toEqual(
    expected.map(([name, variable]) => [name, defaultOf(variable)]),
  )
})

test('.env.example has each, set to its default or commented out', async () => {
  const intro = [
    '# Every variable with its default; what is commented out is unset. Copy this file to .env in the directory where the',
    '# receiver starts: it is read there, and the environment wins. docs/configuration.md says what each one sets.',
  ].join('\n')
  const parts = bySection.map(([title, variables]) =>
    [`# ${title}`, ...Object.entries(variables).map(([name, { default: value }]) => assignment(name, value))].join(
      '\n',
    ),
  )
  await expect(`${[intro, ...parts].join('\n\n')}\n`).toMatchFileSnapshot(path('.env.example'), regenerate)
})

function row([name, variable]: [string, Variable]): string {
  const { description } = variable
  const file = secrets.includes(name) ? `, or \`${name}_FILE\`` : ''
  return `| \`${name}\`${file} | ${defaultOf(variable)} | ${description[0]?.toUpperCase()}${description.slice(1)} |`
}

function defaultOf({ default: value }: Variable): string {
  return value === undefined ? '–' : String(value)
}

function assignment(name: string, value: unknown): string {
  return value === undefined ? `#${name}=` : `${name}=${value}`
}
