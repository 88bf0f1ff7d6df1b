-- Up Migration
--
-- What ops see, third part: what is missing, late, double or could not be stored.

SET LOCAL lock_timeout = '5s';

-- Sessions that ended and have no CDR. Ended = a disconnect for every leg seen, and ten minutes gone; or no event for 25
-- hours (presumed: a disconnect was lost, and no call lasts so long). Only of apps that had a CDR in the week before: the
-- others would fill the view, and stand in ops.subscriptions as one line. Without verified signatures events name no app;
-- then any CDR counts.
CREATE VIEW ops.missing_cdrs AS
SELECT d.day, rtc.ref(k.key, 'session', m.session_id) AS call_ref,
  CASE WHEN rtc.holds_number(m.session_id) THEN NULL ELSE m.session_id END AS session_id,
  m.app_key, m.scenario, m.started_at, m.ended_at, m.last_seen_at AS last_event_at, m.ended_at IS NULL AS presumed,
  -- FAQ: six more times, an hour apart; private number after 1, 4, 9, 106, 203 and 300 minutes, each from the one before.
  CASE WHEN m.is_private
    THEN (SELECT count(*) FROM unnest(ARRAY[1, 5, 14, 120, 323, 623]) AS after WHERE m.last_seen_at + make_interval(mins => after) > now())
    ELSE (SELECT count(*) FROM generate_series(1, 6) AS after WHERE m.last_seen_at + make_interval(hours => after) > now())
  END::integer AS resends_left
FROM rtc.keys k, rtc.days d
CROSS JOIN LATERAL (
  WITH candidate AS MATERIALIZED (
    SELECT c.session_id, c.app_key, c.scenario, c.is_private, c.started_at, c.ended_at, c.last_seen_at
    FROM rtc.day_calls c
    WHERE c.day = d.day AND NOT c.has_cdr
      AND c.last_seen_at < now() - CASE WHEN c.ended_at IS NOT NULL THEN interval '10 minutes' ELSE interval '25 hours' END
  )
  SELECT c.*
  FROM candidate c
  JOIN (
    SELECT a.app_key FROM (SELECT DISTINCT app_key FROM candidate) a
    WHERE EXISTS (
      SELECT FROM rtc.cdrs r
      WHERE r.cdr_time >= d.day_start - interval '7 days' AND r.cdr_time < d.day_end
        AND (a.app_key IS NULL OR coalesce(r.app_key, r.signed_by) = a.app_key)
      OFFSET 0)
  ) known ON known.app_key IS NOT DISTINCT FROM c.app_key
) m
WHERE k.purpose = 'ref';

-- The other way round: CDRs whose session no event was seen of. Events are pushed once and never re-sent, so these are
-- lost. Only of apps of which events came in the week before.
CREATE VIEW ops.cdrs_without_events AS
SELECT d.day, rtc.ref(k.key, 'session', m.session_id) AS call_ref,
  CASE WHEN rtc.holds_number(m.session_id) THEN NULL ELSE m.session_id END AS session_id,
  m.app_key, m.bind_num, m.cdr_time AS ended_at, m.received_at
FROM rtc.keys k, rtc.days d
CROSS JOIN LATERAL (
  WITH seen AS MATERIALIZED (
    SELECT DISTINCT e.session_id FROM rtc.call_events e
    WHERE e.occurred_at >= d.day_start - interval '25 hours' AND e.occurred_at < d.day_end + interval '1 hour'
  ), candidate AS MATERIALIZED (
    SELECT c.session_id, coalesce(c.app_key, c.signed_by) AS app_key, c.bind_num, c.cdr_time, c.received_at
    FROM rtc.cdrs c
    LEFT JOIN seen ON seen.session_id = c.session_id
    WHERE c.cdr_time >= d.day_start AND c.cdr_time < d.day_end AND seen.session_id IS NULL
  )
  SELECT c.*
  FROM candidate c
  JOIN (
    SELECT a.app_key FROM (SELECT DISTINCT app_key FROM candidate) a
    WHERE EXISTS (
      SELECT FROM rtc.cdrs r
      WHERE r.cdr_time >= d.day_start - interval '7 days' AND r.cdr_time < d.day_end
        AND coalesce(r.app_key, r.signed_by) IS NOT DISTINCT FROM a.app_key
        AND EXISTS (
          SELECT FROM rtc.call_events e WHERE e.session_id = r.session_id
            AND e.occurred_at >= r.cdr_time - interval '25 hours' AND e.occurred_at <= r.cdr_time + interval '1 hour' OFFSET 0)
      OFFSET 0)
  ) known ON known.app_key IS NOT DISTINCT FROM c.app_key
) m
WHERE k.purpose = 'ref';

