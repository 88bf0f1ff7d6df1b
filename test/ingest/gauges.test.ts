import { rm } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { TestReceiver } from '../support/receiver.ts'
import { temporaryDirectory } from '../support/spool.ts'

test('a directory that is gone costs its own figure and not the whole scrape', async () => {
  const directory = await temporaryDirectory()
  const it = await TestReceiver.start((await freshDatabase()).url, { directory })
  expect(await it.metric('rtc_disk_free_bytes')).toBeGreaterThan(0)
  await rm(directory, { recursive: true })
  expect(await it.metric('rtc_disk_free_bytes')).toBeNaN()
  expect(await it.metric('rtc_spool_records')).toBe(0)
})
