import { afterAll } from 'vitest'

const cleanups: (() => unknown)[] = []

/** Runs this when the test file is over, whatever became of it; what was said last runs first. */
export function atEndOfFile(cleanup: () => unknown): void {
  cleanups.push(cleanup)
}

/** For the set-up of each test file. Runs all of them even where one fails. */
export function cleanUpAtEndOfFile(): void {
  afterAll(async () => {
    const errors: unknown[] = []
    for (let cleanup = cleanups.pop(); cleanup; cleanup = cleanups.pop()) {
      try {
        await cleanup()
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw errors[0]
  })
}
