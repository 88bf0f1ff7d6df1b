/**
 * Masks of schema ops. What may lead to a person is never whole there, whatever field it came in. The views over raw
 * facts have the same rules in SQL (migrations/0009_masked_facts.sql); test/store/masks.test.ts compares the two.
 */

/** +86138****0021; a short, foreign or fixed number shows less. What is no number at all shows as ****. */
export function maskNumber(number: string): string {
  // A mobile number of China: prefix and the last four.
  if (/^(\+?86)?1[3-9][0-9]{9}$/.test(number)) return `${number.slice(0, -8)}****${number.slice(-4)}`
  // Masked by the platform already.
  if (/^\+?(86)?1[0-9]{2}\*{4}[0-9]{4}$/.test(number)) return number
  // Others have fewer digits, or a meaning in their first ones: country and the last two of long ones at most.
  if (/^\+86[0-9]{9,}$/.test(number)) return `+86****${number.slice(-2)}`
  if (/^\+?[0-9]{9,}$/.test(number)) return `****${number.slice(-2)}`
  return '****'
}

/** The company's own number, whole where it is a number (the platform masks some): of anything else, what a mask leaves. */
export function companyNumber(number: string): string {
  return /^\+?[0-9*]{1,31}$/.test(number) ? number : maskNumber(number)
}

/** Text in which no run of five digits is left, and none of seven in groups; wide digits of an input method count. */
export function maskText(text: string): string {
  return text.replace(/\+?([0-9０-９]([ ．.()（）-]{0,2}[0-9０-９]){6,}|[0-9０-９]{5,})/g, '***')
}

/**
 * An id that ops filter by, such as an appKey: seven digits and more, in a row or in groups, are hidden. Cut to 128
 * characters, the platform's limit for the longest of them (appKey), since it stands in indexes, whose entries must stay
 * below 2,700 bytes.
 */
export function maskId(id: string | null): string | null {
  if (id === null) return null
  const cut = id.length > 128 ? [...id].slice(0, 128).join('') : id
  return cut.replace(/\+?[0-9０-９]([ ．.()（）-]{0,2}[0-9０-９]){6,}/g, '***')
}

/** Up to two keys are a choice in a menu; more may be a PIN. Hyphens join the keys of a dynamic IVR and are no keys. */
export function maskKeys(keys: string): string {
  return countKeys(keys) > 2 ? '***' : keys
}

export function countKeys(keys: string): number {
  return [...keys.replaceAll('-', '')].length
}

/** Forms of session id that hold no number: 1201_612_4294967295_20190124030424@host, and UUIDs. */
const knownSessionId =
  /^([0-9]{1,6}_[0-9]{1,10}_[0-9]{1,10}_20[0-9]{12}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})(@[a-zA-Z]([a-zA-Z.-]|[0-9]{1,6}(?![0-9]))*)?$/

/**
 * Whether a session id may embed a phone number: in private number it begins with two (protocol.md: session ids). Of
 * unknown forms none is shown that has a + before a digit, 7 digits in a row but for 14 that read as a time, or
 * anything but printable ASCII (wide digits).
 */
export function mayHoldNumber(sessionId: string): boolean {
  return /\+[0-9]|(^|[^0-9])(?!20[0-9]{12}([^0-9]|$))[0-9]{7}|[^ -~]/.test(sessionId) && !knownSessionId.test(sessionId)
}

/** userData whose owner declares that it holds nothing personal: shown, unless it looks like a phone number all the same. */
export function maskDeclared(userData: string): string {
  return /\+[0-9]|(^|[^0-9])(00)?(86)?(1[3-9][0-9]{9}|0[0-9]{9,11})([^0-9]|$)/.test(userData) ? '***' : userData
}
