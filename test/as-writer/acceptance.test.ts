import { describe } from 'vitest'
// First, so that what they do at the end of a test file is done at the end of this one.
import '../support/database.ts'
import '../support/program.ts'
import { asWriter } from '../support/as-writer.ts'

asWriter()
for (const file of ['durable', 'ledger', 'once-each', 'one-bad-record', 'postgres-away'])
  describe(`${file}, as rtc_writer`, async () => void (await import(`../acceptance/${file}.test.ts`)))
