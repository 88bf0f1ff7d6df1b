import { describe, expect, test } from 'vitest'
import { axis, timeMarks } from '../../src/page/plots/axis.ts'
import { type Plot, plot } from '../../src/page/plots/plot.ts'

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
  isRunning: false,
  ticks: [
    { at: 0, name: '11-22', isDay: true },
    { at: 0.5, name: '02:00', isDay: false },
  ],
  format: (value) => `${value} n`,
  unit: 'count',
  empty: 'nothing there',
  texts: {
    table: 'As a table',
    time: 'Time',
    none: '–',
    latest: 'latest',
    highest: 'highest',
    running: 'incomplete',
    runningHint: 'still filling up',
  },
}
const draw = (changes: Partial<Plot> = {}) => plot({ ...example, ...changes }).toString()
const count = (text: string, part: string) => text.split(part).length - 1

describe('a plot', () => {
  test('stacks bars, and draws none for zero and for nothing', () => {
    const svg = draw()
    expect(count(svg, 'class="bar accent"')).toBe(2)
    expect(count(svg, 'class="bar bad"')).toBe(3)
    // 3 + 1 and 7 + 3 of 15: the second bar stands on the first, and above the highest there is room.
    expect(svg).toContain('y="96" height="24"')
    expect(svg).toContain('y="88" height="8"')
    expect(svg).toContain('y="40" height="24"')
  })

  test('has a title, a description, a text a bucket and a table for those who do not see it', () => {
    const svg = draw()
    expect(svg).toContain('role="img" aria-labelledby="p-title p-desc"')
    expect(svg).toContain('<title id="p-title">Calls</title>')
    expect(svg).toContain('Answered: latest 7 n, highest 7 n (03:00); Failed: latest 3 n, highest 3 n (03:00)')
    expect(svg).toContain('<title>02:00: Answered –, Failed –</title>')
    expect(svg).toContain(
      '<th role="rowheader" scope="row">03:00</th><td role="cell" class="n" data-label="Answered">7 n</td><td role="cell" class="n" data-label="Failed">3 n</td></tr>',
    )
    expect(svg).toMatch(
      /<div class="scale" aria-hidden="true"><span>15 n<\/span><span>10 n<\/span><span>5 n<\/span><span>0 n<\/span>/,
    )
  })

  test('breaks a line where a value is missing, and shows a value alone as a dot', () => {
    const svg = draw({ kind: 'lines', series: [{ name: 'ASR', tone: 'accent', values: [1, 2, null, 1] }] })
    expect(svg).toContain('<path class="line accent" d="M60 80L180 40"/><path class="dot accent" d="M420 80h0"/>')
  })

  test('keeps a fixed top, and stays within it', () => {
    const series = [{ name: 'ASR', tone: 'accent' as const, values: [0.5, 2, null, 0] }]
    const svg = draw({ kind: 'lines', marks: [0, 0.5, 1], series })
    expect(svg).toContain('d="M60 60L180 0"/><path class="dot accent" d="M420 120h0"/>')
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
      '<th role="rowheader" scope="row"><a href="/calls?at=03:00">03:00</a></th><td role="cell" class="n" data-label="Answered">7 n</td><td role="cell" class="n" data-label="Failed"><a href="/calls?at=03:00&amp;failed">3 n</a></td>',
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
      ticks: [{ at: 0, name, isDay: false }],
    })
    expect(text).not.toContain('<b>')
    expect(text).not.toContain('"&"')
  })

  test('marks the bucket that is not over: a paler bar, a dashed line, a word', () => {
    const bars = draw({ isRunning: true })
    expect(count(bars, 'class="bar accent running"')).toBe(1)
    expect(bars).toContain('<li class="running" title="still filling up">incomplete</li>')
    expect(bars).toContain('<title>03:00 (incomplete): Answered 7 n, Failed 3 n</title>')
    expect(bars).toContain('scope="row">03:00 (incomplete)</th>')
    const series = [{ name: 'ASR', tone: 'accent' as const, values: [1, 2, 1, 2] }]
    const line = draw({ kind: 'lines', isRunning: true, series })
    expect(line).toContain('<path class="line accent" d="M60 80L180 40L300 80"/>')
    expect(line).toContain('<path class="line accent running" d="M300 80L420 40"/>')
    expect(draw()).not.toContain('running')
  })

  test('says the day where it changes', () => {
    const ticks = [
      { at: 0.25, name: '11-23', isDay: true },
      { at: 0.5, name: '02:00', isDay: false },
    ]
    const svg = draw({ ticks })
    expect(svg).toContain('<text x="25%" y="75%" text-anchor="middle" class="day">11-23</text>')
    expect(svg).toContain('<text x="50%" y="75%" text-anchor="middle">02:00</text>')
    expect(svg).toContain('<path class="midnight" d="M120 0V120"/>')
  })

  test('shows earlier days as lines over the bars, and in the table', () => {
    const svg = draw({ beside: [{ name: 'Yesterday', tone: 'thin', values: [14, 14, 14, 14] }] })
    expect(svg).toContain('<path class="line thin"')
    expect(svg).toContain('<span>15 n</span>')
    expect(svg).toContain('data-label="Yesterday">14 n</td>')
  })
})

