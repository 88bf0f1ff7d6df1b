import { onTestFinished } from 'vitest'
import { Maintenance } from '../../src/maintenance/maintenance.ts'
import { Postgres } from '../../src/store/postgres.ts'
import { quarantineSize } from '../../src/store/quarantine.ts'
import { wayTo } from './route.ts'
import { openSpool, TestLog, temporaryDirectory } from './spool.ts'

/** Maintenance of a real Postgres, without a receiver; stopped after the test. */
export class TestMaintenance {
  readonly log = new TestLog()
  readonly maintenance: Maintenance
  readonly postgres: Postgres
  /** How often the quarantine was measured. */
  measured = 0

  static async start(
    databaseUrl: string,
    { retentionDays, connected = true }: { retentionDays?: number; connected?: boolean } = {},
  ): Promise<TestMaintenance> {
    const way = await wayTo(databaseUrl)
    const it = new TestMaintenance(way, await openSpool(await temporaryDirectory()), retentionDays)
    if (connected) await it.postgres.probe()
    it.log.lines.length = 0
    it.maintenance.start()
    return it
  }

  private constructor(
    way: Awaited<ReturnType<typeof wayTo>>,
    spool: Awaited<ReturnType<typeof openSpool>>,
    retentionDays: number | undefined,
  ) {
    this.postgres = new Postgres({
      databaseUrl: way.databaseUrl,
      migrateDatabaseUrl: way.migrateDatabaseUrl ?? way.databaseUrl,
      migrate: 'auto',
      poolSize: 2,
      pooler: way.pooler,
      statementTimeoutMs: 30_000,
      partitionBy: 'month',
      log: this.log,
    })
    this.maintenance = new Maintenance({
      postgres: this.postgres,
      spool,
      log: this.log,
      quarantineRetentionDays: 90,
      retention: { retentionDays },
      receiver: {
        quarantineIsTight: false,
        writeRedeliveries: async () => {},
        measureQuarantine: async () => {
          const size = await this.postgres.withClient(quarantineSize).catch(() => undefined)
          if (size) this.measured++
        },
      },
    })
    onTestFinished(async () => {
      await this.maintenance.stop(5_000)
      await this.postgres.close()
    })
  }
}
