/** How a receiver reaches its Postgres. */
export interface Way {
  databaseUrl: string
  /** Where it differs: past a pooler. */
  migrateDatabaseUrl?: string
  pooler?: 'transaction'
}

type Route = (databaseUrl: string) => Promise<Way>

let route: Route = async (databaseUrl) => ({ databaseUrl })

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

export function takeRoute(other: Route): void {
  route = other
}
