-- Up Migration
--
-- What ops see, second part: statistics, billing and what is counted by day.
--
-- A view with a column day hangs on rtc.days: a filter on day picks the days first, and what is expensive runs for those
-- only. The functions read with their owner's rights and give counts.

SET LOCAL lock_timeout = '5s';

-- Calls that began in ["from", "to"), by bucket ('hour', 'day', … as date_trunc has them, or a length as '15 minutes') of
-- a time zone. Every rate stands beside its numerator and denominator, so that sums over rows stay right.
CREATE FUNCTION ops.call_stats(
  "from" timestamptz, "to" timestamptz, bucket text DEFAULT 'day', time_zone text DEFAULT 'Asia/Shanghai'
) RETURNS TABLE (
  bucket_start timestamptz, app_key text, scenario text, bind_num text,
  attempts bigint, answered bigint, asr numeric, effective bigint, ner numeric, busy bigint, no_answer bigint,
  rejected bigint, unreachable bigint, cancelled bigint, failed bigint, unknown bigint, in_progress bigint,
  talk_seconds bigint, acd_seconds numeric, legs bigint, legs_answered bigint, leg_asr numeric,
  post_dial_delay_p50 numeric, post_dial_delay_p95 numeric, billed_minutes bigint
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
SET jit = off
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH counted AS (
    SELECT b.bucket_start, c.app_key, c.scenario, c.bind_num,
      count(*) FILTER (WHERE l.leg = 'A' AND c.outcome <> 'in progress') AS attempts,
      count(*) FILTER (WHERE l.leg = 'A' AND c.outcome = 'answered') AS answered,
      count(*) FILTER (WHERE l.leg = 'A' AND c.outcome IN ('answered', 'busy', 'no answer', 'rejected', 'unreachable')) AS effective,
      count(*) FILTER (WHERE l.leg = 'A' AND c.outcome = 'busy') AS busy,
      count(*) FILTER (WHERE l.leg = 'A' AND c.outcome = 'no answer') AS no_answer,
      count(*) FILTER (WHERE l.leg = 'A' AND c.outcome = 'rejected') AS rejected,
      count(*) FILTER (WHERE l.leg = 'A' AND c.outcome = 'unreachable') AS unreachable,
      count(*) FILTER (WHERE l.leg = 'A' AND c.outcome = 'cancelled') AS cancelled,
      count(*) FILTER (WHERE l.leg = 'A' AND c.outcome = 'failed') AS failed,
      count(*) FILTER (WHERE l.leg = 'A' AND c.outcome = 'unknown') AS unknown,
      count(*) FILTER (WHERE l.leg = 'A' AND c.outcome = 'in progress') AS in_progress,
      coalesce(sum(c.talk_seconds) FILTER (WHERE l.leg = 'A'), 0) AS talk_seconds,
      count(*) FILTER (WHERE l.is_there) AS legs,
      count(*) FILTER (WHERE l.answered_at IS NOT NULL) AS legs_answered,
      percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY l.delay) AS delays,
      coalesce(sum(l.minutes), 0) AS billed_minutes
    FROM rtc.day_calls c
    CROSS JOIN LATERAL (
      SELECT CASE WHEN bucket ~ '^[a-z]+$' THEN date_trunc(bucket, c.started_at AT TIME ZONE time_zone)
        ELSE date_bin(bucket::interval, c.started_at AT TIME ZONE time_zone, timestamp '2001-01-01') END AT TIME ZONE time_zone AS bucket_start
    ) b
    CROSS JOIN LATERAL (VALUES
      ('A', c.a_there, c.a_answered_at, c.a_delay, c.a_minutes), ('B', c.b_there, c.b_answered_at, c.b_delay, c.b_minutes)
    ) AS l (leg, is_there, answered_at, delay, minutes)
    WHERE c.day >= ("from" AT TIME ZONE 'Asia/Shanghai')::date AND c.day <= ("to" AT TIME ZONE 'Asia/Shanghai')::date
      AND c.started_at >= "from" AND c.started_at < "to"
    GROUP BY b.bucket_start, c.app_key, c.scenario, c.bind_num
  )
  SELECT n.bucket_start, n.app_key, n.scenario, n.bind_num, n.attempts,
    n.answered, round(n.answered / nullif(n.attempts, 0)::numeric, 4),
    n.effective, round(n.effective / nullif(n.attempts, 0)::numeric, 4),
    n.busy, n.no_answer, n.rejected, n.unreachable, n.cancelled, n.failed, n.unknown, n.in_progress,
    n.talk_seconds, round(n.talk_seconds / nullif(n.answered, 0)::numeric, 1),
    n.legs, n.legs_answered, round(n.legs_answered / nullif(n.legs, 0)::numeric, 4),
    round(n.delays[1]::numeric, 1), round(n.delays[2]::numeric, 1), n.billed_minutes
  FROM counted n
  ORDER BY 1, 2, 3, 4;
