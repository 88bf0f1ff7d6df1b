/** The samples of a scrape, each under its name and labels as Prometheus writes them. */
export type Scrape = Map<string, number>

export async function scrapeText(adminUrl: string): Promise<string> {
  return (await fetch(`${adminUrl}/metrics`)).text()
}

export async function scrape(adminUrl: string): Promise<Scrape> {
  return new Map(
    (await scrapeText(adminUrl))
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  )
}

/** The sum of all samples of a metric that carry these labels. */
export function sum(scrape: Scrape, name: string, labels: Record<string, string> = {}): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
  let total = 0
  for (const [sample, value] of scrape) {
    const [metric, rest = ''] = sample.split(/\{|\}/)
    if (metric === name && wanted.every((label) => rest.split(',').includes(label))) total += value
  }
  return total
}

/** Both sides of the two sums that hold at every scrape. */
export function ledger(scrape: Scrape): {
  received: number
  accounted: number
  spooled: number
  spoolAccounted: number
} {
  const live = sum(scrape, 'rtc_records_total', { via: 'live' })
  return {
    received: sum(scrape, 'rtc_records_received_total'),
    accounted: live + sum(scrape, 'rtc_inflight_records'),
    spooled: sum(scrape, 'rtc_spool_start_records') + sum(scrape, 'rtc_records_total', { outcome: 'spooled' }),
    spoolAccounted:
      sum(scrape, 'rtc_records_total', { via: 'spool' }) +
      sum(scrape, 'rtc_spool_set_aside_total') +
      sum(scrape, 'rtc_spool_records'),
  }
}
