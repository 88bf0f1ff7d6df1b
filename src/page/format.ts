import type { Language } from './words.ts'

/** How times and figures are written for people, in their language and in TIME_ZONE. Null becomes a dash. */
export class Format {
  readonly timeZone: string
  readonly none = '–'
  readonly #time: Intl.DateTimeFormat
  readonly #number: Intl.NumberFormat
  readonly #percent: Intl.NumberFormat

  constructor(language: Language, timeZone: string) {
    this.timeZone = timeZone
    // Swedish writes 2026-11-22 09:00:00, which every reader of logs can sort and compare.
    this.#time = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' })
    this.#number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 })
    this.#percent = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 })
  }

  /** 2026-11-22 09:00:00 */
  time(time: Date | null | undefined): string {
    return time ? this.#time.format(time) : this.none
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

  /** 3.2 s, 4:05, 1:04:05: talk time and waiting alike. */
  seconds(value: number | null | undefined): string {
    if (!isNumber(value)) return this.none
    if (value < 60) return `${this.number(value)} s`
    const whole = Math.round(value)
    const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
    const two = (part: number) => String(part).padStart(2, '0')
    return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`
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
