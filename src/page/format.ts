import type { Language } from './texts/texts.ts'

/** Units of time, the longest first, each with its length in seconds. */
const units: Readonly<Record<Language, readonly (readonly [string, number])[]>> = {
  en: [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ],
  'zh-CN': [
    ['天', 86_400],
    ['小时', 3600],
    ['分', 60],
    ['秒', 1],
  ],
}

/** How times and figures are written for people, in their language and in TIME_ZONE. Null becomes a dash. */
export class Format {
  readonly timeZone: string
  readonly none = '–'
  readonly #units: (typeof units)[Language]
  readonly #time: Intl.DateTimeFormat
  readonly #number: Intl.NumberFormat
  readonly #percent: Intl.NumberFormat
  readonly #change: Intl.NumberFormat
  readonly #difference: Intl.NumberFormat

  constructor(language: Language, timeZone: string) {
    this.timeZone = timeZone
    this.#units = units[language]
    // Swedish writes 2026-11-22 09:00:00, which every reader of logs can sort and compare.
    this.#time = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' })
    this.#number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 })
    this.#percent = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 })
    this.#change = new Intl.NumberFormat(language, {
      style: 'percent',
      maximumFractionDigits: 0,
      signDisplay: 'exceptZero',
    })
    this.#difference = new Intl.NumberFormat(language, { maximumFractionDigits: 1, signDisplay: 'exceptZero' })
  }

  /** 2026-11-22 09:00:00 */
  time(time: Date | null | undefined): string {
    return time ? this.#time.format(time) : this.none
  }

  /** 11-22 */
  day(time: Date): string {
    return this.time(time).slice(5, 10)
  }

  /** 09:00:00 */
  clock(time: Date | null | undefined): string {
    return time ? this.time(time).slice(11) : this.none
  }

  /** 09:00 */
  minute(time: Date): string {
    return this.time(time).slice(11, 16)
  }

  number(value: number | null | undefined): string {
    return isNumber(value) ? this.#number.format(value) : this.none
  }

  /** Of a part of 1. */
  percent(value: number | null | undefined): string {
    return isNumber(value) ? this.#percent.format(value) : this.none
  }

  /** +12%, of a part of 1. */
  change(value: number): string {
    return this.#change.format(value)
  }

  /** +1.2 */
  difference(value: number): string {
    return this.#difference.format(value)
  }

  /** Seconds as 3.2 s, 3 min 20 s, 2 h 5 min: two units at most, and never what reads as a time of day. */
  duration(value: number | null | undefined): string {
    if (!isNumber(value)) return this.none
    const size = Math.abs(value)
    const sign = value < 0 ? '-' : ''
    if (size < 59.95) return `${sign}${this.number(size)} ${this.#units.at(-1)?.[0]}`
    const longest = this.#units.findIndex(([, length]) => Math.round(size) >= length)
    const two = this.#units.slice(longest, longest + 2)
    const smallest = two.at(-1)?.[1] ?? 1
    let rest = Math.floor(Math.round(size) / smallest) * smallest
    const parts = two.map(([unit, length]) => {
      const count = Math.floor(rest / length)
      rest -= count * length
      return count > 0 ? `${this.number(count)} ${unit}` : ''
    })
    return sign + parts.filter(Boolean).join(' ')
  }

  bytes(value: number | null | undefined): string {
    if (!isNumber(value)) return this.none
    const unit = Math.min(4, Math.floor(Math.log2(Math.max(value, 1)) / 10))
    return `${this.number(value / 1024 ** unit)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB'][unit]}`
  }
}

function isNumber(value: number | null | undefined): value is number {
  return value !== null && value !== undefined && Number.isFinite(value)
}
