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

-- Drops a partition all of whose rows are older than a time; false when there is no such partition (any more).
--
-- DROP TABLE needs the parent for itself. It asks for a tenth of a second and gives up (55P03) where somebody reads or
-- writes for longer, since everybody else queues behind whoever waits; the caller tries again. DETACH … CONCURRENTLY would
-- wait without getting in the way, but runs in no function, and Citus has none.
-- Files are removed after the locks are released. One caller at a time: the others get 55P03 as well.
CREATE FUNCTION rtc.drop_period(partition text, before timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '100ms'
AS $$
#variable_conflict use_variable
BEGIN
  IF before IS NULL OR before > now() - interval '1 day' THEN
    RAISE 'rtc.drop_period: what is younger than a day stays' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF NOT pg_try_advisory_xact_lock(hashtextextended('rtc.retention', 0)) THEN
    RAISE 'rtc.drop_period: another process is at it' USING ERRCODE = 'lock_not_available';
  END IF;
  PERFORM FROM rtc.periods() p
    WHERE p.partition = drop_period.partition AND p.period_start IS NOT NULL AND p.period_end <= before;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  EXECUTE format('DROP TABLE rtc.%I', partition);
  RETURN true;
END
$$;
REVOKE EXECUTE ON FUNCTION rtc.drop_period(text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION rtc.drop_period(text, timestamptz) IS 'Drops a partition whose rows are all older than a time / 删除早于某时间的整个分区';

-- Deletes about a batch of the oldest rows before a time, where no partition can be dropped: in the partitions _old, and in
-- the tables beside the big ones. Says how many; 0 = nothing is left to delete.
--
-- A batch is a range of time or of ids and not a list of rows, which Citus would not take.
CREATE FUNCTION rtc.tidy(what text, before timestamptz, batch integer DEFAULT 5000) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '1s'
AS $$
#variable_conflict use_variable
DECLARE
  old_end CONSTANT timestamptz := '2024-01-01 00:00:00+00';
  last_time timestamptz;
  last_id bigint;
  deleted integer := 0;
BEGIN
  IF what IS NULL OR what NOT IN ('call_events', 'cdrs', 'placed_calls', 'reveals') THEN
    RAISE 'rtc.tidy: no such table' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF before IS NULL OR before > now() - (CASE what WHEN 'reveals' THEN interval '179 days' ELSE interval '1 day' END) THEN
    RAISE 'rtc.tidy: what is younger stays' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF batch IS NULL OR batch NOT BETWEEN 1 AND 100000 THEN
    RAISE 'rtc.tidy: a batch is 1 to 100000' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF NOT pg_try_advisory_xact_lock(hashtextextended('rtc.retention', 0)) THEN
    RAISE 'rtc.tidy: another process is at it' USING ERRCODE = 'lock_not_available';
  END IF;

  CASE what
    WHEN 'call_events' THEN
      SELECT max(x.t) INTO last_time FROM (SELECT e.occurred_at AS t FROM rtc.call_events e
        WHERE e.occurred_at < least(before, old_end) ORDER BY e.occurred_at LIMIT batch) x;
      DELETE FROM rtc.call_events e WHERE e.occurred_at <= last_time AND e.occurred_at < old_end;
    WHEN 'cdrs' THEN
      SELECT max(x.t) INTO last_time FROM (SELECT c.cdr_time AS t FROM rtc.cdrs c
        WHERE c.cdr_time < least(before, old_end) ORDER BY c.cdr_time LIMIT batch) x;
      DELETE FROM rtc.cdrs c WHERE c.cdr_time <= last_time AND c.cdr_time < old_end;
    WHEN 'placed_calls' THEN
      -- Ids follow the time but for calls placed at once.
      SELECT max(x.id) INTO last_id FROM (SELECT p.id, p.placed_at FROM rtc.placed_calls p ORDER BY p.id LIMIT batch) x
        WHERE x.placed_at < before;
      DELETE FROM rtc.placed_calls p WHERE p.id <= last_id AND p.placed_at < before;
    WHEN 'reveals' THEN
      SELECT max(x.t) INTO last_time FROM (SELECT r.asked_at AS t FROM rtc.reveals r
        WHERE r.asked_at < before ORDER BY r.asked_at LIMIT batch) x;
      DELETE FROM rtc.reveals r WHERE r.asked_at <= last_time;
  END CASE;
  GET DIAGNOSTICS deleted = ROW_COUNT;
  RETURN deleted;
END
$$;
REVOKE EXECUTE ON FUNCTION rtc.tidy(text, timestamptz, integer) FROM PUBLIC;
COMMENT ON FUNCTION rtc.tidy(text, timestamptz, integer) IS 'Deletes old rows of _old, placed_calls or reveals, a batch at a time / 分批删除过期数据';
