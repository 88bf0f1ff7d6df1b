import { describe, expect, test } from 'vitest'
import { niceCeiling, type Plot, plot } from '../../src/page/plot.ts'

const example: Plot = {
  id: 'p',
  title: 'Calls',
  hint: 'by hour',
  kind: 'bars',
  series: [
    { name: 'Answered', tone: 'accent', values: [3, 0, null, 7] },
    { name: 'Failed', tone: 'bad', values: [1, 2, null, 3] },
  ],
  buckets: ['00:00', '01:00', '02:00', '03:00'],
  ticks: ['00:00', '04:00'],
  format: (value) => `${value} n`,
  empty: 'nothing there',
  words: { table: 'As a table', time: 'Time', none: '–', latest: 'latest', highest: 'highest' },
}
const draw = (changes: Partial<Plot> = {}) => plot({ ...example, ...changes }).toString()
const count = (text: string, part: string) => text.split(part).length - 1

describe('a plot', () => {
  test('stacks bars, and draws none for zero and for nothing', () => {
    const svg = draw()
    expect(count(svg, 'class="bar accent"')).toBe(2)
    expect(count(svg, 'class="bar bad"')).toBe(3)
    // 3 + 1 and 7 + 3 of 10: the second bar stands on the first.
    expect(svg).toContain('y="84" height="36"')
    expect(svg).toContain('y="72" height="12"')
    expect(svg).toContain('y="0" height="36"')
  })

  test('has a title, a description, a text a bucket and a table for those who do not see it', () => {
    const svg = draw()
    expect(svg).toContain('role="img" aria-labelledby="p-title p-desc"')
    expect(svg).toContain('<title id="p-title">Calls</title>')
    expect(svg).toContain('Answered: latest 7 n, highest 7 n (03:00); Failed: latest 3 n, highest 3 n (03:00)')
    expect(svg).toContain('<title>02:00: Answered –, Failed –</title>')
    expect(svg).toContain('<tr><th scope="row">03:00</th><td class="n">7 n</td><td class="n">3 n</td></tr>')
    expect(svg).toMatch(/<div class="scale" aria-hidden="true"><span>10 n<\/span><span>5 n<\/span><span>0 n<\/span>/)
  })

  test('breaks a line where a value is missing, and shows a value alone as a dot', () => {
    const svg = draw({ kind: 'lines', series: [{ name: 'ASR', tone: 'accent', values: [1, 2, null, 1] }] })
    expect(svg).toContain('d="M60 60h0L180 0M420 60h0"')
  })

  test('keeps a fixed top, and stays within it', () => {
    const svg = draw({ kind: 'lines', max: 1, series: [{ name: 'ASR', tone: 'accent', values: [0.5, 2, null, 0] }] })
    expect(svg).toContain('d="M60 60h0L180 0M420 120h0"')
  })

  test('leads from a bucket, and from a bar of its own, by mouse and in the table', () => {
    const links = example.buckets.map((bucket) => `/calls?at=${bucket}`)
    const failed = example.buckets.map((bucket) => `/calls?at=${bucket}&failed`)
    const [answered, bad] = example.series as [(typeof example.series)[0], (typeof example.series)[0]]
    const svg = draw({ links, series: [answered, { ...bad, links: failed }] })
    expect(count(svg, '<a href="/calls?at=03:00" tabindex="-1"><rect class="hit"')).toBe(1)
    expect(count(svg, '<a href="/calls?at=03:00" tabindex="-1"><rect class="bar accent"')).toBe(1)
    expect(count(svg, '<a href="/calls?at=03:00&amp;failed" tabindex="-1"><rect class="bar bad"')).toBe(1)
    expect(svg).toContain(
      '<th scope="row"><a href="/calls?at=03:00">03:00</a></th><td class="n">7 n</td><td class="n"><a href="/calls?at=03:00&amp;failed">3 n</a></td>',
    )
    expect(draw()).not.toContain('<a ')
  })

  test('says what to do where there is nothing to draw', () => {
    for (const values of [[], [null, null], [0, 0]]) {
      const text = draw({ series: [{ name: 'Answered', tone: 'accent', values }] })
      expect(text).toContain('nothing there')
      expect(text).not.toContain('<svg')
    }
  })

  test('escapes every name', () => {
    const name = '<b>"&'
    const text = draw({
      title: name,
      hint: name,
      buckets: [name],
      series: [{ name, tone: 'accent', values: [1] }],
      ticks: [name],
    })
    expect(text).not.toContain('<b>')
    expect(text).not.toContain('"&"')
  })

  test.each([
    [0, 2],
    [1.4, 2],
    [2.1, 4],
    [5, 6],
    [7, 10],
    [10, 10],
    [11, 20],
    [59, 60],
    [61, 100],
    [2000, 2000],
  ])('the axis for %d ends at %d', (value, top) => {
    expect(niceCeiling(value)).toBe(top)
  })
})
