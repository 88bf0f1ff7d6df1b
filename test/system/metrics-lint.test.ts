import { execFile } from 'node:child_process'
import { expect, inject, test } from 'vitest'
import { event } from '../support/callbacks.ts'
import { send } from '../support/http.ts'
import { scrapeText } from '../support/metrics.ts'
import { startProgram } from '../support/program.ts'

test('promtool has nothing to say against the names, types and help of a scrape', async () => {
  const { url, adminUrl } = await startProgram()
  await send(`${url}/rtc/status`, event('lint'))
  const text = await scrapeText(adminUrl)
  expect(text).toContain('rtc_answer_seconds_bucket')
  const said = await new Promise<string>((resolve) => {
    const child = execFile(inject('tools').promtool, ['check', 'metrics'], (error, stdout, stderr) =>
      resolve(`${error ? `exit ${error.code}\n` : ''}${stdout}${stderr}`),
    )
    child.stdin?.end(text)
  })
  expect(said).toBe('')
})
