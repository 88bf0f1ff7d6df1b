/** A stream that may be a terminal. */
export interface Output {
  isTTY?: boolean
  hasColors?: (env?: object) => boolean
}

/** Whether to write colours: on a terminal that has them, unless NO_COLOR is set; anywhere when FORCE_COLOR is. */
export function hasColours({ isTTY, hasColors }: Output, env: NodeJS.ProcessEnv = process.env): boolean {
  if (env.NO_COLOR) return false
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false'
  return Boolean(isTTY && hasColors?.(env))
}

/** Control characters, those that format (which turn the direction, or cannot be seen), and ends of lines. */
export const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** A text in which nothing acts on a terminal: `\n`, `\x1b`, `\u202e` are shown for what they stand for. */
export function visible(text: string): string {
  return text.replace(unsafe, (character) => {
    const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character]
    if (short !== undefined) return short
    return character <= '\xff' ? `\\x${hex(character, 2)}` : units(character)
  })
}

/** As JSON writes it; beyond the first plane that takes two units. */
export function units(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${hex(unit, 4)}`)
    .join('')
}

/** Columns on a terminal: Chinese characters take two. */
export function width(text: string): number {
  let columns = 0
  for (const character of text)
    columns += /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/.test(
      character,
    )
      ? 2
      : 1
  return columns
}

function hex(unit: string, digits: number): string {
  return unit.charCodeAt(0).toString(16).padStart(digits, '0')
}