describe('axes', () => {
  test.each([
    [0, [0, 1, 2]],
    [1.4, [0, 1, 2]],
    [2, [0, 1, 2, 3]],
    [10, [0, 5, 10, 15]],
    [11, [0, 5, 10, 15]],
    [59, [0, 20, 40, 60, 80]],
    [95, [0, 50, 100]],
    [96, [0, 50, 100, 150]],
    [2000, [0, 1000, 2000, 3000]],
  ])('of counts up to %d', (highest, marks) => {
    expect(axis(highest, 'count')).toEqual(marks)
  })

  test.each([
    [0.5, [0, 0.2, 0.4, 0.6]],
    [8, [0, 5, 10]],
    [14, [0, 5, 10, 15]],
    [50, [0, 15, 30, 45, 60]],
    [100, [0, 30, 60, 90, 120]],
    [200, [0, 60, 120, 180, 240]],
    [400, [0, 120, 240, 360, 480]],
    [4_000, [0, 1_800, 3_600, 5_400]],
    [40_000, [0, 18_000, 36_000, 54_000]],
  ])('of times up to %d s, in steps as clocks have', (highest, marks) => {
    expect(axis(highest, 'seconds')).toEqual(marks)
  })

  test('always leave room above the highest value', () => {
    for (let highest = 0.01; highest < 200_000; highest *= 1.07)
      for (const unit of ['count', 'seconds'] as const) {
        const marks = axis(highest, unit)
        expect(marks.at(-1)).toBeGreaterThanOrEqual(highest * 1.05)
        expect(marks.length).toBeLessThanOrEqual(5)
      }
  })

  const minuteOfDay = (time: Date) => time.getUTCHours() * 60 + time.getUTCMinutes()
  const edges = (from: string, minutes: number, count: number) =>
    Array.from({ length: count + 1 }, (_, i) => new Date(Date.parse(from) + i * minutes * 60_000))
  test.each([
    ['a day', edges('2026-11-21T11:00Z', 60, 24), ['12:00', '16:00', '20:00', '00:00', '04:00', '08:00']],
    [
      'an hour up to a full step',
      edges('2026-11-21T11:10Z', 5, 12),
      ['11:10', '11:20', '11:30', '11:40', '11:50', '12:00'],
    ],
    ['an hour', edges('2026-11-21T11:25Z', 5, 12), ['11:30', '11:40', '11:50', '12:00', '12:10', '12:20']],
  ])('%s has its marks at full steps of the clock', (_, buckets, names) => {
    const marks = timeMarks(buckets, minuteOfDay)
    expect(marks.map(({ time }) => time.toISOString().slice(11, 16))).toEqual(names)
    const [first] = marks
    expect(first?.at).toBeCloseTo(
      buckets.findIndex((time) => Number(time) === Number(first?.time)) / (buckets.length - 1),
    )
  })
})
