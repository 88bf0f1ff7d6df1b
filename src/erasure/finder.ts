import { type PhoneNumber, parseNumber } from './number.ts'

/** What may stand between two digits of one number, up to three in a row. */
const separators =
  '-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d.\uff0e\u00b7/+()\uff08\uff09 \u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b\u202f\u205f\u3000\ufeff'
/** The same as a class for regular expressions, and NUL: digits in UTF-16 have one beside them. */
const between = `[${separators.replace(/[-/]/g, String.raw`\$&`)}\\0]{0,3}`

const wideDigits = '０１２３４５６７８９'
const anyDigit = /[0-9０-９]/

/** What may stand right before the digits: country and trunk prefix of a Chinese number, 00 of another one. */
const prefixes = { chinese: /^(?:(?:00)?86)?0?$/, foreign: /^(?:00)?$/ }
/** One digit more than the longest of them, 00860. */
const furthestBack = 6
/** Another country before a Chinese number without its 86: +1 380 000 0021, +49 138 00000021. */
const foreignCountry = new RegExp(`[+\uff0b](?!(?:86|８６))(?:[0-9０-９]{1,3}${between})?$`)

/** No character of Base64 of either alphabet. One at a time: V8 keeps a stack for how far a repetition has come. */
const notBase64 = /[^\w+/-]/
/** Shorter Base64 holds no number. */
const shortestBase64 = 10

const escapedByte = /%([0-7][0-9a-fA-F])/g
/** Without its backslashes, of which there may be any number. */
const escapedDigit = /u(003[0-9]|ff1[0-9])/gi

/**
 * Finds a phone number in whatever is stored, by its digits: with or without +86, in digits of both widths, with
 * separators anywhere between them, inside longer text, and in plain Base64 of a whole value, as userData is sent when
 * it holds Chinese or braces (protocol.md: placing a verification call). Digits and separators have nothing in common,
 * so an attempt at a match never goes back: the time grows with the length of a text and with nothing else, also where
 * its sender knows the number.
 */
export class NumberFinder {
  readonly #number: PhoneNumber
  readonly #core: RegExp
  readonly #prefix: RegExp

  /** @param written the number as people write it; throws NumberError */
  constructor(written: string) {
    this.#number = parseNumber(written)
    this.#prefix = this.#number.isChinese ? prefixes.chinese : prefixes.foreign
    this.#core = new RegExp(
      [...this.#number.digits].map((digit) => `[${digit}${wideDigits[+digit]}]`).join(between),
      'g',
    )
  }

  /**
   * What Postgres looks for before a row is read here; all texts that hold the number pass, and others may. translate()
   * makes the characters of `from` those of `to` and takes out the rest, then the text is LIKE `pattern`; as it is, it is
   * LIKE one of `encoded`.
   */
  get sql(): { from: string; to: string; pattern: string; encoded: string[] } {
    const { digits, isChinese } = this.#number
    return {
      from: wideDigits + separators,
      to: '0123456789',
      pattern: `%${digits}%`,
      // The last four digits of a Chinese number stand together however it is grouped.
      encoded: encodedCores(isChinese ? digits.slice(-4) : digits).map((core) => `%${core}%`),
    }
  }

  /** Whether a text holds the number, and not only its digits inside another one. */
  isIn(text: string): boolean {
    if (this.#holds(text)) return true
    const decoded = decodeBase64(text)
    return decoded !== undefined && this.#holds(decoded)
  }

  /**
   * Whether its digits stand there at all, inside other ones too, written as \\u0031, or in Base64 somewhere in the text:
   * for bodies, which are deleted rather than changed.
   */
  mayBeIn(text: string): boolean {
    const plain = text
      .replaceAll('\\', '')
      .replace(escapedDigit, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    if (plain.search(this.#core) >= 0) return true
    return plain
      .split(notBase64)
      .some(
        (value) => value.length >= shortestBase64 && Buffer.from(value, 'base64').toString().search(this.#core) >= 0,
      )
  }

  /** A JSON value with the pseudonym in the place of each text, number and name of a member that holds the number. */
  replaceIn(value: unknown, pseudonym: string): unknown {
    if (typeof value === 'string' || typeof value === 'number') return this.isIn(String(value)) ? pseudonym : value
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map((item) => this.replaceIn(item, pseudonym))
    let renamed = 0
    // Two names of one object that hold it stay two.
    const nameOf = (name: string) => (this.isIn(name) ? `${pseudonym}${renamed++ > 0 ? `-${renamed}` : ''}` : name)
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [nameOf(name), this.replaceIn(member, pseudonym)]),
    )
  }

  #holds(text: string): boolean {
    // What a URL writes as %2B or %20 is no digit of the number beside it.
    const plain = text.includes('%')
      ? text.replace(escapedByte, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
      : text
    this.#core.lastIndex = 0
    for (let match = this.#core.exec(plain); match; match = this.#core.exec(plain)) {
      if (this.#isWhole(plain, match.index, this.#core.lastIndex)) return true
      this.#core.lastIndex = match.index + 1
    }
    return false
  }

  #isWhole(text: string, start: number, end: number): boolean {
    if (anyDigit.test(text.charAt(end))) return false
    const prefix = digitsBefore(text, start)
    if (!this.#prefix.test(prefix)) return false
    return !this.#number.isChinese || prefix !== '' || !foreignCountry.test(text.slice(Math.max(0, start - 8), start))
  }
}

/** The digits right before a place, as far as they matter. */
function digitsBefore(text: string, end: number): string {
  let start = end
  while (start > 0 && end - start < furthestBack && anyDigit.test(text.charAt(start - 1))) start--
  return text.slice(start, end).replace(/[０-９]/g, (digit) => String(wideDigits.indexOf(digit)))
}

/** The text that a whole value encodes, where it is Base64 of either alphabet. */
function decodeBase64(text: string): string | undefined {
  const value = text.trim().replace(/={1,2}$/, '')
  return value.length < shortestBase64 || notBase64.test(value) ? undefined : Buffer.from(value, 'base64').toString()
}

/** The characters of Base64 that depend on nothing but this text, in each of the three places where a group may begin. */
function encodedCores(text: string): string[] {
  return [0, 1, 2].map((offset) =>
    Buffer.from('\0'.repeat(offset) + text)
      .toString('base64')
      .slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + text.length) * 8) / 6)),
  )
}
