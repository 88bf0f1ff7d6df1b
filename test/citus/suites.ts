const folders = ['citus', 'acceptance', 'erasure', 'feed', 'ingest', 'maintenance', 'page', 'store']

/** What has to pass on Citus as well, beside the tests of this folder. */
export const citusTests = folders.map((folder) => `**/${folder}/**/*.test.ts`)

/** Of these folders, what is about one Postgres. */
export const notOnCitus = [
  '**/store/plans.test.ts', // its plans
  '**/store/schema.test.ts', // its schema
  '**/store/citus.test.ts', // rules that are checked without Citus
  '**/store/masked-facts.test.ts', // views that refuse there; same-rows.test.ts looks at the functions instead
  // Faults are made by a trigger in a query string of several statements, which Citus sends to its nodes as a whole.
  '**/ingest/error-classes.test.ts',
  '**/ingest/our-mistake.test.ts',
  '**/ingest/ledger.test.ts',
]

const byTrigger = [
  'a row that vanishes between the two looks: the group is tried again and the record stored',
  'a statement that commits after all: its rows are there once',
  'a breaker that a live callback opens is closed long before a backlog is gone',
  'a trigger that meets data it does not like',
  'the error of a value names no value in the log',
  'a Postgres that takes some hundred at once and no more is sent as many, not a few again and again',
  'neither is a call that is due by the clock looked at without end',
]
const byLock = [
  // COPY sends rows to the nodes when it has all of them: a client that hangs in the middle of one holds nobody up.
  'holds up whoever stores the same no longer than the deadline',
  // The erasure of the test is a DELETE on one node, which commits there first. A real one writes its rows again by COPY,
  // so that all nodes commit after the coordinator: erasure.test.ts has the same race with that.
  'that commits while a COPY waits for its row lets no row back in',
  // The reader of the test asks what Citus cannot plan.
  'retention that waits for a reader stops at once',
]
const byStatement = [
  // xmin is of the node; UPDATE of what rows are distributed by; joins for the test alone; counts of rows that ANALYZE makes.
  'two CDRs with one key in one group: the first is stored, the other kept in the same transaction',
  'an erasure that rewrote facts reaches the call; one that moved a session moves the call',
  'a late CDR changes the call, and one that was corrected does',
  // Times go to the nodes as text in the session's date style: docs/scaling.md says to leave that at ISO.
  'times are UTC under a session of another zone and date style',
  'the look reads only the partitions of its times, also by the plan that is kept',
  'periods are listed with their bounds, in whatever zone the session is',
  'README.md: every query runs',
  'README.zh-CN.md: every query runs',
  'docs/data-dictionary.md is made from the comments',
]
// A distributed deadlock is ended after seconds, so that the records are spooled: docs/scaling.md.
const slower = ['receivers whose groups overlap, across partitions: no deadlock in 250 pairs']

/** Single tests of the rest, by their names: all that do not apply, and why. */
export const appliesToCitus = new RegExp(
  `^(?!.*(${[...byTrigger, ...byLock, ...byStatement, ...slower].map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')}))`,
)
