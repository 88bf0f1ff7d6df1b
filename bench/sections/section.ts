import type { Bench, Job, Measured } from '../bench.ts'
import type { Shape } from '../callbacks.ts'
import { type System, startOwn, startReceiver } from '../systems.ts'

/** A figure, and the bound it should keep. */
export interface Target {
  measure: string
  value: number
  atLeast?: number
  atMost?: number
}

/** What one part of the benchmark found. */
export interface Section {
  title: string
  measured: Measured[]
  targets: Target[]
}

/** The programs that are compared, each with a database of its own. */
export interface Programs {
  noop: System
  naive: System
  receiver: System
}

/** Connections of the load where nothing else is said. */
export const usual = 64

export const status: Shape = { kind: 'status', records: 1, ids: 'platform' }
export const fee = (records: number, ids: Shape['ids'] = 'platform'): Shape => ({ kind: 'fee', records, ids })

export async function startPrograms({ cluster, options }: Bench): Promise<Programs> {
  const { directory } = cluster
  const execArgv = options.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profile}`]
  await cluster.create('bench_copy')
  return {
    noop: await startOwn('noop', directory, {}),
    naive: await startOwn('naive', directory, { DATABASE_URL: await cluster.create('bench_naive') }),
    receiver: await startReceiver(
      'receiver',
      directory,
      { DATABASE_URL: await cluster.create('bench_receiver') },
      { execArgv },
    ),
  }
}

export function jobOf(system: System, shape: Shape, connections = usual): Job {
  return {
    name: `${system.name}: ${shapeName(shape)}, ${connections} connection${connections === 1 ? '' : 's'}`,
    systems: [system],
    database: `bench_${system.name}`,
    shape,
    connections,
  }
}

export function copyOf(connections: number): Job {
  return {
    name: `copy: CDRs, ${connections} connection${connections === 1 ? '' : 's'}`,
    systems: [],
    database: 'bench_copy',
    shape: fee(500),
    connections,
    copy: true,
  }
}

export function shapeName({ kind, records, ids }: Shape): string {
  return `${kind === 'fee' ? `${records} CDRs a callback` : 'status events'}${ids === 'random' ? ', random ids' : ''}`
}
