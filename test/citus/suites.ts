const folders = ['citus', 'acceptance', 'erasure', 'ingest', 'maintenance', 'page', 'store']

/** What has to pass on Citus as well, beside the tests of this folder. */
export const citusTests = folders.map((folder) => `**/${folder}/**/*.test.ts`)

/** Of these folders, what is about one Postgres: its plans, its schema, views that refuse there. */
export const notOnCitus = [
  '**/store/plans.test.ts',
  '**/store/schema.test.ts',
  '**/store/citus.test.ts',
  // The masks of ops.events_of and the others are looked at in same-rows.test.ts.
  '**/store/masked-facts.test.ts',
]
