-- Up Migration
--
-- Retention. Functions of the owner's, so that the receiver's own role needs no right to drop tables or to delete rows of
-- its choice: however it is misused, nothing of the last day goes, and nothing of the last half year that tells who saw numbers.

SET LOCAL lock_timeout = '5s';

-- Partitions of both tables with their bounds, which are read from the catalogs: names say them too, but somebody may have
-- attached a table of another name.
CREATE FUNCTION rtc.periods()
RETURNS TABLE (parent text, partition text, period_start timestamptz, period_end timestamptz)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
SET TimeZone = 'UTC'
SET DateStyle = 'ISO'
AS $$
  SELECT p.relname::text, c.relname::text, b.bounds[1]::timestamptz, b.bounds[2]::timestamptz
    FROM pg_inherits i
    JOIN pg_class c ON c.oid = i.inhrelid
    JOIN pg_class p ON p.oid = i.inhparent
    JOIN pg_namespace n ON n.oid = p.relnamespace
   CROSS JOIN LATERAL regexp_match(pg_get_expr(c.relpartbound, c.oid),
     'FROM \((?:MINVALUE|''([^'']+)'')\) TO \((?:MAXVALUE|''([^'']+)'')\)') AS b (bounds)
   WHERE n.nspname = 'rtc' AND p.relname IN ('call_events', 'cdrs') AND p.relkind = 'p'
   ORDER BY 1, 4
$$;
COMMENT ON FUNCTION rtc.periods() IS 'Partitions of call_events and cdrs with what they cover; period_start is NULL for _old / 分区及其时间范围';

-- One caller at a time, and none while calls are being folded: a fold that read its facts before and after would write a
-- call of half of them. The fold does not wait for these rows, it skips; so whoever waits here is in nobody's way.
-- Ended by lock_timeout (55P03): the caller tries again.
CREATE FUNCTION rtc.lock_retention() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '1s'
AS $$
BEGIN
  PERFORM FROM rtc.maintenance m WHERE m.task IN ('fold', 'retention') ORDER BY m.task FOR UPDATE;
END
$$;
REVOKE EXECUTE ON FUNCTION rtc.lock_retention() FROM PUBLIC;
COMMENT ON FUNCTION rtc.lock_retention() IS 'Takes the locks of retention until the end of the transaction / 获取清理任务的锁';

