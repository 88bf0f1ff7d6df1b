import { describe } from 'vitest'
// First, so that what it does at the end of a test file is done at the end of this one.
import '../support/database.ts'
import { asWriter } from '../support/as-writer.ts'

asWriter()
for (const file of ['fold-batch', 'folder', 'maintenance'])
  describe(`${file}, as rtc_writer`, async () => void (await import(`../maintenance/${file}.test.ts`)))