END
$$;
REVOKE EXECUTE ON FUNCTION ops.call_stats(timestamptz, timestamptz, text, text) FROM PUBLIC;

CREATE FUNCTION ops.failures(
  "from" timestamptz, "to" timestamptz, of_app text DEFAULT NULL, of_bind_num text DEFAULT NULL
) RETURNS TABLE (
  outcome text, reason text, release_point integer, a_q850 integer, b_q850 integer, sip_status integer, state_code integer,
  calls bigint, share numeric, first_at timestamptz, last_at timestamptz
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
SET jit = off
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT c.outcome, c.reason, c.release_point, c.a_q850, c.b_q850, c.sip_status, c.state_code, count(*),
    round(count(*) / sum(count(*)) OVER (), 4), min(c.started_at), max(c.started_at)
  FROM rtc.day_calls c
  WHERE c.day >= ("from" AT TIME ZONE 'Asia/Shanghai')::date AND c.day <= ("to" AT TIME ZONE 'Asia/Shanghai')::date
    AND c.started_at >= "from" AND c.started_at < "to"
    AND c.outcome NOT IN ('answered', 'in progress')
    AND (of_app IS NULL OR c.app_key = of_app) AND (of_bind_num IS NULL OR c.bind_num = of_bind_num)
  GROUP BY 1, 2, 3, 4, 5, 6, 7
  ORDER BY 8 DESC, 1, 2;
END
$$;
REVOKE EXECUTE ON FUNCTION ops.failures(timestamptz, timestamptz, text, text) FROM PUBLIC;

-- By the end of the call, which is when the platform makes the CDR.
CREATE VIEW ops.billing_daily AS
SELECT d.day, n.*
FROM rtc.days d
CROSS JOIN LATERAL (
  SELECT l.app_key, l.scenario, l.bind_num,
    count(*) FILTER (WHERE l.leg = 'A') AS calls,
    count(l.billed_minutes) FILTER (WHERE l.leg = 'A') AS a_legs_billed, coalesce(sum(l.billed_minutes) FILTER (WHERE l.leg = 'A'), 0) AS a_minutes,
    count(l.billed_minutes) FILTER (WHERE l.leg = 'B') AS b_legs_billed, coalesce(sum(l.billed_minutes) FILTER (WHERE l.leg = 'B'), 0) AS b_minutes,
    coalesce(sum(l.billed_minutes), 0) AS billed_minutes, coalesce(sum(l.seconds), 0) AS leg_seconds
  FROM rtc.call_legs l
  WHERE l.has_cdr AND l.call_ended_at >= d.day_start AND l.call_ended_at < d.day_end
  GROUP BY l.app_key, l.scenario, l.bind_num
) n;

CREATE VIEW ops.digit_inputs AS
SELECT i.occurred_at, rtc.ref(k.key, 'session', i.session_id) AS call_ref,
  CASE WHEN rtc.holds_number(i.session_id) THEN NULL ELSE i.session_id END AS session_id,
  i.app_key, i.source, rtc.mask_digits(i.digits) AS digits, length(translate(i.digits, '-', '')) AS keys
FROM rtc.keys k, (
  SELECT e.occurred_at, e.session_id, 'collectInfo' AS source, coalesce(e.digit_info, '') AS digits,
    coalesce(e.signed_by, (SELECT c.app_key FROM rtc.cdrs c WHERE c.session_id = e.session_id
      AND c.cdr_time >= e.occurred_at - interval '1 hour' AND c.cdr_time <= e.occurred_at + interval '26 hours' LIMIT 1)) AS app_key
  FROM rtc.call_events e
  WHERE e.event_type = 'collectInfo'
  UNION ALL
  SELECT c.cdr_time, c.session_id, 'dynamic IVR', coalesce(c.dyn_ivr_path, ''), coalesce(c.app_key, c.signed_by)
  FROM rtc.cdrs c
  WHERE c.dyn_ivr_path IS NOT NULL OR c.dyn_ivr_start_time IS NOT NULL
) i
WHERE k.purpose = 'ref';

CREATE VIEW ops.recordings AS
SELECT rtc.ref(k.key, 'session', c.session_id) AS call_ref,
  CASE WHEN rtc.holds_number(c.session_id) THEN NULL ELSE c.session_id END AS session_id,
  c.app_key, c.scenario, c.bind_num, c.started_at AS call_started_at, c.recording_started_at, c.ended_at,
  c.ended_at < now() - interval '7 days' AS likely_gone
FROM rtc.all_calls c, rtc.keys k
WHERE k.purpose = 'ref' AND c.has_cdr AND c.has_recording;

CREATE VIEW ops.frequent_callees AS
SELECT n.day, rtc.ref(k.key, 'number', n.number) AS callee_ref, n.callee, n.app_key, n.calls, n.answered, n.first_at, n.last_at
FROM rtc.keys k, (
  SELECT c.day, rtc.plain_number(l.num) AS number, max(rtc.mask_number(l.num, c.bind_num)) AS callee, c.app_key,
    count(*) AS calls, count(l.answered_at) AS answered, min(l.started_at) AS first_at, max(l.started_at) AS last_at
  FROM rtc.day_calls c
  -- Legs that the platform dialled.
  CROSS JOIN LATERAL (VALUES
    (c.a_num, c.a_started_at, c.a_answered_at, c.a_there AND NOT c.is_private), (c.b_num, c.b_started_at, c.b_answered_at, c.b_there)
  ) AS l (num, started_at, answered_at, was_dialled)
  WHERE l.was_dialled AND l.num IS NOT NULL
  GROUP BY c.day, rtc.plain_number(l.num), c.app_key
  HAVING count(*) > 1
) n
WHERE k.purpose = 'ref';

-- A line sweep over each day: +1 where a leg begins, -1 where it ends (first, of the same second), 0 at each full hour so
-- that an hour in which nothing changes has a row.
CREATE VIEW ops.concurrent_legs AS
SELECT d.day, s.hour, s.app_key, s.peak_legs
FROM rtc.days d
CROSS JOIN LATERAL (
  SELECT date_bin('1 hour', level.at, d.day_start) AS hour, level.app_key, max(level.legs) AS peak_legs
  FROM (
    SELECT change.at, change.app_key, sum(change.step) OVER (PARTITION BY change.app_key ORDER BY change.at, change.step) AS legs
    FROM (
      WITH leg AS MATERIALIZED (
        SELECT c.app_key, l.started_at, coalesce(l.ended_at, CASE WHEN c.outcome <> 'in progress' THEN c.last_seen_at END) AS ended_at
        FROM rtc.day_calls c
        CROSS JOIN LATERAL (VALUES (c.a_started_at, c.a_ended_at, c.a_there), (c.b_started_at, c.b_ended_at, c.b_there)) AS l (started_at, ended_at, is_there)
        WHERE c.day >= d.day - 1 AND c.day <= d.day AND l.is_there AND l.started_at < d.day_end
          AND coalesce(l.ended_at, d.day_end) >= d.day_start
      )
      SELECT app_key, greatest(started_at, d.day_start) AS at, 1 AS step FROM leg
      UNION ALL SELECT app_key, ended_at, -1 FROM leg WHERE ended_at < d.day_end
      UNION ALL SELECT a.app_key, mark, 0 FROM (SELECT DISTINCT app_key FROM leg) a,
        generate_series(d.day_start, d.day_end - interval '1 hour', interval '1 hour') AS mark WHERE mark <= now()
    ) change
  ) level
  GROUP BY 1, 2
) s;
