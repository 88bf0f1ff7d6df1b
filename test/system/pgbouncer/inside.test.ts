import { describe } from 'vitest'
// First, so that what they do at the end of a test file is done at the end of this one.
import '../../support/database.ts'
import { throughPgbouncer } from './through-pgbouncer.ts'

throughPgbouncer()

for (const file of ['conflict', 'copy-first', 'deadline', 'refused-record'])
  describe(`${file}, through pgbouncer`, async () => void (await import(`../../ingest/${file}.test.ts`)))
for (const file of ['folder', 'maintenance'])
  describe(`${file}, through pgbouncer`, async () => void (await import(`../../maintenance/${file}.test.ts`)))
describe('the page, through pgbouncer', async () => void (await import('../../page/page.test.ts')))
