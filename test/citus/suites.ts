const folders = ['citus', 'acceptance', 'erasure', 'ingest', 'maintenance', 'page', 'store']

/** What has to pass on Citus as well, beside the tests of this folder. */
export const citusTests = folders.map((folder) => `**/${folder}/**/*.test.ts`)

/** Of these folders, what is about one Postgres: its plans, its files, its catalogs. */
export const notOnCitus: string[] = []
