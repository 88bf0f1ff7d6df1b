import { afterAll } from 'vitest'

/** How a receiver reaches its Postgres. */
export interface Way {
  databaseUrl: string
  /** Where it differs: past a pooler. */
  migrateDatabaseUrl?: string
  pooler?: 'transaction'
}

type Route = (databaseUrl: string) => Promise<Way>

const directly: Route = async (databaseUrl) => ({ databaseUrl })
let route = directly

/** The way for every receiver that the test file starts. Directly, unless the file has said otherwise. */
export function wayTo(databaseUrl: string): Promise<Way> {
  return route(databaseUrl)
}

/** The same as variables of a program. */
export async function variablesFor(databaseUrl: string): Promise<Record<string, string>> {
  const way = await wayTo(databaseUrl)
  return {
    DATABASE_URL: way.databaseUrl,
    ...(way.migrateDatabaseUrl === undefined ? {} : { MIGRATE_DATABASE_URL: way.migrateDatabaseUrl }),
    ...(way.pooler === undefined ? {} : { DATABASE_POOLER: way.pooler }),
  }
}

/** Sets the way for the whole test file. False where it goes another way already: the first to say so wins. */
export function takeRoute(other: Route): boolean {
  if (route !== directly) return false
  route = other
  afterAll(() => {
    route = directly
  })
  return true
}
