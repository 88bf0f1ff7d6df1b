/** A field of a query, a path or a form: its text, or undefined where it is missing, empty or given twice. */
export function field(of: unknown, name: string): string | undefined {
  const value = memberOf(of, name)
  const text = typeof value === 'string' ? value.trim() : ''
  return text === '' ? undefined : text
}

/** All values of a field that may be given several times. */
export function fields(of: unknown, name: string): string[] {
  const value = memberOf(of, name)
  const values: unknown[] = Array.isArray(value) ? value : [value]
  return values.flatMap((each) => (typeof each === 'string' && each.trim() !== '' ? [each.trim()] : []))
}

/** A whole number, such as an id. */
export function whole(of: unknown, name: string): number | undefined {
  const text = field(of, name)
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

function memberOf(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null ? Reflect.get(of, name) : undefined
}
