import { cpus, totalmem } from 'node:os'
import { type Bench, type Measured, median, rates } from './bench.ts'
import type { Section, Target } from './sections/section.ts'

export interface Report {
  machine: string
  versions: string
  postgres: string
  options: string
  sections: Section[]
}

export async function describe({ cluster, options }: Bench, sections: Section[]): Promise<Report> {
  const [cpu] = cpus()
  const settings = [
    'shared_buffers',
    'max_wal_size',
    'fsync',
    'synchronous_commit',
    'full_page_writes',
    'wal_compression',
  ]
  const values: string[] = []
  for (const name of settings) values.push(`${name} ${await cluster.setting(name)}`)
  return {
    machine: `${cpus().length} × ${cpu?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform}; shared by load, receiver and Postgres`,
    versions: `Node ${process.version}, Postgres ${await cluster.setting('server_version')}`,
    postgres: values.join(', '),
    options: `${options.rounds} rounds of ${options.seconds} s, interleaved; medians`,
    sections,
  }
}

/** The report as Markdown, one table a section and one of the targets. */
export function toMarkdown({ machine, versions, postgres, options, sections }: Report): string {
  const targets = sections.flatMap(({ targets }) => targets)
  return [
    `${versions}; ${machine}.\n${postgres}. ${options}.`,
    ...sections.map(({ title, measured }) => `### ${title}\n\n${table(header, measured.map(line))}`),
    `### Targets\n\n${table(['measure', 'target', 'measured', ''], targets.map(verdict))}`,
  ].join('\n\n')
}

const header = [
  'program and load',
  'records/s (least–most)',
  'p50 ms',
  'p99 ms',
  'p99.9 ms',
  'CPU s / 1,000 records: program',
  'Postgres',
  'fold, after it',
  'load',
  'WAL bytes / record',
  'RSS MB',
]

function line(measured: Measured): string[] {
  const { job, rounds } = measured
  const perSecond = rates(measured).map(Math.round)
  const of = (value: (round: (typeof rounds)[number]) => number) => median(rounds.map(value))
  const perThousand = (seconds: (round: (typeof rounds)[number]) => number) =>
    of((round) => (1000 * seconds(round)) / round.records).toFixed(3)
  const hasProgram = job.systems.length > 0
  return [
    job.name,
    `${Math.round(median(perSecond))} (${Math.min(...perSecond)}–${Math.max(...perSecond)})`,
    of(({ p50 }) => p50).toFixed(2),
    of(({ p99 }) => p99).toFixed(2),
    of(({ p999 }) => p999).toFixed(2),
    hasProgram ? perThousand(({ cpu }) => cpu.programs) : '–',
    perThousand(({ cpu }) => cpu.postgres),
    job.systems.some(({ folds }) => folds) ? perThousand(({ fold }) => fold.program + fold.postgres) : '–',
    perThousand(({ cpu }) => cpu.load),
    String(Math.round(of(({ walBytes, records }) => walBytes / records))),
    hasProgram ? String(Math.round(Math.max(...rounds.map(({ rss }) => rss)) / 1e6)) : '–',
  ]
}

export function isMet({ value, atLeast, atMost }: Target): boolean {
  return (atLeast === undefined || value >= atLeast) && (atMost === undefined || value <= atMost)
}

function verdict(target: Target): string[] {
  const { measure, value, atLeast, atMost } = target
  const bound = atLeast !== undefined ? `≥ ${atLeast}` : atMost !== undefined ? `≤ ${atMost}` : '–'
  const met = bound === '–' ? '' : isMet(target) ? 'met' : '**missed**'
  return [measure, bound, Number.isInteger(value) ? String(value) : value.toFixed(2), met]
}

function table(head: string[], rows: string[][]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
