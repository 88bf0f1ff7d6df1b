import { parseArgs } from 'node:util'
import { Bench, type Options } from './bench.ts'
import { Cluster } from './cluster.ts'
import { describe, toMarkdown } from './report.ts'
import { connections } from './sections/connections.ts'
import { duplicates } from './sections/duplicates.ts'
import { firstVersion } from './sections/first-version.ts'
import { fullTables } from './sections/full-tables.ts'
import { latency } from './sections/latency.ts'
import { partitions } from './sections/partitions.ts'
import { replicas } from './sections/replicas.ts'
import { type Programs, type Section, startPrograms } from './sections/section.ts'
import { signatures } from './sections/signatures.ts'
import { spool } from './sections/spool.ts'
import { throughput } from './sections/throughput.ts'

const help = `npm run bench -- [options]

  --quick        the ratios that matter most, in less than a minute
  --rounds N     rounds of each measurement (5; quick: 2)
  --seconds N    seconds of load in a round (4; quick: 1)
  --stored N     compare an empty table with one of N CDRs too (20000000 takes a quarter of an hour and 25 GB)
  --only A,B     these sections only: ${'throughput, first-version, duplicates, latency, connections, replicas, signatures, partitions, spool, full-tables'}
  --first DIR    compare with a built checkout of the first version (commit a532d3c) too
  --set NAME=V   a setting of Postgres
  --profile DIR  leave CPU profiles of the compared programs there
  --json         the whole result as JSON instead of tables
`

type SectionRun = (bench: Bench, programs: Programs) => Promise<Section>

const sections: Record<string, SectionRun> = {
  throughput,
  'first-version': firstVersion,
  duplicates,
  latency,
  connections,
  replicas,
  signatures,
  partitions,
  'full-tables': fullTables,
  // Last, because it takes Postgres away from everybody.
  spool,
}

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    stored: { type: 'string', default: '0' },
    only: { type: 'string', default: '' },
    set: { type: 'string', multiple: true, default: [] },
    profile: { type: 'string' },
    first: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) process.stdout.write(help)
else await main()

async function main(): Promise<void> {
  const { quick } = values
  const options: Options = {
    quick,
    rounds: Number(values.rounds ?? (quick ? 2 : 5)),
    seconds: Number(values.seconds ?? (quick ? 1 : 4)),
    stored: Number(values.stored),
    ...(values.profile === undefined ? {} : { profile: values.profile }),
    ...(values.first === undefined ? {} : { first: values.first }),
  }
  const wanted = values.only === '' ? Object.keys(sections) : values.only.split(',')
  const say = (line: string) => void process.stderr.write(`${line}\n`)
  const cluster = await Cluster.start(
    Object.fromEntries(values.set.map((setting) => setting.split('=') as [string, string])),
  )
  const stops: (() => Promise<void> | void)[] = [() => cluster.remove()]
  const stop = async () => {
    for (const step of stops.splice(0).reverse()) await step()
  }
  process.once('SIGINT', () => void stop().then(() => process.exit(1)))
  try {
    const bench = new Bench(cluster, options, say)
    stops.push(() => bench.end())
    const programs = await startPrograms(bench)
    for (const program of Object.values(programs)) stops.push(() => program.stop())
    const found: Section[] = []
    for (const name of wanted) {
      const run = sections[name]
      if (!run) throw new Error(`no section ${name}: there are ${Object.keys(sections).join(', ')}`)
      if (isLeftOut(name, options)) continue
      say(`— ${name}`)
      found.push(await run(bench, programs))
    }
    const report = await describe(bench, found)
    process.stdout.write(`${values.json ? JSON.stringify(report) : toMarkdown(report)}\n`)
  } finally {
    await stop()
  }
}

function isLeftOut(name: string, { quick, stored, first }: Options): boolean {
  return (
    (name === 'full-tables' && stored === 0) ||
    (name === 'first-version' && first === undefined) ||
    (quick && ['connections', 'duplicates', 'replicas', 'signatures', 'partitions'].includes(name))
  )
}