-- One line an app: which of the two kinds of callback came in the last week.
CREATE VIEW ops.subscriptions AS
SELECT w.app_key, a.name, w.sessions, w.events, w.cdrs, w.last_event_at, w.last_cdr_at,
  CASE
    WHEN w.cdrs = 0 AND NOT EXISTS (SELECT FROM rtc.cdrs c WHERE coalesce(c.app_key, c.signed_by) = w.app_key)
      THEN 'no CDR ever: is feeUrl registered? / 从未收到话单：是否已登记 feeUrl？'
    WHEN w.cdrs = 0 THEN 'no CDR for a week / 一周内未收到话单'
    WHEN w.events = 0 THEN 'no event for a week: is statusUrl registered? / 一周内未收到呼叫状态：是否已登记 statusUrl？'
    ELSE 'both come / 状态与话单均正常'
  END AS finding
FROM (
  SELECT s.app_key, count(*) AS sessions, sum(s.events)::bigint AS events, sum(s.cdrs)::bigint AS cdrs,
    max(s.last_event_at) AS last_event_at, max(s.last_cdr_at) AS last_cdr_at
  FROM (
    -- By session first: an event that names no app has it from the CDR of its session.
    SELECT r.session_id, max(r.app_key) AS app_key, count(r.event_at) AS events, count(r.cdr_at) AS cdrs,
      max(r.event_at) AS last_event_at, max(r.cdr_at) AS last_cdr_at
    FROM (
      SELECT e.session_id, e.signed_by AS app_key, e.occurred_at AS event_at, NULL::timestamptz AS cdr_at
      FROM rtc.call_events e WHERE e.occurred_at >= now() - interval '7 days'
      UNION ALL
      SELECT c.session_id, coalesce(c.app_key, c.signed_by), NULL, c.cdr_time
      FROM rtc.cdrs c WHERE c.cdr_time >= now() - interval '7 days'
    ) r
    GROUP BY r.session_id
  ) s
  GROUP BY s.app_key
) w
LEFT JOIN rtc.apps a ON a.app_key = w.app_key;

CREATE VIEW ops.repeated_cdrs AS
SELECT rtc.ref(k.key, 'session', c.session_id) AS call_ref,
  CASE WHEN rtc.holds_number(c.session_id) THEN NULL ELSE c.session_id END AS session_id,
  coalesce(c.app_key, c.signed_by) AS app_key, rtc.mask_icid(c.icid) AS icid, c.cdr_time, c.call_end_time, c.ul_fail_reason,
  rtc.seconds_between(coalesce(c.fwd_answer_time, c.call_out_answer_time), c.cdr_time) AS seconds, c.received_at,
  o.later = 0 AS counts, o.cdr_count
FROM rtc.keys k, rtc.cdrs c
CROSS JOIN LATERAL (
  SELECT count(*) AS cdr_count,
    count(*) FILTER (WHERE (o.received_at, o.cdr_time, o.icid) > (c.received_at, c.cdr_time, c.icid)) AS later
  FROM rtc.cdrs o
  WHERE o.session_id = c.session_id
    AND o.cdr_time >= c.cdr_time - interval '26 hours' AND o.cdr_time <= c.cdr_time + interval '26 hours'
) o
WHERE k.purpose = 'ref' AND o.cdr_count > 1;

CREATE VIEW ops.callback_delay AS
SELECT d.day, n.*
FROM rtc.days d
CROSS JOIN LATERAL (
  SELECT date_bin('1 hour', r.at, d.day_start) AS hour, r.kind, count(*) AS callbacks,
    round((percentile_cont(0.5) WITHIN GROUP (ORDER BY r.delay))::numeric, 1) AS delay_p50,
    round((percentile_cont(0.95) WITHIN GROUP (ORDER BY r.delay))::numeric, 1) AS delay_p95,
    round(max(r.delay)::numeric, 1) AS delay_max,
    count(*) FILTER (WHERE r.delay > 60) AS over_a_minute, count(*) FILTER (WHERE r.delay > 3600) AS over_an_hour
  FROM (
    SELECT 'status' AS kind, e.occurred_at AS at, extract(epoch FROM e.received_at - e.occurred_at)::float8 AS delay
    FROM rtc.call_events e WHERE e.occurred_at >= d.day_start AND e.occurred_at < d.day_end
    UNION ALL
    SELECT 'fee', c.cdr_time, extract(epoch FROM c.received_at - c.cdr_time)::float8
    FROM rtc.cdrs c WHERE c.cdr_time >= d.day_start AND c.cdr_time < d.day_end
  ) r
  GROUP BY 1, 2
) n;

