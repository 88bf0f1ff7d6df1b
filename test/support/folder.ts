import type pg from 'pg'
import { onTestFinished } from 'vitest'
import type { FoldLimits } from '../../src/maintenance/fold-batch.ts'
import { FoldRunner } from '../../src/maintenance/fold-runner.ts'
import { FoldTables } from '../../src/maintenance/fold-tables.ts'
import { Folder } from '../../src/maintenance/folder.ts'
import { createPool, withClient } from '../../src/store/pool.ts'
import { wayTo } from './route.ts'
import { TestLog } from './spool.ts'

interface Options {
  limits?: FoldLimits
  busy?: () => boolean
}

/** A fold on a real Postgres, without a receiver; its connections are closed after the test. */
export class TestFolder {
  readonly log = new TestLog()
  readonly folder: Folder
  readonly pool: pg.Pool
  readonly #runner: FoldRunner

  static async on(databaseUrl: string, options: Options = {}): Promise<TestFolder> {
    const { databaseUrl: url, pooler } = await wayTo(databaseUrl)
    const pool = createPool({
      databaseUrl: url,
      size: 1,
      pooler,
      statementTimeoutMs: 30_000,
      connectTimeoutMs: 10_000,
      onError: () => {},
    })
    return new TestFolder(pool, options)
  }

  private constructor(pool: pg.Pool, { limits, busy }: Options) {
    this.pool = pool
    const common = { log: this.log, ...(limits ? { limits } : {}) }
    this.folder = new Folder({ ...common, pool: () => pool, showUserData: false, ...(busy ? { busy } : {}) })
    this.#runner = new FoldRunner({ ...common, tables: new FoldTables(false) })
    onTestFinished(async () => {
      await this.folder.stop(500)
      await pool.end()
    })
  }

  /** Folds all that waits, here and now. */
  async foldAll(): Promise<void> {
    await withClient(this.pool, async (client) => {
      while ((await this.#runner.run(client)) !== 'done');
    })
  }
}

/** Folds all that waits, on a connection of the pool. */
export async function foldAll(pool: pg.Pool): Promise<void> {
  const log = new TestLog()
  const runner = new FoldRunner({ tables: new FoldTables(false), log })
  await withClient(pool, async (client) => {
    while ((await runner.run(client)) !== 'done');
  })
  if (log.lines.length > 0) throw new Error(JSON.stringify(log.lines))
}

/** The calls by session, as stored. */
export async function storedCalls(pool: pg.Pool): Promise<Map<string, Record<string, unknown>>> {
  const { rows } = await pool.query(
    'SELECT p.session_id AS session, c.* FROM ops.calls c JOIN rtc.calls_private p USING (call_ref)',
  )
  return new Map(rows.map(({ session, ...call }) => [session, call]))
}

export async function waitingRows(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ n: number }>('SELECT count(*)::int AS n FROM rtc.unfolded')
  return rows[0]?.n ?? 0
}
