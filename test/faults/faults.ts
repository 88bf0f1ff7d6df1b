import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { StopMode } from '../support/own-postgres.ts'
import type { Cut } from '../support/postgres-relay.ts'
import type { World } from '../support/world.ts'

/** Brings something about, lets it last so many milliseconds, and puts it right again. */
export interface Fault {
  name: string
  bring(world: World, ms: number): Promise<void>
}

const stopped = (mode: StopMode): Fault => ({
  name: `Postgres stopped (${mode}) and started again`,
  async bring(world, ms) {
    await world.postgres.stop(mode)
    await sleep(ms)
    await world.restartPostgres()
  },
})

const cut = (where: Cut): Fault => ({
  name: `connections cut ${where}`,
  async bring(world, ms) {
    world.relay.cut(where, 5)
    await sleep(ms)
    world.relay.heal()
  },
})

export const postgresFaults: Fault[] = [
  stopped('fast'),
  stopped('immediate'),
  stopped('kill'),
  {
    name: 'Postgres frozen by SIGSTOP',
    async bring({ postgres }, ms) {
      await postgres.freeze()
      await sleep(ms)
      await postgres.thaw()
    },
  },
  {
    name: 'pg_terminate_backend on all',
    async bring(world, ms) {
      for (let i = 0; i < 3; i++) {
        await terminateAll(world)
        await sleep(ms / 3)
      }
    },
  },
  {
    name: 'default_transaction_read_only=on',
    async bring(world, ms) {
      await world.sql(`ALTER DATABASE ${world.database} SET default_transaction_read_only = on`)
      await terminateAll(world)
      await sleep(ms)
      await world.postgres.query('rtc', `ALTER DATABASE ${world.database} RESET default_transaction_read_only`)
      await world.postgres.query('rtc', 'SELECT pg_sleep(0)')
    },
  },
  ...(['call_events', 'cdrs', 'quarantine'] as const).map(
    (table): Fault => ({
      name: `rtc.${table} locked exclusively`,
      async bring(world, ms) {
        const client = await world.postgres.admin(world.database).connect()
        try {
          await client.query('BEGIN')
          await client.query(`LOCK TABLE rtc.${table} IN ACCESS EXCLUSIVE MODE`)
          await sleep(ms)
          await client.query('ROLLBACK')
        } finally {
          client.release()
        }
      },
    }),
  ),
  {
    name: 'connections taken by others',
    async bring(world, ms) {
      const others: pg.Client[] = []
      const until = performance.now() + ms
      while (performance.now() < until) {
        await terminateAll(world)
        await takeAll(world, others)
        await sleep(50)
      }
      await Promise.all(others.map((client) => client.end().catch(() => {})))
    },
  },
]

export const networkFaults: Fault[] = [
  {
    name: 'network slow',
    async bring({ relay }, ms) {
      relay.delayMs = 150
      await sleep(ms)
      relay.delayMs = 0
    },
  },
  {
    name: 'network slower than the deadline',
    async bring({ relay }, ms) {
      relay.delayMs = 2_500
      await sleep(ms)
      relay.delayMs = 0
    },
  },
  {
    name: 'connections reset',
    async bring({ relay }, ms) {
      for (let i = 0; i < 5; i++) {
        relay.reset()
        await sleep(ms / 5)
      }
    },
  },
  {
    name: 'network swallows everything, connections half open',
    async bring({ relay }, ms) {
      relay.blackhole()
      await sleep(ms)
      relay.heal()
    },
  },
  cut('before commit'),
  cut('after commit'),
  cut('after statement'),
]

export const receiverFaults: Fault[] = [
  {
    name: 'a receiver killed and started again',
    async bring(world, ms) {
      const receiver = world.random.pick(world.receivers)
      await receiver.end('SIGKILL')
      await sleep(ms / 4)
      await receiver.start()
    },
  },
  {
    name: 'a receiver stopped by SIGTERM and started again',
    async bring({ receivers, random }) {
      const receiver = random.pick(receivers)
      const { code } = await receiver.end('SIGTERM')
      if (code !== 0) throw new Error(`SIGTERM: the receiver ended with ${code}\n${receiver.output}`)
      await receiver.start()
    },
  },
]

/** Cuts everybody off but ourselves. */
async function terminateAll(world: World): Promise<void> {
  await world.postgres.query(
    'rtc',
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = $1 AND pid <> pg_backend_pid() AND application_name NOT IN ('auditor', 'other')`,
    [world.database],
  )
}

/** Takes every connection that the server has left. */
async function takeAll({ postgres, database }: World, others: pg.Client[]): Promise<void> {
  for (;;) {
    const client = new pg.Client({ connectionString: postgres.url(database), application_name: 'other' })
    client.on('error', () => {})
    try {
      await client.connect()
    } catch {
      return
    }
    others.push(client)
  }
}
