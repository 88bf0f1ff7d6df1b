const YEAR_MS = 365 * 86_400_000
const looseTime = /^[ \t]*(\d{4}-\d{2}-\d{2})[ \t]+(\d{2}:\d{2}:\d{2})[ \t]*$/

/**
 * Reads a time as the platform writes it: `yyyy-MM-dd HH:mm:ss`, UTC. Samples of 2019 have two blanks in the middle,
 * so any run of blanks and tabs is taken there and at both ends.
 *
 * @returns the canonical text with one blank (the same string when it was so already), or undefined for what is not
 *   a time: another shape, an impossible date such as 2019-02-30, hour 24, second 60, year 0000.
 */
export function parseTime(text: string): string | undefined {
  if (isCanonicalTime(text)) return text
  // Any text of a record may be asked for, and nearly all of it shows here that it is no time.
  if (text.length < 19 || (!isBlank(text, 0) && !isDash(text, 4))) return undefined
  const parts = looseTime.exec(text)
  if (!parts) return undefined
  const canonical = `${parts[1]} ${parts[2]}`
  return isCanonicalTime(canonical) ? canonical : undefined
}

/** Milliseconds since 1970 of a canonical time from the year 100 on (Date.UTC takes lower years for 19xx). */
export function toMillis(canonical: string): number {
  const year = twoDigits(canonical, 0) * 100 + twoDigits(canonical, 2)
  return Date.UTC(
    year,
    twoDigits(canonical, 5) - 1,
    twoDigits(canonical, 8),
    twoDigits(canonical, 11),
    twoDigits(canonical, 14),
    twoDigits(canonical, 17),
  )
}

/**
 * Whether a canonical time can be one of a call at all. What lies before 2000 or after 2099 is a placeholder for none
 * (`1970-01-01 00:00:00`, `9999-12-31 23:59:59`). The bounds are fixed: the choice of a record's key time rests on them,
 * and a record sent again next year must get the same key.
 */
export function isPlausible(canonical: string): boolean {
  return canonical >= '2000' && canonical < '2100'
}

/**
 * Whether a plausible time lies more than 13 months after `now` (milliseconds). Times come from outside and each period
 * of key times has a partition, so what a broken sender can create must be bounded.
 */
export function isTooFarAhead(canonical: string, now: number): boolean {
  const time = toMillis(canonical)
  return time > now + YEAR_MS && time > addMonths(now, 13)
}

/** The same day and time some months later; the last day of the month where that day does not exist. */
function addMonths(now: number, months: number): number {
  const date = new Date(now)
  const day = date.getUTCDate()
  date.setUTCMonth(date.getUTCMonth() + months)
  if (date.getUTCDate() !== day) date.setUTCDate(0)
  return date.getTime()
}

const TAB = 9
const BLANK = 32
const DASH = 45
const COLON = 58

function isBlank(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code === BLANK || code === TAB
}

function isDash(text: string, at: number): boolean {
  return text.charCodeAt(at) === DASH
}

// Every record has up to eight times, so no Date object and no regular expression for the usual form.
function isCanonicalTime(text: string): boolean {
  if (text.length !== 19) return false
  if (!isDash(text, 4) || !isDash(text, 7) || text.charCodeAt(10) !== BLANK) return false
  if (text.charCodeAt(13) !== COLON || text.charCodeAt(16) !== COLON) return false
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2)
  const month = twoDigits(text, 5)
  const day = twoDigits(text, 8)
  // Written so that NaN, which stands for "no digits", fails every comparison.
  return (
    year >= 1 &&
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    (day <= 28 || day <= daysInMonth(year, month)) &&
    twoDigits(text, 11) <= 23 &&
    twoDigits(text, 14) <= 59 &&
    twoDigits(text, 17) <= 59
  )
}

function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48
  const units = text.charCodeAt(at + 1) - 48
  return tens >= 0 && tens <= 9 && units >= 0 && units <= 9 ? tens * 10 + units : Number.NaN
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}
