import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Html, html } from '../../src/page/html.ts'

describe('html', () => {
  const markup = `<script>alert("x")</script><img src=x onerror='y'>&amp;`
  const escaped = '&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&lt;img src=x onerror=&#39;y&#39;&gt;&amp;amp;'

  test('escapes what stands between tags and in attributes', () => {
    expect(`${html`<p title="${markup}">${markup}</p>`}`).toBe(`<p title="${escaped}">${escaped}</p>`)
  })

  test('escapes in lists, and what is nested in lists', () => {
    expect(`${html`<ul>${[[markup], html`<li>${markup}</li>`]}</ul>`}`).toBe(`<ul>${escaped}<li>${escaped}</li></ul>`)
  })

  test('shows nothing for null, undefined and false, and zero as zero', () => {
    expect(`${html`[${null}${undefined}${false}${0}${''}]`}`).toBe('[0]')
  })

  test('markup made by html stands as it is', () => {
    expect(`${html`<p>${html`<b>${'&'}</b>`}</p>`}`).toBe('<p><b>&amp;</b></p>')
  })

  test('nothing else counts as markup, also what looks like it', () => {
    const alike = { toString: () => '<b>' } as unknown as string
    expect(() => `${html`${alike}`}`).toThrow()
    expect(Object.getOwnPropertyNames(Html)).not.toContain('from')
  })

  test('property: no text opens a tag or ends an attribute', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const [, inAttribute = '', inText = ''] =
          /^<p title="([^"]*)">([^<]*)<\/p>$/.exec(`${html`<p title="${text}">${text}</p>`}`) ?? []
        for (const part of [inAttribute, inText]) {
          expect(part).not.toMatch(/[<>"']|&(?!(amp|lt|gt|quot|#39);)/)
          expect(decode(part)).toBe(text)
        }
      }),
    )
  })
})

function decode(text: string): string {
  const characters: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => characters[name] ?? '')
}
