const maxKeys = 100
const maxItems = 5
const maxDepth = 32

/**
 * The shape of a value without what it says: keys, types and lengths. For people who must see what is wrong with a
 * record and need not see whose it is.
 */
export function skeleton(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return `text of ${[...value].length}`
  if (typeof value !== 'object' || value === null) return value === null ? null : typeof value
  if (depth >= maxDepth) return 'nested deeper'
  if (Array.isArray(value)) {
    const items = value.slice(0, maxItems).map((item) => skeleton(item, depth + 1))
    return value.length > maxItems ? [...items, `and ${value.length - maxItems} more`] : items
  }
  const fields = Object.entries(value)
  const shown = fields.slice(0, maxKeys).map(([key, field]) => [key.slice(0, 64), skeleton(field, depth + 1)])
  if (fields.length > maxKeys) shown.push(['…', `and ${fields.length - maxKeys} more`])
  return Object.fromEntries(shown)
}
