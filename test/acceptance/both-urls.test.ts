import { beforeAll, expect, test } from 'vitest'
import { cdr, event, fee } from '../support/callbacks.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { ACCEPTED, send } from '../support/http.ts'
import { scrape, sum } from '../support/metrics.ts'
import { type Program, startProgram } from '../support/program.ts'
import { countRows } from '../support/tables.ts'

let database: TestDatabase
let program: Program

beforeAll(async () => {
  database = await freshDatabase()
  program = await startProgram({ database })
})

test.each([
  ['status', 'an event', event('own'), 0],
  ['fee', 'a CDR', fee(cdr('own')), 0],
  ['fee', 'an event', event('other'), 1],
  ['status', 'a CDR', fee(cdr('other')), 1],
  ['status', 'a CDR that says FEE', { ...fee(cdr('capitals')), eventType: 'FEE' }, 1],
  ['fee', 'a CDR that says Fee', { ...fee(cdr('title')), eventType: 'Fee' }, 0],
])('/rtc/%s takes %s', async (path, _name, body, odd) => {
  const rows = await countRows(database.pool)
  const isFee = 'feeLst' in body
  const before = await scrape(program.adminUrl)
  const answer = await send(`${program.url}/rtc/${path}`, body)
  expect([answer.status, answer.body]).toEqual([200, ACCEPTED])
  const now = await scrape(program.adminUrl)
  const grown = (name: string, labels: Record<string, string>) => sum(now, name, labels) - sum(before, name, labels)
  // eventType decides, and what came to the other path is counted.
  expect(grown('rtc_callbacks_total', { kind: isFee ? 'fee' : 'status', outcome: 'accepted' })).toBe(1)
  expect(grown('rtc_body_oddities_total', { what: 'wrong_path' })).toBe(odd)
  expect(await countRows(database.pool)).toEqual({
    ...rows,
    call_events: rows.call_events + (isFee ? 0 : 1),
    cdrs: rows.cdrs + (isFee ? 1 : 0),
  })
})
