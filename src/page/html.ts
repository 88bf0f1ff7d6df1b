/** Markup that may be sent as it stands. Only `html` makes it, so that text gets into a page by being escaped alone. */
export class Html {
  readonly #markup: string

  private constructor(markup: string) {
    this.#markup = markup
  }

  static of(strings: TemplateStringsArray, values: readonly Content[]): Html {
    let markup = strings[0] ?? ''
    for (const [i, value] of values.entries()) markup += markupOf(value) + (strings[i + 1] ?? '')
    return new Html(markup)
  }

  toString(): string {
    return this.#markup
  }
}

/** What may stand in a template. Nothing is shown for null, undefined and false. */
export type Content = Html | string | number | null | undefined | false | readonly Content[]

/**
 * A template of markup whose values are escaped, lists of them one after the other. Attribute values stand in double
 * quotes; no value stands in a tag's or an attribute's name, nor in `<script>` or `<style>`.
 */
export function html(strings: TemplateStringsArray, ...values: Content[]): Html {
  return Html.of(strings, values)
}

function markupOf(value: Content): string {
  if (value instanceof Html) return value.toString()
  if (value === null || value === undefined || value === false) return ''
  if (typeof value === 'object') return value.map(markupOf).join('')
  return escaped(String(value))
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '')
}
