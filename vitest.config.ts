import { configDefaults, defineConfig } from 'vitest/config'

/** Fault tests (full disks, killed processes, lost networks) take minutes: only with FAULTS=1. */
const withFaults = Boolean(process.env.FAULTS)

export default defineConfig({
  test: {
    environment: 'node',
    dir: 'test',
    exclude: withFaults ? configDefaults.exclude : [...configDefaults.exclude, '**/faults/**'],
    globalSetup: ['test/support/global-setup.ts'],
    // A test that waits for a child process or a database needs seconds on a busy machine; one that hangs shall not take minutes.
    testTimeout: withFaults ? 120_000 : 60_000,
    // Of itself it gives up after a second.
    expect: { poll: { timeout: 15_000 } },
    hookTimeout: 60_000,
    teardownTimeout: 30_000,
    // Every worker brings its own pools to the one Postgres of the run.
    maxWorkers: 2,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: ['text'],
      thresholds: {
        'src/rtc/**': { branches: 95 },
        'src/ingest/**': { branches: 95 },
      },
    },
  },
})
