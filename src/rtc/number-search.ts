/** What was given is no number that could be told from other digits. Says what it should be, never what it was. */
export class NumberError extends Error {}

// Digits of both widths, and what may stand between groups of them, in plain text, URLs and JSON.
const anyDigit = '[0-9\uff10-\uff19]'
const wide = (digits: string) => digits.replace(/[0-9]/g, (digit) => String.fromCharCode(0xff10 + Number(digit)))
const either = (digits: string) => `(?:${digits}|${wide(digits)})`
const plus = '[+\uff0b]'
const mark = '[-\u2010-\u2015\u2212\uff0d.\uff0e\u00b7/+()\uff08\uff09 \t\u00a0\u2000-\u200b\u202f\u205f\u3000\ufeff]'
const encodedMark = '%(?:25){0,2}(?:20|2[bBdDeEfF89]|[cC]2%(?:25){0,2}[aA]0)'
const gap = String.raw`(?:${mark}|\(0\)|\\{1,8}[nrt]|${encodedMark}){0,3}`

/**
 * Finds a phone number in whatever was stored: with or without +86 or 0086, with a 0 before it, in groups (138 0000 0021),
 * inside longer text, and inside Base64, as userData is sent when it holds Chinese or braces (CV-api). Another number that
 * merely contains its digits is left alone.
 */
export class NumberSearch {
  /** Patterns for LIKE. All texts that hold the number match one of them; others may match too. */
  readonly patterns: string[]
  readonly #anywhere: RegExp
  readonly #plain: RegExp
  readonly #encoded: { text: string; offset: number }[]

  /** Throws NumberError for what is too short, or whose country is not known. */
  constructor(number: string) {
    const { digits, isChinese } = parse(number)
    const cuts = cutsOf(digits, isChinese)
    const core = `(?:${divided(digits, cuts, gap)}|${divided(wide(digits), cuts, gap)})`
    // The digits of %20 in a URL belong to no number.
    const edge = `(?:(?<=%(?:25){0,2}[0-9a-fA-F]{2})|(?<!${anyDigit}))`
    // A + before a Chinese number without its 86 makes it a foreign one: +1 380 000 0021, +49 138 00000021.
    const native = `(?<!(?:${plus}|%2[bB])(?:${anyDigit}{1,3}${mark}{1,3})?)`
    const country = isChinese
      ? `(?:(?:${plus}|${edge}(?:${either('00')}${gap})?)${either('86')}${gap}|${edge}${native})(?:${either('0')}${gap})?`
      : `(?:${plus}|(?<=%2[bB])|${edge}${either('00')}${gap}|${edge}${native})`
    this.#plain = new RegExp(`${country}${core}(?!${anyDigit})`, 'g')
    const layouts = isChinese ? encodedLayouts(digits, cuts) : [digits]
    this.#encoded = layouts.flatMap(encodedCores)
    this.#anywhere = new RegExp([core, ...this.#encoded.map(({ text }) => text)].join('|'))
    const parts = [
      divided(digits, cuts, '%'),
      divided(wide(digits), cuts, '%'),
      // The last four digits of a Chinese number stand together in every layout.
      ...encodedCores(isChinese ? digits.slice(-4) : digits).map(({ text }) => text),
    ]
    this.patterns = parts.map((part) => `%${part}%`)
  }

