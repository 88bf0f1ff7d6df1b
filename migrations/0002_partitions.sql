-- Up Migration
--
-- Maintenance, and the partitions. A function of the owner's, so that the receiver's own role needs no right to create tables.

SET LOCAL lock_timeout = '5s';

-- Locks of maintenance are rows of this table and no advisory locks: those can be taken, and held, by every login.
CREATE TABLE rtc.maintenance (
  task text PRIMARY KEY,
  ran_at timestamptz,
  reached timestamptz,
  reached_id bigint
);
INSERT INTO rtc.maintenance (task) VALUES ('partitions'), ('retention'), ('fold'), ('erasure');
COMMENT ON TABLE rtc.maintenance IS 'One row per task that one process at a time may do; it is locked meanwhile / 维护任务及其锁';
COMMENT ON COLUMN rtc.maintenance.task IS 'partitions, retention, fold, feed, erasure, statistics or peaks / 任务';
COMMENT ON COLUMN rtc.maintenance.ran_at IS 'When it last did something; fold: to within seconds / 最近执行时间';
COMMENT ON COLUMN rtc.maintenance.reached IS 'retention: facts with an earlier key time may be gone; fold: stored_at of the newest fact that is in ops.calls, to within seconds / 进度：清理截止时间；已计算的最新入库时间';

COMMENT ON COLUMN rtc.maintenance.reached_id IS 'fold: rows of rtc.unfolded up to this id are gone, but for those that committed late; where to look from; feed: positions up to this one are gone by age / fold：该编号及以前的 rtc.unfolded 行已处理；feed：该位点及以前的条目已过期清理';

-- Makes sure that parent has a partition for at, and says what it covers: period_start (NULL for _old, which has no
-- beginning) up to but not including period_end, and whether it was created just now.
--
-- A month of its own for each time from 2024 on, or days (by = 'day') for the last 60 days and the next 7: days further
-- away would let a sender of odd times make hundreds of tables. A month keeps the granularity it began with.
--
-- CREATE TABLE, then ATTACH PARTITION: ATTACH takes a lock that neither readers nor writers of the parent hold, whereas
-- CREATE TABLE … PARTITION OF would wait for every open SELECT. The locked row keeps two callers from each holding what
-- the other's ATTACH wants; all waiting ends at lock_timeout (55P03).
CREATE FUNCTION rtc.ensure_period(
  parent text, at timestamptz, by text,
  OUT period_start timestamptz, OUT period_end timestamptz, OUT created boolean
)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '1s'
SET TimeZone = 'UTC'
AS $$
DECLARE
  month_start CONSTANT timestamptz := date_trunc('month', at);
  month_name CONSTANT text := parent || to_char(month_start, '_YYYY_MM');
  day_name CONSTANT text := parent || to_char(at, '_YYYY_MM_DD');
  partition_name text;
  has_days boolean;
BEGIN
  IF parent IS NULL OR parent NOT IN ('call_events', 'cdrs') THEN
    RAISE 'rtc.ensure_period: no such table' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF by IS NULL OR by NOT IN ('month', 'day') THEN
    RAISE 'rtc.ensure_period: by is month or day' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- A day more than the receiver accepts, so that two clocks need not agree.
  IF at IS NULL OR at < '2000-01-01 00:00:00+00' OR at >= now() + interval '13 months 1 day' THEN
    RAISE 'rtc.ensure_period: time outside 2000 to 13 months ahead' USING ERRCODE = 'datetime_field_overflow';
  END IF;

  created := false;
  IF at < '2024-01-01 00:00:00+00' THEN
    period_end := '2024-01-01 00:00:00+00';
    RETURN;
  END IF;

  -- Twice: first without the lock, then, when nothing covers the time, again under it.
  FOR attempt IN 1..2 LOOP
    SELECT c.relname, bool_or(c.relname <> month_name) OVER ()
      INTO partition_name, has_days
      FROM pg_inherits i
      JOIN pg_class c ON c.oid = i.inhrelid
      JOIN pg_class p ON p.oid = i.inhparent
      JOIN pg_namespace n ON n.oid = p.relnamespace
     WHERE n.nspname = 'rtc' AND p.relname = parent
       AND (c.relname = month_name OR starts_with(c.relname, month_name || '_'))
     ORDER BY c.relname IN (month_name, day_name) DESC
     LIMIT 1;
    EXIT WHEN partition_name IN (month_name, day_name);
    IF attempt = 1 THEN
      PERFORM FROM rtc.maintenance m WHERE m.task = 'partitions' FOR UPDATE;
    END IF;
  END LOOP;

  IF partition_name IS DISTINCT FROM month_name AND partition_name IS DISTINCT FROM day_name THEN
    created := true;
    partition_name := CASE
      WHEN has_days THEN day_name
      WHEN by = 'day' AND at >= date_trunc('day', now()) - interval '60 days'
                      AND at < date_trunc('day', now()) + interval '8 days' THEN day_name
      ELSE month_name
    END;
  END IF;

  IF partition_name = month_name THEN
    period_start := month_start;
    period_end := month_start + interval '1 month';
  ELSE
    period_start := date_trunc('day', at);
    period_end := period_start + interval '1 day';
  END IF;

  IF created THEN
    -- ATTACH makes the indexes itself.
    EXECUTE format('CREATE TABLE rtc.%I (LIKE rtc.%I INCLUDING ALL EXCLUDING INDEXES EXCLUDING COMMENTS)',
      partition_name, parent);
    EXECUTE format('ALTER TABLE rtc.%I ATTACH PARTITION rtc.%I FOR VALUES FROM (%L) TO (%L)', parent, partition_name,
      to_char(period_start, 'YYYY-MM-DD HH24:MI:SS') || '+00', to_char(period_end, 'YYYY-MM-DD HH24:MI:SS') || '+00');
  END IF;
END
$$;
REVOKE EXECUTE ON FUNCTION rtc.ensure_period(text, timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION rtc.ensure_period(text, timestamptz, text) IS 'Creates the partition of call_events or cdrs for a time, if it is missing / 按需创建分区';
