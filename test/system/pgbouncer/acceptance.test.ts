import { describe } from 'vitest'
import { throughPgbouncer } from './through-pgbouncer.ts'

/** Those of the acceptance tests that a pooler could break; the others say nothing about the database. */
const files = ['once-each', 'durable', 'ledger', 'one-bad-record', 'postgres-away', 'whole-circle']

throughPgbouncer()

for (const file of files)
  describe(`${file}, through pgbouncer`, async () => void (await import(`../../acceptance/${file}.test.ts`)))
