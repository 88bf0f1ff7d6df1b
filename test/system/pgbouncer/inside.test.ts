import { describe } from 'vitest'
import { throughPgbouncer } from './through-pgbouncer.ts'

throughPgbouncer()

for (const file of ['conflict', 'copy-first', 'deadline', 'refused-record'])
  describe(`${file}, through pgbouncer`, async () => void (await import(`../../ingest/${file}.test.ts`)))
for (const file of ['folder', 'maintenance'])
  describe(`${file}, through pgbouncer`, async () => void (await import(`../../maintenance/${file}.test.ts`)))
describe('the page, through pgbouncer', async () => void (await import('../../page/page.test.ts')))
