/** What was given is no number that could be told from other digits. Says what it should be, never what it was. */
export class NumberError extends Error {}

/** The digits to look for: of a Chinese number those after 86 and the trunk 0, of others all with their country. */
export interface PhoneNumber {
  digits: string
  isChinese: boolean
}

/** Reads a number as people write it. Throws NumberError for what is too short, or whose country is not known. */
export function parseNumber(written: string): PhoneNumber {
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