  /** The text with the pseudonym in the place of the number, wherever it stands. */
  replace(text: string, pseudonym: string): string {
    if (!this.#anywhere.test(text)) return text
    return this.#replaceEncoded(text.replace(this.#plain, pseudonym), pseudonym)
  }

  /** Whether `replace` would find it: ends at the first place, where replacing a hostile text takes minutes. */
  isIn(text: string): boolean {
    if (!this.#anywhere.test(text)) return false
    if (text.search(this.#plain) >= 0) return true
    for (const { text: core, offset } of this.#encoded) {
      for (let at = text.indexOf(core); at >= 0; at = text.indexOf(core, at + 1)) {
        const { window = '' } = groupsAround(text, at, core, offset) ?? {}
        if (Buffer.from(window, 'base64').toString('latin1').search(this.#plain) >= 0) return true
      }
    }
    return false
  }

  /** `replace` for a JSON value: names, texts, and numbers, of which a text is made. */
  replaceDeep(value: unknown, pseudonym: string): unknown {
    if (typeof value === 'string') return this.replace(value, pseudonym)
    if (typeof value === 'number') {
      const text = String(value)
      const replaced = this.replace(text, pseudonym)
      return replaced === text ? value : replaced
    }
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map((item) => this.replaceDeep(item, pseudonym))
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [
        this.replace(name, pseudonym),
        this.replaceDeep(member, pseudonym),
      ]),
    )
  }

  /**
   * Base64 has a text in one of three shapes, by how many bytes come before it, and the shape tells where the groups of
   * four characters begin. Those around the number are decoded, and encoded again with a multiple of three bytes more, so
   * that all other groups stay as they are.
   */
  #replaceEncoded(text: string, pseudonym: string): string {
    let result = text
    for (const { text: core, offset } of this.#encoded) {
      for (let at = result.indexOf(core); at >= 0; at = result.indexOf(core, at + 1)) {
        const found = groupsAround(result, at, core, offset)
        if (!found) continue
        const { start, window } = found
        const decoded = Buffer.from(window, 'base64').toString('latin1')
        const replaced = decoded.replace(this.#plain, (number) => {
          const missing = (((number.length - pseudonym.length) % 3) + 3) % 3
          return pseudonym + '.'.repeat(missing)
        })
        if (replaced === decoded) continue
        const bytes = Buffer.from(replaced, 'latin1')
        let again = bytes.toString(/[-_]/.test(window) ? 'base64url' : 'base64').replaceAll('=', '')
        again += /=*$/.exec(window)?.[0] ?? ''
        result = result.slice(0, start) + again + result.slice(start + window.length)
      }
    }
    return result
  }
}

/** The groups of four characters around a core, and where they begin; undefined where it is no Base64. */
function groupsAround(text: string, at: number, core: string, offset: number) {
  // Characters of the core's first group that stand before it.
  const before = [0, 2, 3][offset] as number
  const left = /[\w+/-]*$/.exec(text.slice(Math.max(0, at - 19), at))?.[0].length ?? 0
  if (left < before) return undefined
  const start = at - left + ((left - before) % 4)
  const right = /^[\w+/-]*={0,2}/.exec(text.slice(at, at + core.length + 16))?.[0].length ?? 0
  const length = right === core.length + 16 ? right - ((at + right - start) % 4) : right
  return { start, window: text.slice(start, at + length) }
}

/** The characters of Base64 that depend on nothing but this text, in each of the three shapes. */
function encodedCores(text: string): { text: string; offset: number }[] {
  return [0, 1, 2].map((offset) => {
    const encoded = Buffer.from('\0'.repeat(offset) + text).toString('base64')
    return {
      text: encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + text.length) * 8) / 6)),
      offset,
    }
  })
}

/** Where people divide a number: a fixed one as in 0755 8765 4321, a mobile one anywhere after 138, a foreign one anywhere. */
function cutsOf(digits: string, isChinese: boolean): number[] {
  if (isChinese && !isMobile(digits)) return [/^(?:10|2)/.test(digits) ? 2 : 3, digits.length - 4]
  const first = isChinese ? 3 : 1
  return Array.from({ length: digits.length - first - 1 }, (_, i) => first + i)
}

/** In Base64 each form has to be tried by itself: only the usual ones are, with the same sign at both places. */
function encodedLayouts(digits: string, [first = 0]: number[]): string[] {
  const last = digits.length - 4
  const usual = [[first], [last], [first, last]]
  return [digits, ...usual.flatMap((cuts) => [' ', '-', '.', ')'].map((sign) => divided(digits, cuts, sign)))]
}

function divided(digits: string, cuts: number[], by: string): string {
  return [...digits].map((digit, i) => (cuts.includes(i) ? by : '') + digit).join('')
}

const isMobile = (digits: string) => /^1[3-9][0-9]{9}$/.test(digits)

/** Digits without what may stand before them: of a Chinese number those after 86 and 0, of others all with the country. */
function parse(written: string): { digits: string; isChinese: boolean } {
  const compact = written.trim().replace(/[ ()./-]/g, '')
  const [, plus, rest = ''] = /^(\+|00)?([0-9]{1,20})$/.exec(compact) ?? []
  const chinese = plus
    ? /^860?([1-9][0-9]{6,12})$/.exec(rest)
    : (/^(?:86)?(1[3-9][0-9]{9})$/.exec(rest) ?? /^0([1-9][0-9]{8,11})$/.exec(rest))
  if (chinese?.[1]) return { digits: chinese[1], isChinese: true }
  if (plus && !rest.startsWith('86') && rest.length >= 7) return { digits: rest, isChinese: false }
  throw new NumberError(
    'the number should have its country (+86…, 0086…, +44…) or be a Chinese one with its area code (0755…), and at least 7 digits',
  )
}
