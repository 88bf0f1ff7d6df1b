import { Counter, Histogram, type Registry } from 'prom-client'

/** X-AKSK headers. */
export class SignatureMetrics {
  /** Counted here and handed over at a scrape: prom-client takes longer to find a sample by its labels. */
  readonly #results = new Map<string, { labels: Record<'app' | 'result' | 'form', string>; count: number }>()
  readonly #age: Histogram

  constructor(registry: Registry) {
    const registers = [registry]
    const results = this.#results
    new Counter({
      name: 'rtc_signature_total',
      help: 'X-AKSK headers by what was found, and which documented form of the digest matched',
      labelNames: ['app', 'result', 'form'],
      registers,
      collect() {
        this.reset()
        for (const { labels, count } of results.values()) this.inc(labels, count)
      },
    })
    this.#age = new Histogram({
      name: 'rtc_signature_age_seconds',
      help: 'Age of signed headers whose digest is right',
      buckets: [1, 2, 5, 10, 30, 60, 300, 900, 3600, 21_600, 86_400],
      registers,
    })
  }

  /** @param app a configured one, or `unknown`: a sender must not make up labels */
  found(app: string, result: string, form: string): void {
    const key = `${app} ${result} ${form}`
    const sample = this.#results.get(key)
    if (sample) sample.count++
    else this.#results.set(key, { labels: { app, result, form }, count: 1 })
  }

  age(seconds: number): void {
    this.#age.observe(seconds)
  }
}
