import { mkdir } from 'node:fs/promises'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { withClient } from '../../src/store/pool.ts'
import { insertQuarantine } from '../../src/store/quarantine.ts'
import { privateListener } from '../page/private-listener.ts'
import { insertDayOfCalls, store } from '../store/day-of-calls.ts'
import { cdrRow, eventRow, quarantineRow } from '../store/rows.ts'
import { cdr } from '../support/callbacks.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { startBrowser, watchedPage } from './browser.ts'

let browser: Browser
let day: TestDatabase
beforeAll(async () => {
  browser = await startBrowser()
  day = await freshDatabase()
  await insertDayOfCalls(day.pool, { calls: 1500 })
})
afterAll(() => browser?.close())

const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true }

describe('in a real browser', () => {
  test('from the overview to one call and back, by keyboard too, without a complaint', async () => {
    const origin = await (await privateListener(day.url)).listen()
    const { page, complaints } = await watchedPage(browser, origin)
    await page.goto('/')
    expect(await page.title()).toBe('Overview · RTC callback receiver')

    const plots = page.locator('.plot svg.area')
    expect(await plots.count()).toBe(8)
    for (const plot of await plots.all()) {
      const { width, height } = (await plot.boundingBox()) ?? { width: 0, height: 0 }
      expect(width).toBeGreaterThan(300)
      expect(height).toBeGreaterThan(80)
      expect(await plot.locator('.bar, .line').count()).toBeGreaterThan(0)
    }
    // What a screen reader calls them, and the same values as a table.
    await page.getByRole('img', { name: 'Calls by outcome' }).waitFor()
    await page.getByText('Show as table: Calls by outcome').click()
    expect(await page.getByRole('region', { name: 'Calls by outcome' }).locator('tbody tr').count()).toBe(24)

    await page.getByRole('link', { name: 'Last hour' }).click()
    await page.waitForURL('**/?period=hour')
    await page.getByRole('link', { name: 'Calls', exact: true }).click()
    await page.getByRole('checkbox', { name: 'Answered' }).check()
    await page.getByRole('button', { name: 'Search' }).first().click()
    await page.waitForURL('**/calls?*outcome=answered')
    await page.locator('table a').first().click()
    await page.getByRole('heading', { name: 'Legs' }).waitFor()
    const session = await page.locator('dd code').first().innerText()

    // Keyboard alone: the first stop leads past the navigation; the field in the head finds a session.
    await page.keyboard.press('Tab')
    expect(await page.locator(':focus').innerText()).toBe('Skip to content')
    await page.keyboard.press('Enter')
    expect(await page.locator('main:focus').count()).toBe(1)
    await page.getByRole('search').getByRole('combobox').selectOption('session')
    await page.getByRole('search').getByRole('textbox').focus()
    await page.keyboard.type(session)
    await page.keyboard.press('Enter')
    await page.waitForURL('**/call/*')
    expect(await page.locator('dd code').first().innerText()).toBe(session)
    expect(complaints).toEqual([])
    await page.context().close()
  })

  test('a bar leads to its calls', async () => {
    const { page, complaints } = await watchedPage(browser, await (await privateListener(day.url)).listen())
    await page.goto('/')
    await page.locator('.plot a:has(.bar.quiet)').first().click()
    await page.waitForURL('**/calls?from=*')
    expect(await page.locator('table a').count()).toBeGreaterThan(0)
    expect(complaints).toEqual([])
    await page.context().close()
  })

  test('a replay is two clicks, and its result is told', async () => {
    const { pool, url } = await freshDatabase()
    const listener = await privateListener(url)
    const body = Buffer.from(JSON.stringify(cdr('1200_1@home1.example')))
    await withClient(pool, (client) =>
      insertQuarantine(client, [
        quarantineRow({
          reason: 'malformed_time',
          body,
          errors: [{ pointer: '/callEndTime', message: 'was too strict' }],
        }),
        quarantineRow({ reason: 'invalid_json', kind: 'unknown', record_index: null, body: Buffer.from('{') }),
      ]),
    )
    const { page, complaints } = await watchedPage(browser, await listener.listen())
    await page.goto('/')
    await page.getByRole('link', { name: /Show.*Quarantine/ }).click()
    await page
      .getByRole('row', { name: /Malformed time/ })
      .getByRole('link')
      .click()
    await page.getByRole('button', { name: 'Replay' }).click()
    await page.waitForURL('**/quarantine?done=replayed*')
    expect(await page.getByRole('status').innerText()).toMatch(/1 stored, 0 already there/)
    expect((await pool.query('SELECT FROM rtc.cdrs')).rowCount).toBe(1)

    await page
      .getByRole('row', { name: /Not JSON/ })
      .getByRole('link')
      .click()
    await page.getByText('The body is not JSON').waitFor()
    await page.getByRole('textbox', { name: 'What was found or done' }).fill('a test of theirs')
    await page.getByRole('button', { name: 'Close' }).click()
    await page.waitForURL('**/quarantine?done=resolved*')
    await page.getByText('The quarantine is empty').waitFor()
    expect(complaints).toEqual([])
    await page.context().close()
  })

  test('entries are ticked and closed together, by Enter too', async () => {
    const { pool, url } = await freshDatabase()
    const entries = [quarantineRow(), quarantineRow({ reason: 'other' }), quarantineRow({ reason: 'third' })]
    await withClient(pool, (client) => insertQuarantine(client, entries))
    const { page, complaints } = await watchedPage(browser, await (await privateListener(url)).listen())
    await page.goto('/quarantine')
    await page.getByRole('checkbox').first().check()
    await page.getByRole('checkbox').last().check()
    await page.getByRole('textbox', { name: 'What was found or done' }).fill('a test of theirs')
    await page.keyboard.press('Enter')
    await page.getByText('2 entries were closed').waitFor()
    expect(await page.getByRole('checkbox').count()).toBe(1)
    await page.getByRole('link', { name: 'Select all' }).click()
    await page.getByRole('button', { name: 'Replay selected' }).click()
    await page.getByText('stayed open').waitFor()
    expect(complaints).toEqual([])
    await page.context().close()
  })

  test('calls are downloaded as they are filtered', async () => {
    const { page, complaints } = await watchedPage(browser, await (await privateListener(day.url)).listen())
    await page.goto('/calls?outcome=busy')
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByText('Download CSV').click()])
    expect(download.suggestedFilename()).toBe('calls.csv')
    expect(complaints).toEqual([])
    await page.context().close()
  })

  test('markup in every field is shown as text and does nothing', async () => {
    const { pool, url } = await freshDatabase()
    const markup = `<img src="http://elsewhere.example/x" onerror="alert(1)"><script>alert(2)</script></td></textarea>'"`
    const now = new Date(Date.now() - 1_200_000).toISOString().slice(0, 19).replace('T', ' ')
    const fields = { session_id: markup, signed_by: markup, received_at: new Date().toISOString() }
    const text = {
      app_key: markup,
      sp_id: markup,
      host_name: markup,
      user_data: markup,
      bind_num: markup,
      caller_num: markup,
    }
    const more = {
      callee_num: markup,
      fwd_dst_num: markup,
      fwd_display_num: markup,
      dyn_ivr_path: markup,
      service_type: markup,
    }
    const event = {
      caller: markup,
      called: markup,
      user_data: markup,
      digit_info: markup,
      party_type: markup,
      state_desc: markup,
    }
    await store(
      pool,
      [
        eventRow({ ...fields, ...event, event_type: markup, occurred_at: now, extra: { [markup]: markup } }),
        eventRow({
          ...fields,
          ...event,
          session_id: `${markup}2`,
          event_type: 'disconnect',
          occurred_at: now,
          state_code: 9999,
        }),
      ],
      [
        cdrRow({
          ...fields,
          ...text,
          ...more,
          icid: markup,
          cdr_time: now,
          call_out_start_time: now,
          extra: { [markup]: markup },
        }),
      ],
    )
    await pool.query('INSERT INTO rtc.apps (app_key, name) VALUES ($1, $1)', [markup])
    const body = Buffer.from(JSON.stringify({ [markup]: { [markup]: markup } }))
    await withClient(pool, (client) =>
      insertQuarantine(client, [
        quarantineRow({ reason: markup, body, signed_by: markup, errors: [{ pointer: markup, message: markup }] }),
      ]),
    )
    const { page, complaints } = await watchedPage(browser, await (await privateListener(url)).listen())
    const filter = `/calls?${new URLSearchParams({ app: markup, company: markup, source: markup, code: markup })}`
    for (const path of [
      '/',
      '/?period=hour',
      '/calls',
      filter,
      '/quarantine',
      `/quarantine?reason=${encodeURIComponent(markup)}`,
    ]) {
      await page.goto(path)
      expect(await page.locator('img, main script, main iframe').count(), path).toBe(0)
      expect(await page.locator('main').innerText(), path).toContain('<img')
    }
    await page.goto(filter)
    expect(await page.locator('main').getByRole('textbox', { name: 'Company number' }).inputValue()).toBe(markup)
    await page.goto('/quarantine')
    await page.locator('table a').first().click()
    // Names come from outside too: what is no plain name is not even shown.
    expect(await page.locator('pre').innerText()).toMatch(/"\*\*\*": "text of \d+"/)
    expect(await page.locator('img, main script').count()).toBe(0)
    await page.goto('/calls')
    const hrefs = await page.locator('table a').evaluateAll((links) => links.map((link) => link.getAttribute('href')))
    expect(hrefs).toHaveLength(2)
    for (const href of hrefs) {
      await page.goto(String(href))
      expect(await page.locator('img, main script').count()).toBe(0)
    }
    expect(complaints).toEqual([])
    await page.context().close()
  })

  test('it refreshes itself, unless somebody is in the middle of something', async () => {
    const { pool, url } = await freshDatabase()
    const listener = await privateListener(url)
    const { page, complaints } = await watchedPage(browser, await listener.listen())
    await page.clock.install()
    await page.goto('/')
    await page.getByText('No callback has arrived yet').waitFor()
    const entries = [quarantineRow(), quarantineRow({ reason: 'other' })]
    await withClient(pool, (client) => insertQuarantine(client, entries))
    // Closing one makes the page forget what it had read.
    const { rows } = await pool.query('SELECT id FROM rtc.quarantine LIMIT 1')
    await listener.post(`/quarantine/${rows[0].id}/resolve`, { why: 'a test' })
    await page.locator('.switch a').first().focus()
    await page.clock.runFor(31_000)
    expect(await page.getByText('No callback has arrived yet').count()).toBe(1)
    await page.locator('.switch a').first().blur()
    await page.clock.runFor(31_000)
    await page.getByText('1 open entry').waitFor()
    expect(complaints).toEqual([])
    await page.context().close()
  })

  test('without JavaScript everything is there, and the page reloads itself', async () => {
    const origin = await (await privateListener(day.url)).listen()
    const { page, complaints } = await watchedPage(browser, origin, { javaScriptEnabled: false })
    await page.goto('/')
    expect(await page.locator('meta[http-equiv=refresh]').getAttribute('content')).toBe('30')
    expect(await page.locator('.plot svg .bar').count()).toBeGreaterThan(24)
    await page.getByRole('link', { name: 'Calls', exact: true }).click()
    expect(await page.locator('table a').count()).toBe(50)
    expect(complaints).toEqual([])
    await page.context().close()
  })

  test.each([
    ['light', 'en-GB', {}],
    ['dark', 'zh-CN', {}],
    ['light', 'zh-CN', phone],
    ['dark', 'en-GB', phone],
  ] as const)(
    '%s, %s, %j: nothing wider than the screen, and text that can be read',
    async (colorScheme, locale, options) => {
      const origin = await (await privateListener(day.url)).listen()
      const { page, complaints } = await watchedPage(browser, origin, { colorScheme, locale, ...options })
      for (const path of ['/', '/calls', '/quarantine']) {
        await page.goto(path)
        // Text of this page's code runs in the browser, whose types are not ours.
        const measured = (await page.evaluate(`(() => {
        const style = getComputedStyle(document.body)
        return {
          over: document.documentElement.scrollWidth - innerWidth,
          cut: [...document.querySelectorAll('.scroll')].filter((each) => each.scrollWidth > each.clientWidth + 1).length,
          lang: document.documentElement.lang,
          text: style.color,
          page: style.backgroundColor,
        }
      })()`)) as { over: number; cut: number; lang: string; text: string; page: string }
        expect(measured.over).toBeLessThanOrEqual(0)
        // No column is out of sight.
        expect([path, measured.cut]).toEqual([path, 0])
        expect(measured.lang).toBe(locale === 'zh-CN' ? 'zh-CN' : 'en')
        expect(contrast(measured.text, measured.page)).toBeGreaterThan(7)
        if (process.env.SCREENSHOTS) {
          await mkdir(process.env.SCREENSHOTS, { recursive: true })
          const name = `${path.slice(1) || 'overview'}-${colorScheme}-${locale}${'viewport' in options ? '-phone' : ''}.png`
          await page.screenshot({ path: `${process.env.SCREENSHOTS}/${name}`, fullPage: true })
        }
      }
      expect(complaints).toEqual([])
      await page.context().close()
    },
  )
})

/** Of two colours as `rgb(1, 2, 3)`, as WCAG counts it. */
function contrast(first: string, second: string): number {
  const luminance = (colour: string) => {
    const [r = 0, g = 0, b = 0] = (colour.match(/\d+/g) ?? []).map((part) => {
      const share = Number(part) / 255
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const [darker = 0, lighter = 0] = [luminance(first), luminance(second)].sort((a, b) => a - b)
  return (lighter + 0.05) / (darker + 0.05)
}
