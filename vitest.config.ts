import { configDefaults, defineConfig } from 'vitest/config'
import { appliesToCitus, citusTests, notOnCitus } from './test/citus/suites.ts'

/** `npm test` needs Node and npm alone and takes minutes. Three suites beside it, each in a folder of its own: */
const suite = process.env.FAULTS
  ? 'faults' // full disks, killed processes, lost networks: a quarter of an hour
  : process.env.SYSTEM
    ? 'system' // what needs programs of the machine: test/system/tools.ts
    : process.env.CITUS
      ? 'citus' // what needs a cluster, and the other tests that it has to pass: test/citus/README.md
      : undefined
const setup = 'test/support/global-setup.ts'

export default defineConfig({
  test: {
    environment: 'node',
    dir: suite && suite !== 'citus' ? `test/${suite}` : 'test',
    ...(suite === 'citus' ? { include: citusTests, testNamePattern: appliesToCitus } : {}),
    exclude:
      suite === 'citus'
        ? notOnCitus
        : suite
          ? configDefaults.exclude
          : [...configDefaults.exclude, '**/{citus,faults,system}/**'],
    // The files of a worker share the modules they import: loading them for each took a third of the CPU time of the tests
    // that start no program.
    isolate: false,
    setupFiles: 'test/support/setup.ts',
    globalSetup: suite === 'system' ? ['test/system/tools.ts', setup] : [setup],
    // A test that waits for a child process or a database needs seconds on a busy machine, promtool a minute; one that
    // hangs shall not take much longer.
    testTimeout: suite ? 240_000 : 120_000,
    // Of itself it gives up after a second.
    expect: { poll: { timeout: 15_000 } },
    hookTimeout: 60_000,
    teardownTimeout: 30_000,
    // In one file instead of six hundred, which each worker would load.
    deps: { optimizer: { ssr: { enabled: true, include: ['typebox', 'typebox/schema', 'typebox/format'] } } },
    // Every worker brings its own pools to the one Postgres of the run.
    maxWorkers: 3,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: ['text'],
      thresholds: {
        'src/platform/**': { branches: 95 },
        'src/ingest/**': { branches: 93 },
      },
    },
  },
})
