import { type Content, type Html, html } from './html.ts'

/** How a series looks; what is most to be seen has the accent. */
export type Tone = 'accent' | 'quiet' | 'bad'

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
  /** Name of each bucket. */
  buckets: readonly string[]
  /** Along the axis, from its beginning to its end, evenly. */
  ticks: readonly string[]
  /** Where each bucket leads. */
  links?: readonly string[]
  format: (value: number) => string
  /** Top of the axis where it does not follow the values. */
  max?: number
  /** Shown instead of the plot when there is no value. */
  empty: Content
  words: { table: string; time: string; none: string; latest: string; highest: string }
}

const width = 480
const height = 120

/**
 * A plot drawn on the server: an SVG that stretches with its panel, its labels as text beside it, and the same values
 * as a table. Every bucket tells its values when it is pointed at, and leads to its calls.
 */
export function plot(plot: Plot): Html {
  const { id, title, hint, series, words } = plot
  const top = plot.max ?? niceCeiling(highest(plot))
  if (!series.some(({ values }) => values.some(Boolean))) {
    return html`<figure class="plot"><figcaption><h3>${title}</h3><p>${hint}</p></figcaption>
<p class="empty">${plot.empty}</p></figure>`
  }
  return html`<figure class="plot">
<figcaption><h3>${title}</h3><p>${hint}</p>${series.length > 1 && key(series)}</figcaption>
<div class="chart">
<div class="scale" aria-hidden="true"><span>${plot.format(top)}</span><span>${plot.format(top / 2)}</span><span>${plot.format(0)}</span></div>
<svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">${title}</title><desc id="${id}-desc">${summary(plot)}</desc>
<path class="grid" d="M0 .5H${width}M0 ${height / 2}H${width}M0 ${height - 0.5}H${width}"/>
${plot.kind === 'bars' ? null : lines(plot, top)}
${plot.buckets.map((_, i) => leading(plot.links?.[i], html`<rect class="hit" ${box(plot, i)} y="0" height="${height}"><title>${told(plot, i)}</title></rect>`))}
${plot.kind === 'bars' && bars(plot, top)}
</svg>
<div class="ticks" aria-hidden="true">${plot.ticks.map((tick) => html`<span>${tick}</span>`)}</div>
</div>
<details><summary>${words.table}<span class="hidden">: ${title}</span></summary>${table(plot)}</details>
</figure>`
}

function key(series: readonly Series[]): Html {
  return html`<ul class="key">${series.map(({ name, tone }) => html`<li class="${tone}">${name}</li>`)}</ul>`
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

function bars(plot: Plot, top: number): Html[] {
  const below = plot.buckets.map(() => 0)
  return plot.series.flatMap(({ tone, values, links }) =>
    plot.buckets.flatMap((_, i) => {
      const value = values[i] ?? 0
      if (value <= 0) return []
      // Whatever happened at all is seen.
      const tall = Math.max((value / top) * height, 1)
      const y = height - (below[i] ?? 0) - tall
      below[i] = (below[i] ?? 0) + tall
      const bar = html`<rect class="bar ${tone}" ${box(plot, i, 0.22)} y="${round(y)}" height="${round(tall)}"><title>${told(plot, i)}</title></rect>`
      return leading(links?.[i] ?? plot.links?.[i], bar)
    }),
  )
}

/** A line through neighbouring values; where one is missing it begins anew, and a value alone is a dot. */
function lines({ series, buckets }: Plot, top: number): Html[] {
  const step = width / buckets.length
  return series.map(({ tone, values }) => {
    let path = ''
    let drawing = false
    for (const [i, value] of values.entries()) {
      if (value !== null) {
        const x = round((i + 0.5) * step)
        const y = round(height - (Math.min(value, top) / top) * height)
        path += drawing ? `L${x} ${y}` : `M${x} ${y}h0`
      }
      drawing = value !== null
    }
    return html`<path class="line ${tone}" d="${path}"/>`
  })
}

function told({ buckets, series, format, words }: Plot, i: number): string {
  const values = series.map(({ name, values }) => `${name} ${shown(values[i], format, words.none)}`)
  return `${buckets[i]}: ${values.join(', ')}`
}

/** What a person who cannot see the plot should know of it: the last value and the highest. */
function summary({ series, format, buckets, words }: Plot): string {
  return series
    .map(({ name, values }) => {
      const known = values.flatMap((value, i) => (value === null ? [] : [{ value, i }]))
      const peak = known.reduce((best, each) => (each.value > best.value ? each : best), { value: 0, i: 0 })
      return `${name}: ${words.latest} ${shown(known.at(-1)?.value, format, words.none)}, ${words.highest} ${format(peak.value)} (${buckets[peak.i]})`
    })
    .join('; ')
}

function link(href: string | undefined, text: string): Content {
  return href === undefined ? text : html`<a href="${href}">${text}</a>`
}

function table({ title, series, buckets, links, format, words }: Plot): Html {
  return html`<div class="scroll" role="region" aria-label="${title}" tabindex="0"><table>
<thead><tr><th scope="col">${words.time}</th>${series.map(({ name }) => html`<th scope="col" class="n">${name}</th>`)}</tr></thead>
<tbody>${buckets.map(
    (bucket, i) =>
      html`<tr><th scope="row">${link(links?.[i], bucket)}</th>${series.map(
        ({ values, links }) => html`<td class="n">${link(links?.[i], shown(values[i], format, words.none))}</td>`,
      )}</tr>`,
  )}</tbody></table></div>`
}

function shown(value: number | null | undefined, format: (value: number) => string, none: string): string {
  return value === null || value === undefined ? none : format(value)
}

function highest({ kind, series, buckets }: Plot): number {
  const at = (i: number) => series.map(({ values }) => values[i] ?? 0)
  const combine = (values: number[]) =>
    kind === 'bars' ? values.reduce((sum, value) => sum + value, 0) : Math.max(...values)
  return Math.max(...buckets.map((_, i) => combine(at(i))), 0)
}

/** The next of 1, 2, 4, 6, 10, 20, … so that the half of it is a plain number too; at least 2. */
export function niceCeiling(value: number): number {
  if (value <= 2) return 2
  const unit = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 4, 6, 10].find((factor) => factor * unit >= value) ?? 10) * unit
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