-- The full hours of the last two days in which nothing happened although the same hour of the last four weeks was busy.
CREATE VIEW ops.silence AS
SELECT h.hour, kind.kind, came.n AS callbacks, usual.n AS expected, came.n = 0 AND usual.n >= 20 AS silent
FROM generate_series(date_trunc('hour', now(), 'UTC') - interval '48 hours', date_trunc('hour', now(), 'UTC') - interval '1 hour', interval '1 hour') AS h (hour)
CROSS JOIN (VALUES ('status'), ('fee')) AS kind (kind)
CROSS JOIN LATERAL (
  SELECT CASE kind.kind
    WHEN 'status' THEN (SELECT count(*) FROM rtc.call_events e WHERE e.occurred_at >= h.hour AND e.occurred_at < h.hour + interval '1 hour')
    ELSE (SELECT count(*) FROM rtc.cdrs c WHERE c.cdr_time >= h.hour AND c.cdr_time < h.hour + interval '1 hour')
  END AS n
) came
CROSS JOIN LATERAL (
  SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY CASE kind.kind
    WHEN 'status' THEN (SELECT count(*) FROM rtc.call_events e
      WHERE e.occurred_at >= h.hour - weeks * interval '7 days' AND e.occurred_at < h.hour - weeks * interval '7 days' + interval '1 hour')
    ELSE (SELECT count(*) FROM rtc.cdrs c
      WHERE c.cdr_time >= h.hour - weeks * interval '7 days' AND c.cdr_time < h.hour - weeks * interval '7 days' + interval '1 hour')
  END) AS n
  FROM generate_series(1, 4) AS weeks
) usual;

-- The shape of a body without what it says. Names come from outside too, so digits in them are covered. In schema ops,
-- because PL/pgSQL finds the functions it calls when it runs, by the rights of the user.
CREATE FUNCTION ops.skeleton(value jsonb, depth integer) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  CASE jsonb_typeof(value)
    WHEN 'string' THEN RETURN to_jsonb('text of ' || length(value #>> '{}'));
    WHEN 'null' THEN RETURN value;
    WHEN 'object' THEN
      IF depth > 8 THEN RETURN '"nested deeper"'; END IF;
      RETURN coalesce((
        SELECT jsonb_object_agg(regexp_replace(left(f.key, 64), '[0-9]{5,}', '***', 'g'), ops.skeleton(f.value, depth + 1))
        FROM (SELECT * FROM jsonb_each(value) LIMIT 100) f), '{}');
    WHEN 'array' THEN
      IF depth > 8 THEN RETURN '"nested deeper"'; END IF;
      RETURN coalesce((
        SELECT jsonb_agg(ops.skeleton(f.item, depth + 1))
        FROM (SELECT item FROM jsonb_array_elements(value) AS item LIMIT 5) f), '[]');
    ELSE RETURN to_jsonb(jsonb_typeof(value));
  END CASE;
END
$$;
COMMENT ON FUNCTION ops.skeleton(jsonb, integer) IS 'Names, types and lengths of a JSON value / JSON 结构骨架，不含内容';

-- NULL for what is no JSON, or JSON that Postgres cannot hold; the error, which would quote the body, ends here.
CREATE FUNCTION ops.skeleton(body bytea) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN ops.skeleton(convert_from(body, 'UTF8')::jsonb, 0);
EXCEPTION WHEN OTHERS THEN
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION ops.skeleton(bytea) IS 'The same of a body; NULL when it is no JSON / 请求体结构骨架，非 JSON 时为空';

CREATE VIEW ops.quarantine_open AS
SELECT q.id, q.kind, q.reason, q.record_index, q.body_size, q.first_seen_at, q.last_seen_at, q.seen_count, q.signed_by AS app_key,
  (SELECT jsonb_agg(jsonb_build_object('pointer', rtc.mask_text(e ->> 'pointer'), 'message', rtc.mask_text(e ->> 'message')))
    FROM jsonb_array_elements(CASE WHEN jsonb_typeof(q.errors) = 'array' THEN q.errors ELSE '[]' END) AS e) AS errors,
  ops.skeleton(q.body) AS skeleton
FROM rtc.quarantine q
WHERE q.resolved_at IS NULL;
