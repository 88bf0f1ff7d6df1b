import { expect, test } from 'vitest'
import { NumberFinder } from '../../src/erasure/finder.ts'
import { eraseNumber } from '../../src/erasure/run.ts'
import { Partitions } from '../../src/store/partitions.ts'
import { cdr, event } from '../support/callbacks.ts'
import { freshDatabase } from '../support/database.ts'
import { foldAll } from '../support/folder.ts'
import { TestReceiver } from '../support/receiver.ts'
import { connect } from './connect.ts'

// Rules of Citus for a distributed table, as far as they can be seen without it.

test('every unique key of the big tables holds the distribution column and the partition column', async () => {
  const { pool } = await freshDatabase()
  await new Partitions().createAhead(pool)
  const { rows } = await pool.query<{ index: string; columns: string[]; root: string }>(`
    SELECT i.indexrelid::regclass::text AS index, (SELECT relname::text FROM pg_class WHERE oid = pg_partition_root(i.indrelid)) AS root,
      ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)) AS columns
    FROM pg_index i
    WHERE i.indisunique AND pg_partition_root(i.indrelid) IN ('rtc.call_events'::regclass, 'rtc.cdrs'::regclass)`)
  expect(rows.length).toBeGreaterThanOrEqual(8)
  for (const { index, columns, root } of rows)
    expect(columns, index).toEqual(expect.arrayContaining(['session_id', root === 'cdrs' ? 'cdr_time' : 'occurred_at']))
})

test('the big tables have no foreign key, trigger, identity, sequence, exclusion or policy', async () => {
  const { pool } = await freshDatabase()
  const { rows } = await pool.query(`
    WITH big AS (SELECT r.relid FROM pg_partition_tree('rtc.call_events') r UNION SELECT r.relid FROM pg_partition_tree('rtc.cdrs') r)
    SELECT conname FROM pg_constraint WHERE conrelid IN (SELECT relid FROM big) AND contype IN ('f', 'x')
    UNION ALL SELECT tgname FROM pg_trigger WHERE tgrelid IN (SELECT relid FROM big)
    UNION ALL SELECT attname FROM pg_attribute WHERE attrelid IN (SELECT relid FROM big) AND attidentity <> ''
    UNION ALL SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid IN (SELECT relid FROM big)
      AND pg_get_expr(adbin, adrelid) NOT IN ('now()', '''''::text')
    UNION ALL SELECT polname FROM pg_policy WHERE polrelid IN (SELECT relid FROM big)`)
  expect(rows).toEqual([])
})

test('a call and its numbers have no unique key without call_ref, but for the one that distribute makes a plain index', async () => {
  const { pool } = await freshDatabase()
  const { rows } = await pool.query<{ index: string }>(`
    SELECT c.relname::text AS index FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indisunique AND i.indrelid IN ('ops.calls'::regclass, 'rtc.calls_private'::regclass)
      AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attname = 'call_ref' AND a.attnum = ANY (i.indkey))`)
  expect(rows).toEqual([{ index: 'calls_private_session_id' }])
})

test('no statement changes a session_id of facts or the call_ref of a call, not even when a number is erased from it', async () => {
  const { url, pool } = await freshDatabase()
  const it = await TestReceiver.start(url)
  const session = '+8613800000021_+8613900000077_4_a1b2c3'
  await it.take('status', [event(session)])
  await it.take('fee', [cdr(session), cdr('other', { calleeNum: '+8613800000021' })])
  await foldAll(pool)
  await pool.query(`
    CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'session_id is updated'; END $$;
    CREATE TRIGGER refuse BEFORE UPDATE OF session_id ON rtc.call_events FOR EACH ROW EXECUTE FUNCTION public.refuse();
    CREATE TRIGGER refuse BEFORE UPDATE OF session_id ON rtc.cdrs FOR EACH ROW EXECUTE FUNCTION public.refuse();
    CREATE TRIGGER refuse BEFORE UPDATE OF call_ref ON ops.calls FOR EACH ROW EXECUTE FUNCTION public.refuse();
    CREATE TRIGGER refuse BEFORE UPDATE OF call_ref ON rtc.calls_private FOR EACH ROW EXECUTE FUNCTION public.refuse()`)
  const connections = { reader: await connect(url), writer: await connect(url) }
  const { counts } = await eraseNumber(connections, { number: new NumberFinder('+8613800000021'), apply: true })
  expect(counts).toMatchObject({ call_events: 1, cdrs: 2 })
})
