import { type Content, type Html, html } from '../html.ts'
import { axis, type Unit } from './axis.ts'

/** How a series looks; what is most to be seen has the accent, what is there to compare with is thin. */
export type Tone = 'accent' | 'quiet' | 'bad' | 'thin' | 'dotted'

export interface Series {
  name: string
  tone: Tone
  /** One value a bucket; null where there is nothing to say. */
  values: readonly (number | null)[]
  /** Where each bar leads. */
  links?: readonly string[]
}

export interface Plot {
  /** Unique in the page. */
  id: string
  title: string
  /** What one value says, for those who know the page less well. */
  hint: string
  /** Bars are stacked and count something; lines are measures. */
  kind: 'bars' | 'lines'
  series: readonly Series[]
  /** Lines over the bars. */
  beside?: readonly Series[]
  /** Name of each bucket. */
  buckets: readonly string[]
  /** The last bucket is not over, so its values are not comparable yet. */
  isRunning: boolean
  /** Along the axis of time: where, from 0 to 1, and what it says; a day where the day changes. */
  ticks: readonly { at: number; name: string; isDay: boolean }[]
  /** Where each bucket leads. */
  links?: readonly string[]
  format: (value: number) => string
  unit: Unit
  /** Marks of the axis where they do not follow the values. */
  marks?: readonly number[]
  /** Shown instead of the plot when there is no value. */
  empty: Content
  texts: {
    table: string
    time: string
    none: string
    latest: string
    highest: string
    running: string
    runningHint: string
  }
}

/** A plot with what is computed of it. */
interface Drawing extends Plot {
  /** Series and those beside it. */
  all: readonly Series[]
  top: number
}

const width = 480
const height = 120

/**
 * A plot drawn on the server: an SVG that stretches with its panel, its labels as text beside it, and the same values
 * as a table. Every bucket tells its values when it is pointed at, and leads to its calls.
 */
export function plot(plot: Plot): Html {
  const { id, title, hint, texts } = plot
  const all = [...plot.series, ...(plot.beside ?? [])]
  if (!all.some(({ values }) => values.some(Boolean))) {
    return html`<figure class="plot"><figcaption><h3>${title}</h3><p>${hint}</p></figcaption>
<p class="empty">${plot.empty}</p></figure>`
  }
  const marks = plot.marks ?? axis(highest(plot), plot.unit)
  const drawing = { ...plot, all, top: marks.at(-1) ?? 1 }
  return html`<figure class="plot">
<figcaption><h3>${title}</h3><p>${hint}</p>${key(drawing)}</figcaption>
<div class="chart">
<div class="scale" aria-hidden="true">${marks.toReversed().map((mark) => html`<span>${plot.format(mark)}</span>`)}</div>
<svg class="area" viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">${title}</title><desc id="${id}-desc">${summary(drawing)}</desc>
${grid(drawing, marks)}${buckets(drawing)}${plot.kind === 'bars' ? bars(drawing) : lines(drawing, plot.series)}${lines({ ...drawing, isRunning: false }, plot.beside ?? [])}
</svg>
${timeAxis(drawing)}
</div>
<details><summary>${texts.table}<span class="hidden">: ${title}</span></summary>${table(drawing)}</details>
</figure>`
}

function key({ all, isRunning, texts }: Drawing): Html {
  return html`<ul class="key">${all.length > 1 && all.map(({ name, tone }) => html`<li class="${tone}">${name}</li>`)}${isRunning && html`<li class="running" title="${texts.runningHint}">${texts.running}</li>`}</ul>`
}

function grid({ ticks }: Drawing, marks: readonly number[]): Html {
  const steps = marks.length - 1
  const path = marks.map((_, i) => `M0 ${round(Math.min(Math.max((i / steps) * height, 0.5), height - 0.5))}H${width}`)
  const days = ticks.filter(({ isDay, at }) => isDay && at > 0).map(({ at }) => `M${round(at * width)} 0V${height}`)
  return html`<path class="grid" d="${path.join('')}"/>${days.length > 0 && html`<path class="midnight" d="${days.join('')}"/>`}`
}

/** Its own SVG, which does not stretch, since letters would stretch with it. */
function timeAxis({ ticks }: Drawing): Html {
  return html`<svg class="time" aria-hidden="true">${ticks.map(
    ({ at, name, isDay }) =>
      html`<text x="${round(at * 100)}%" y="75%" text-anchor="middle"${isDay && html` class="day"`}>${name}</text>`,
  )}</svg>`
}

/** Left edge and width of a bucket, as attributes. */
function box({ buckets }: Plot, i: number, gap = 0): Html {
  const step = width / buckets.length
  return html`x="${round(i * step + (step * gap) / 2)}" width="${round(step * (1 - gap))}"`
}

/** For the mouse and for fingers; the same links stand in the table, where the keyboard finds them without 24 stops a plot. */
function leading(href: string | undefined, shape: Html): Html {
  return href === undefined ? shape : html`<a href="${href}" tabindex="-1">${shape}</a>`
}

/** What answers to the pointer, a bucket each. */
function buckets(drawing: Drawing): Html[] {
  return drawing.buckets.map((_, i) => {
    const name = isRunning(drawing, i) ? 'hit running' : 'hit'
    const shape = html`<rect class="${name}" ${box(drawing, i)} y="0" height="${height}"><title>${told(drawing, i)}</title></rect>`
    return leading(drawing.links?.[i], shape)
  })
}

