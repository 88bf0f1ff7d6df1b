/** The text, or null where it is absent or blank: the platform sends "" and " " for numbers that a call does not have. */
export function present(text: string | null | undefined): string | null {
  return text === null || text === undefined || text.trim() === '' ? null : text
}

/** A number as one text however it was written: without + or 00, and without 86 before a mobile number of China. */
export function plainNumber(number: string): string {
  return number.replace(/^(\+|00)?(86(?=1[3-9][0-9]{9}$))?/, '')
}

/** Whether both are there and mean the same line. */
export function isSameNumber(a: string | null, b: string | null): boolean {
  return a !== null && b !== null && plainNumber(a) === plainNumber(b)
}
