import type pg from 'pg'
import { Gauge, type Registry } from 'prom-client'

type Pools = Record<string, Pick<pg.Pool, 'totalCount' | 'idleCount' | 'waitingCount'> | undefined>

/** Connections to Postgres. A pool that is undefined, for nobody knows yet where Postgres is, has none. */
export function watchPools(registry: Registry, pools: () => Pools): void {
  const gauge = (name: string, help: string, count: 'totalCount' | 'idleCount' | 'waitingCount') =>
    new Gauge({
      name,
      help,
      labelNames: ['pool'],
      registers: [registry],
      collect() {
        for (const [name, pool] of Object.entries(pools())) this.set({ pool: name }, pool?.[count] ?? 0)
      },
    })
  gauge('rtc_pool_connections', 'Connections to Postgres, in use or idle', 'totalCount')
  gauge('rtc_pool_idle_connections', 'Connections to Postgres that nobody uses', 'idleCount')
  gauge('rtc_pool_waiting', 'Those who wait for a connection to Postgres', 'waitingCount')
}