function isRunning({ isRunning, buckets }: Plot, i: number): boolean {
  return isRunning && i === buckets.length - 1
}

function bars(drawing: Drawing): Html[] {
  const below = drawing.buckets.map(() => 0)
  return drawing.series.flatMap(({ tone, values, links }) =>
    drawing.buckets.flatMap((_, i) => {
      const value = values[i] ?? 0
      if (value <= 0) return []
      // Whatever happened at all is seen.
      const tall = Math.max((value / drawing.top) * height, 1)
      const y = height - (below[i] ?? 0) - tall
      below[i] = (below[i] ?? 0) + tall
      const bar = html`<rect class="bar ${tone}${isRunning(drawing, i) && ' running'}" ${box(drawing, i, 0.22)} y="${round(y)}" height="${round(tall)}"><title>${told(drawing, i)}</title></rect>`
      return leading(links?.[i] ?? drawing.links?.[i], bar)
    }),
  )
}

/**
 * A line through neighbouring values; where one is missing it starts again, and a value alone is a dot. The way to a value
 * that is not over is another line, which is dashed. The first series is drawn last, so that it is on top.
 */
function lines(drawing: Drawing, series: readonly Series[]): Html[] {
  return series.toReversed().map(({ tone, values }) => {
    const { path, running, dots } = pathsOf(drawing, values)
    return html`<path class="line ${tone}" d="${path}"/>${running !== '' && html`<path class="line ${tone} running" d="${running}"/>`}${dots !== '' && html`<path class="dot ${tone}" d="${dots}"/>`}`
  })
}

function pathsOf(drawing: Drawing, values: readonly (number | null)[]) {
  const step = width / drawing.buckets.length
  const point = (i: number) => {
    const share = Math.min(Math.max((values[i] ?? 0) / drawing.top, 0), 1)
    return `${round((i + 0.5) * step)} ${round(height - share * height)}`
  }
  const isKnown = (i: number) => (values[i] ?? null) !== null
  const paths = { path: '', running: '', dots: '' }
  for (const i of values.keys()) {
    if (!isKnown(i)) continue
    if (!isKnown(i - 1) && !isKnown(i + 1)) paths.dots += `M${point(i)}h0`
    else if (isRunning(drawing, i)) paths.running = `M${point(i - 1)}L${point(i)}`
    else paths.path += isKnown(i - 1) ? `L${point(i)}` : `M${point(i)}`
  }
  return paths
}

function nameOf(drawing: Plot, i: number): string {
  const name = drawing.buckets[i] ?? ''
  return isRunning(drawing, i) ? `${name} (${drawing.texts.running})` : name
}

function told(drawing: Drawing, i: number): string {
  const { all, format, texts } = drawing
  const values = all.map(({ name, values }) => `${name} ${shown(values[i], format, texts.none)}`)
  return `${nameOf(drawing, i)}: ${values.join(', ')}`
}

/** What a person who cannot see the plot should know of it: the last value and the highest. */
function summary(drawing: Drawing): string {
  const { all, format, texts } = drawing
  return all
    .map(({ name, values }) => {
      const known = values.flatMap((value, i) => (value === null ? [] : [{ value, i }]))
      const peak = known.reduce((best, each) => (each.value > best.value ? each : best), { value: 0, i: 0 })
      return `${name}: ${texts.latest} ${shown(known.at(-1)?.value, format, texts.none)}, ${texts.highest} ${format(peak.value)} (${nameOf(drawing, peak.i)})`
    })
    .join('; ')
}

function link(href: string | undefined, text: string): Content {
  return href === undefined ? text : html`<a href="${href}">${text}</a>`
}

/** The same values, laid out like every other table, but for a head in each row. */
function table(drawing: Drawing): Html {
  const { title, all, buckets, links, format, texts } = drawing
  return html`<div class="scroll" role="region" aria-label="${title}" tabindex="0"><table class="cards" role="table">
<thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">${texts.time}</th>${all.map(({ name }) => html`<th scope="col" role="columnheader" class="n">${name}</th>`)}</tr></thead>
<tbody role="rowgroup">${buckets.map(
    (_, i) =>
      html`<tr role="row"><th role="rowheader" scope="row">${link(links?.[i], nameOf(drawing, i))}</th>${all.map(
        ({ name, values, links }) =>
          html`<td role="cell" class="n" data-label="${name}">${link(links?.[i], shown(values[i], format, texts.none))}</td>`,
      )}</tr>`,
  )}</tbody></table></div>`
}

function shown(value: number | null | undefined, format: (value: number) => string, none: string): string {
  return value === null || value === undefined ? none : format(value)
}

function highest({ kind, series, beside = [], buckets }: Plot): number {
  const at = (of: readonly Series[], i: number) => of.map(({ values }) => values[i] ?? 0)
  const combine = (values: number[]) =>
    kind === 'bars' ? values.reduce((sum, value) => sum + value, 0) : Math.max(...values)
  return Math.max(...buckets.map((_, i) => Math.max(combine(at(series, i)), ...at(beside, i))), 0)
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