-- Drops a partition all of whose rows are older than a time; false when there is no such partition (any more).
--
-- DROP TABLE needs the parent for itself. It asks for a tenth of a second and gives up (55P03) where somebody reads or
-- writes for longer, since everybody else queues behind whoever waits; the caller tries again. DETACH … CONCURRENTLY would
-- wait without getting in the way, but runs in no function, and Citus has none.
-- Files are removed after the locks are released.
CREATE FUNCTION rtc.drop_period(partition text, before timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '100ms'
AS $$
#variable_conflict use_variable
DECLARE
  dropped_end timestamptz;
BEGIN
  IF before IS NULL OR before > now() - interval '1 day' THEN
    RAISE 'rtc.drop_period: what is younger than a day stays' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM rtc.lock_retention();
  SELECT p.period_end INTO dropped_end FROM rtc.periods() p
    WHERE p.partition = drop_period.partition AND p.period_start IS NOT NULL AND p.period_end <= before;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  EXECUTE format('DROP TABLE rtc.%I', partition);
  UPDATE rtc.maintenance m SET ran_at = now(), reached = greatest(m.reached, dropped_end) WHERE m.task = 'retention';
  RETURN true;
END
$$;
REVOKE EXECUTE ON FUNCTION rtc.drop_period(text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION rtc.drop_period(text, timestamptz) IS 'Drops a partition whose rows are all older than a time / 删除早于某时间的整个分区';

-- Deletes about a batch of rows of a partition all of whose rows are older than a time; 0: it is empty. For a partition that
-- cannot be dropped because somebody who reads keeps a transaction open: deleting rows waits for no reader.
CREATE FUNCTION rtc.empty_period(partition text, before timestamptz, batch integer DEFAULT 5000) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '1s'
AS $$
#variable_conflict use_variable
DECLARE
  past record;
  deleted integer;
BEGIN
  IF before IS NULL OR before > now() - interval '1 day' THEN
    RAISE 'rtc.empty_period: what is younger than a day stays' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM rtc.lock_retention();
  SELECT p.period_end, CASE p.parent WHEN 'cdrs' THEN 'cdr_time' ELSE 'occurred_at' END AS key_time INTO past
    FROM rtc.periods() p
    WHERE p.partition = empty_period.partition AND p.period_start IS NOT NULL AND p.period_end <= before;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  -- All of a second: a range of time and not a list of rows, which Citus would not take.
  EXECUTE format('DELETE FROM rtc.%1$I WHERE %2$I <= (SELECT max(t) FROM (SELECT %2$I AS t FROM rtc.%1$I ORDER BY 1 LIMIT $1) x)',
    partition, past.key_time) USING batch;
  GET DIAGNOSTICS deleted = ROW_COUNT;
  UPDATE rtc.maintenance m SET ran_at = now(), reached = greatest(m.reached, past.period_end) WHERE m.task = 'retention';
  RETURN deleted;
END
$$;
REVOKE EXECUTE ON FUNCTION rtc.empty_period(text, timestamptz, integer) FROM PUBLIC;
COMMENT ON FUNCTION rtc.empty_period(text, timestamptz, integer) IS 'Deletes the rows of a partition that cannot be dropped now, a batch at a time / 分区无法删除时分批清空';

-- Deletes about a batch of the oldest rows before a time, where no partition can be dropped: in the partitions _old, in
-- the calls, and in the small tables. Says how many; 0 = nothing is left to delete.
--
-- From the big tables a range of time and not a list of rows, which Citus would not take.
CREATE FUNCTION rtc.tidy(what text, before timestamptz, batch integer DEFAULT 5000) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '1s'
AS $$
#variable_conflict use_variable
DECLARE
  old_end CONSTANT timestamptz := '2024-01-01 00:00:00+00';
  last_time timestamptz;
  last_position bigint;
  refs uuid[];
  deleted integer := 0;
BEGIN
  IF what IS NULL OR what NOT IN ('call_events', 'cdrs', 'calls', 'placed_calls', 'notices', 'replaced_cdrs',
    'bill_changes', 'redeliveries', 'reveals', 'look_ups', 'erased_keys', 'feed') THEN
    RAISE 'rtc.tidy: no such table' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF before IS NULL OR before > now() - (CASE WHEN what IN ('reveals', 'look_ups') THEN interval '179 days'
    WHEN what = 'erased_keys' THEN interval '29 days' ELSE interval '1 day' END) THEN
    RAISE 'rtc.tidy: what is younger stays' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF batch IS NULL OR batch NOT BETWEEN 1 AND 100000 THEN
    RAISE 'rtc.tidy: a batch is 1 to 100000' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM rtc.lock_retention();

  CASE what
    WHEN 'call_events' THEN
      SELECT max(x.t) INTO last_time FROM (SELECT e.occurred_at AS t FROM rtc.call_events e
        WHERE e.occurred_at < least(before, old_end) ORDER BY e.occurred_at LIMIT batch) x;
      DELETE FROM rtc.call_events e WHERE e.occurred_at <= last_time AND e.occurred_at < old_end;
    WHEN 'cdrs' THEN
      SELECT max(x.t) INTO last_time FROM (SELECT c.cdr_time AS t FROM rtc.cdrs c
        WHERE c.cdr_time < least(before, old_end) ORDER BY c.cdr_time LIMIT batch) x;
      DELETE FROM rtc.cdrs c WHERE c.cdr_time <= last_time AND c.cdr_time < old_end;
    WHEN 'calls' THEN
      -- Whoever gives positions in the feed holds the lock of the fold.
      PERFORM FROM rtc.maintenance m WHERE m.task = 'fold' FOR UPDATE;
      -- A call that came lately stays, whatever its times say: one event of a wrong clock must not take it away.
      refs := ARRAY(SELECT o.call_ref FROM ops.calls o
        WHERE o.started_at < before AND o.last_received_at < before ORDER BY o.started_at LIMIT batch);
      DELETE FROM rtc.calls_private p WHERE p.call_ref = ANY (refs);
      DELETE FROM ops.calls c WHERE c.call_ref = ANY (refs);
      INSERT INTO rtc.feed (kind, call_ref) SELECT 'removed', unnest(refs);
    WHEN 'placed_calls' THEN
      DELETE FROM rtc.placed_calls p WHERE p.id IN (SELECT o.id FROM rtc.placed_calls o
        WHERE o.placed_at < before ORDER BY o.id LIMIT batch);
    WHEN 'notices' THEN
      DELETE FROM rtc.notices n WHERE n.notice_key IN (SELECT o.notice_key FROM rtc.notices o
        WHERE o.received_at < before AND o.last_received_at < before ORDER BY o.received_at LIMIT batch);
    WHEN 'replaced_cdrs' THEN
      -- By the time of the call, not of the replacement: it goes when the call goes.
      DELETE FROM rtc.replaced_cdrs r WHERE r.id IN (SELECT o.id FROM rtc.replaced_cdrs o
        WHERE o.cdr_time < before ORDER BY o.id LIMIT batch);
    WHEN 'bill_changes' THEN
      DELETE FROM ops.bill_changes b WHERE (b.call_ref, b.changed_at) IN (SELECT o.call_ref, o.changed_at FROM ops.bill_changes o
        WHERE o.changed_at < before ORDER BY o.changed_at LIMIT batch);
    WHEN 'redeliveries' THEN
      DELETE FROM rtc.redeliveries r WHERE (r.hour, r.kind, r.app_key) IN (SELECT o.hour, o.kind, o.app_key FROM rtc.redeliveries o
        WHERE o.hour < before ORDER BY o.hour LIMIT batch);
    WHEN 'reveals' THEN
      DELETE FROM rtc.reveals r WHERE r.ticket IN (SELECT o.ticket FROM rtc.reveals o
        WHERE o.asked_at < before ORDER BY o.asked_at LIMIT batch);
    WHEN 'look_ups' THEN
      DELETE FROM rtc.look_ups l WHERE l.id IN (SELECT o.id FROM rtc.look_ups o
        WHERE o.asked_at < before ORDER BY o.asked_at LIMIT batch);
    WHEN 'erased_keys' THEN
      DELETE FROM rtc.erased_keys k WHERE k.key_digest IN (SELECT o.key_digest FROM rtc.erased_keys o
        WHERE o.erased_at < before ORDER BY o.erased_at LIMIT batch);
    WHEN 'feed' THEN
      SELECT max(x.position) INTO last_position FROM (SELECT o.position, o.at FROM rtc.feed o
        ORDER BY o.position LIMIT batch) x WHERE x.at < before;
      DELETE FROM rtc.dead_letters d WHERE d.position <= last_position;
      UPDATE rtc.maintenance m SET ran_at = now(), reached_id = last_position WHERE m.task = 'feed' AND last_position IS NOT NULL;
      DELETE FROM rtc.feed f WHERE f.position <= last_position;
  END CASE;
  GET DIAGNOSTICS deleted = ROW_COUNT;
  IF deleted > 0 AND what IN ('call_events', 'cdrs') THEN
    UPDATE rtc.maintenance m SET ran_at = now(), reached = greatest(m.reached, least(before, old_end))
      WHERE m.task = 'retention';
  END IF;
  RETURN deleted;
END
$$;
REVOKE EXECUTE ON FUNCTION rtc.tidy(text, timestamptz, integer) FROM PUBLIC;
COMMENT ON FUNCTION rtc.tidy(text, timestamptz, integer) IS 'Deletes old rows of _old, of the calls and of small tables, a batch at a time / 分批删除过期数据';
