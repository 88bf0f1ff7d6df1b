-- Up Migration
--
-- Questions about days, weeks and months in time at ten million calls.
--
--   By sets         rtc.calls_between finds the calls of a stretch of time with a few hashes instead of look-ups per call.
--   By summaries    Hours that are over are counted once, by rtc.refresh_summaries, which the receiver calls every minute.
--                   Statistics add up those hours and count the rest from the base, so nothing is lost when nobody calls it.
--
-- A summary is never taken on trust. Rows may come late, twice or corrected, for any time: whoever asks looks first at the
-- rows stored since the last refresh, and counts anew the hours of all calls that those belong to. Storing rows costs
-- nothing for it: there is no trigger on them.

SET LOCAL lock_timeout = '5s';

-- Calls --------------------------------------------------------------------------------------------------------------
-- As before, but for superseded: of a CDR it is a column now, as of an event, so that whoever knows another way to find
-- out pays nothing for it.

CREATE OR REPLACE VIEW rtc.all_calls AS
SELECT
  x.session_id, x.has_cdr, x.superseded, x.has_events, x.cdr_count, x.icid, x.app_key, x.bind_num,
  d.scenario, x.is_private, d.has_b,
  x.a_num, x.b_num, x.shown_to_a, x.shown_to_b,
  x.started_at, w.ringing_at, w.answered_at, x.ended_at, x.last_seen_at, x.received_at,
  x.a_started_at, x.a_ringing_at, x.a_answered_at, x.a_ended_at, x.b_started_at, x.b_ringing_at, x.b_answered_at, x.b_ended_at,
  -- A leg that comes in is dialled by somebody else, so it has no delay of ours.
  coalesce(x.a_started_at, x.a_ringing_at, x.a_answered_at) IS NOT NULL AS a_there,
  CASE WHEN NOT x.is_private THEN rtc.seconds_between(x.a_started_at, coalesce(x.a_ringing_at, x.a_answered_at)) END AS a_delay,
  rtc.seconds_between(x.a_answered_at, x.a_ended_at) AS a_seconds, rtc.minutes_between(x.a_answered_at, x.a_ended_at) AS a_minutes,
  coalesce(x.b_started_at, x.b_ringing_at, x.b_answered_at) IS NOT NULL AS b_there,
  rtc.seconds_between(x.b_started_at, coalesce(x.b_ringing_at, x.b_answered_at)) AS b_delay,
  rtc.seconds_between(x.b_answered_at, x.b_ended_at) AS b_seconds, rtc.minutes_between(x.b_answered_at, x.b_ended_at) AS b_minutes,
  rtc.seconds_between(w.ringing_at, coalesce(w.answered_at, x.ended_at)) AS ring_seconds,
  rtc.seconds_between(w.answered_at, x.ended_at) AS talk_seconds,
  rtc.seconds_between(w.dialled_at, coalesce(w.ringing_at, w.answered_at)) AS post_dial_delay_seconds,
  CASE
    WHEN w.is_answered THEN 'answered'
    WHEN x.ended_at IS NULL AND x.last_seen_at > now() - interval '25 hours' THEN 'in progress'
    -- A code that stands in answered calls says nothing about one that was not.
    ELSE coalesce(
      nullif(rp.outcome, 'answered'), nullif(q1.outcome, 'answered'), nullif(q2.outcome, 'answered'),
      nullif(hr.outcome, 'answered'), rtc.sip_outcome(x.sip_status),
      -- "It failed, look elsewhere", and elsewhere is nothing.
      CASE WHEN (rp.code IS NOT NULL AND rp.outcome IS NULL) OR (hr.code IS NOT NULL AND hr.outcome IS NULL) THEN 'failed' END,
      'unknown')
  END AS outcome,
  coalesce(
    CASE WHEN w.is_answered OR rp.outcome <> 'answered' THEN rp.en || ' / ' || rp.zh END,
    CASE WHEN NOT w.is_answered AND q1.outcome <> 'answered' THEN q1.en || ' / ' || q1.zh END,
    CASE WHEN NOT w.is_answered AND q2.outcome <> 'answered' THEN q2.en || ' / ' || q2.zh END,
    CASE WHEN w.is_answered OR hr.outcome <> 'answered' THEN hr.en || ' / ' || hr.zh END,
    CASE WHEN x.sip_status > 0 THEN 'SIP status ' || x.sip_status || ' / SIP 状态码 ' || x.sip_status END,
    CASE WHEN rp.outcome IS NULL THEN rp.en || ' / ' || rp.zh END,
    CASE WHEN hr.outcome IS NULL THEN hr.en || ' / ' || hr.zh END,
    CASE WHEN rp.code IS NULL THEN 'release point ' || x.release_point || ' / 拆线点 ' || x.release_point END,
    CASE WHEN hr.code IS NULL THEN 'state code ' || coalesce(x.state_code, ev.state_code)
      || ' / 挂机原因值 ' || coalesce(x.state_code, ev.state_code) END
  ) AS reason,
  x.release_point, x.a_q850, x.b_q850, x.sip_status, coalesce(x.state_code, ev.state_code) AS state_code, x.hung_up_by, x.digits, x.has_recording, x.recording_started_at
FROM (
  SELECT
    c.session_id, true AS has_cdr,
    -- A corrected CDR stands beside the first one: what the platform said last counts. OFFSET 0 keeps it one look-up per
    -- session: as a join it would be planned over all partitions.
    EXISTS (
      SELECT FROM rtc.cdrs o
      WHERE o.session_id = c.session_id
        AND o.cdr_time >= c.cdr_time - interval '26 hours' AND o.cdr_time <= c.cdr_time + interval '26 hours'
        AND (o.received_at, o.cdr_time, o.icid) > (c.received_at, c.cdr_time, c.icid)
      OFFSET 0) AS superseded,
    -- What only some queries ask for is looked up as a column of its own, which costs the others nothing.
    EXISTS (SELECT FROM rtc.call_events e WHERE e.session_id = c.session_id
      AND e.occurred_at >= c.cdr_time - interval '25 hours' AND e.occurred_at <= c.cdr_time + interval '1 hour' OFFSET 0) AS has_events,
    (SELECT count(*) FROM rtc.cdrs o WHERE o.session_id = c.session_id
      AND o.cdr_time >= c.cdr_time - interval '26 hours' AND o.cdr_time <= c.cdr_time + interval '26 hours') AS cdr_count,
    c.icid,
    coalesce(c.app_key, c.signed_by) AS app_key, c.bind_num, c.service_type, p.is_private,
    c.fwd_dst_num IS NOT NULL OR c.fwd_start_time IS NOT NULL AS has_second_leg,
    CASE WHEN p.is_private THEN c.caller_num ELSE c.callee_num END AS a_num,
    c.fwd_dst_num AS b_num,
    CASE WHEN p.is_private THEN c.callee_num ELSE c.caller_num END AS shown_to_a,
    c.fwd_display_num AS shown_to_b,
    coalesce(c.call_in_time, c.call_out_start_time, c.fwd_start_time, c.cdr_time) AS started_at,
    c.cdr_time AS ended_at, c.cdr_time AS last_seen_at, c.received_at,
    CASE WHEN p.is_private THEN c.call_in_time ELSE c.call_out_start_time END AS a_started_at,
    c.call_out_alerting_time AS a_ringing_at,
    -- A who dials in is answered when B answers.
    CASE WHEN p.is_private THEN c.fwd_answer_time ELSE c.call_out_answer_time END AS a_answered_at,
    c.cdr_time AS a_ended_at,
    c.fwd_start_time AS b_started_at, c.fwd_alerting_time AS b_ringing_at, c.fwd_answer_time AS b_answered_at,
    c.cdr_time AS b_ended_at,
    false AS a_was_answered, false AS b_was_answered,
    c.ul_fail_reason AS release_point, c.call_out_unasw_rsn AS a_q850, c.fwd_unasw_rsn AS b_q850,
    c.sip_status_code AS sip_status, NULL::integer AS state_code,
    (SELECT (array_agg(rtc.mask_text(coalesce(e.party_type, CASE e.extra ->> 'callRelDirection' WHEN '1' THEN 'caller' WHEN '2' THEN 'callee' END))
        ORDER BY e.occurred_at, e.received_at))[1]
      FROM rtc.call_events e WHERE e.session_id = c.session_id AND e.event_type = 'disconnect'
        AND e.occurred_at >= c.cdr_time - interval '25 hours' AND e.occurred_at <= c.cdr_time + interval '1 hour') AS hung_up_by,
    coalesce((SELECT string_agg(rtc.mask_digits(e.digit_info), ' ' ORDER BY e.occurred_at, e.received_at)
      FROM rtc.call_events e WHERE e.session_id = c.session_id AND e.event_type = 'collectInfo'
        AND e.occurred_at >= c.cdr_time - interval '25 hours' AND e.occurred_at <= c.cdr_time + interval '1 hour'),
      rtc.mask_digits(c.dyn_ivr_path)) AS digits,
    c.dyn_ivr_start_time IS NOT NULL OR c.dyn_ivr_path IS NOT NULL AS asks_for_digits,
    coalesce(c.record_flag = 1, false) AS has_recording, c.record_start_time AS recording_started_at
  FROM rtc.cdrs c
  CROSS JOIN LATERAL (
    SELECT coalesce(c.service_type IN ('003', '004'), false) OR c.call_in_time IS NOT NULL AS is_private
  ) p

  UNION ALL

  SELECT
    e.session_id, false,
    EXISTS (SELECT FROM rtc.cdrs c WHERE c.session_id = e.session_id
      AND c.cdr_time >= e.occurred_at - interval '1 hour' AND c.cdr_time <= e.occurred_at + interval '26 hours' OFFSET 0),
    true, 0::bigint, NULL,
    s.app_key, NULL, NULL, s.is_private, s.first_called <> s.last_called OR s.is_private,
    CASE WHEN s.is_private THEN s.callin_caller ELSE s.first_called END,
    l.b_num,
    CASE WHEN s.is_private THEN s.callin_called ELSE l.a_caller END,
    l.b_caller,
    e.occurred_at,
    CASE WHEN l.is_ended THEN greatest(l.a_ended_at, l.b_ended_at, l.ended_at) END,
    l.last_seen_at, l.received_at,
    l.a_started_at, l.a_ringing_at, CASE WHEN s.is_private THEN l.b_answered_at ELSE l.a_answered_at END,
    coalesce(l.a_ended_at, l.ended_at, CASE WHEN l.is_ended THEN l.b_ended_at END),
    l.b_started_at, l.b_ringing_at, l.b_answered_at, coalesce(l.b_ended_at, l.ended_at),
    coalesce(l.a_was_answered, false), coalesce(l.b_was_answered, false),
    NULL, NULL, NULL, NULL, l.state_code, l.hung_up_by, l.digits, l.digits IS NOT NULL, false, NULL
  FROM rtc.call_events e
  CROSS JOIN LATERAL (
    SELECT n.*, coalesce(n.has_callin OR ap.scenario = 'privateNumber', false) AS is_private
    FROM (
      SELECT max(o.signed_by) AS app_key, bool_or(o.event_type = 'callin') AS has_callin,
        (array_agg(o.called ORDER BY o.occurred_at, rtc.event_rank(o.event_type), o.received_at)
          FILTER (WHERE o.called IS NOT NULL AND o.event_type <> 'callin'))[1] AS first_called,
        (array_agg(o.called ORDER BY o.occurred_at DESC, rtc.event_rank(o.event_type) DESC, o.received_at DESC)
          FILTER (WHERE o.called IS NOT NULL AND o.event_type = 'callout'))[1] AS last_called,
        max(o.caller) FILTER (WHERE o.event_type = 'callin') AS callin_caller,
        max(o.called) FILTER (WHERE o.event_type = 'callin') AS callin_called
      FROM rtc.call_events o
      WHERE o.session_id = e.session_id
        AND o.occurred_at >= e.occurred_at AND o.occurred_at <= e.occurred_at + interval '25 hours'
    ) n
    LEFT JOIN rtc.apps ap ON ap.app_key = n.app_key
  ) s
  CROSS JOIN LATERAL (
    SELECT
      min(o.called) FILTER (WHERE g.leg = 'B') AS b_num,
      min(o.caller) FILTER (WHERE g.leg = 'A') AS a_caller,
      min(o.caller) FILTER (WHERE g.leg = 'B') AS b_caller,
      min(o.occurred_at) FILTER (WHERE g.leg = 'A') AS a_started_at,
      min(o.occurred_at) FILTER (WHERE g.leg = 'A' AND o.event_type = 'alerting') AS a_ringing_at,
      min(o.occurred_at) FILTER (WHERE g.leg = 'A' AND o.event_type = 'answer') AS a_answered_at,
      max(o.occurred_at) FILTER (WHERE g.leg = 'A' AND o.event_type = 'disconnect') AS a_ended_at,
      bool_or(o.event_type = 'answer' OR h.outcome = 'answered') FILTER (WHERE g.leg = 'A') AS a_was_answered,
      min(o.occurred_at) FILTER (WHERE g.leg = 'B') AS b_started_at,
      min(o.occurred_at) FILTER (WHERE g.leg = 'B' AND o.event_type = 'alerting') AS b_ringing_at,
      min(o.occurred_at) FILTER (WHERE g.leg = 'B' AND o.event_type = 'answer') AS b_answered_at,
      max(o.occurred_at) FILTER (WHERE g.leg = 'B' AND o.event_type = 'disconnect') AS b_ended_at,
      bool_or(o.event_type = 'answer' OR h.outcome = 'answered') FILTER (WHERE g.leg = 'B') AS b_was_answered,
      -- A disconnect that names no leg ends all of them.
      max(o.occurred_at) FILTER (WHERE g.leg IS NULL AND o.event_type = 'disconnect') AS ended_at,
      bool_or(g.leg IS NULL AND o.event_type = 'disconnect')
        OR ((bool_or(o.event_type = 'disconnect') FILTER (WHERE g.leg = 'A') OR count(*) FILTER (WHERE g.leg = 'A' AND o.event_type <> 'callin') = 0)
          AND (bool_or(o.event_type = 'disconnect') FILTER (WHERE g.leg = 'B') OR count(*) FILTER (WHERE g.leg = 'B') = 0)
          AND bool_or(o.event_type = 'disconnect')) AS is_ended,
      max(o.occurred_at) AS last_seen_at, max(o.received_at) AS received_at,
      (array_agg(o.state_code ORDER BY coalesce(h.outcome, 'answered') = 'answered', o.occurred_at DESC, o.received_at DESC)
        FILTER (WHERE o.state_code IS NOT NULL))[1] AS state_code,
      (array_agg(rtc.mask_text(coalesce(o.party_type, CASE o.extra ->> 'callRelDirection' WHEN '1' THEN 'caller' WHEN '2' THEN 'callee' END))
        ORDER BY o.occurred_at, o.received_at) FILTER (WHERE o.event_type = 'disconnect'))[1] AS hung_up_by,
      string_agg(rtc.mask_digits(o.digit_info), ' ' ORDER BY o.occurred_at, o.received_at) AS digits
    FROM rtc.call_events o
    LEFT JOIN rtc.hangup_reasons h ON h.code = o.state_code
    CROSS JOIN LATERAL (
      SELECT CASE
        WHEN o.event_type = 'callin' THEN 'A'
        WHEN o.called IS NULL THEN NULL
        WHEN s.is_private OR o.called <> s.first_called THEN 'B'
        ELSE 'A'
      END AS leg
    ) g
    WHERE o.session_id = e.session_id
      AND o.occurred_at >= e.occurred_at AND o.occurred_at <= e.occurred_at + interval '25 hours'
  ) l
  -- The first event stands for its session, so that started_at is a plain column of the partition key.
  WHERE NOT EXISTS (
    SELECT FROM rtc.call_events o
    WHERE o.session_id = e.session_id
      AND o.occurred_at >= e.occurred_at - interval '25 hours' AND o.occurred_at <= e.occurred_at
      AND (o.occurred_at, rtc.event_rank(o.event_type), o.received_at, o.event_key)
        < (e.occurred_at, rtc.event_rank(e.event_type), e.received_at, e.event_key)
    OFFSET 0)
) x
LEFT JOIN rtc.apps a ON a.app_key = x.app_key
LEFT JOIN rtc.service_types st ON st.code = x.service_type
LEFT JOIN rtc.release_points rp ON rp.code = x.release_point
-- The leg that failed speaks first.
LEFT JOIN rtc.q850_causes q1 ON q1.code = CASE WHEN x.b_started_at IS NOT NULL THEN x.b_q850 ELSE x.a_q850 END
LEFT JOIN rtc.q850_causes q2 ON q2.code = CASE WHEN x.b_started_at IS NOT NULL THEN x.a_q850 ELSE x.b_q850 END
CROSS JOIN LATERAL (
  SELECT coalesce((SELECT p.scenario FROM rtc.placed_calls p WHERE p.session_id = x.session_id LIMIT 1),
    nullif(st.scenario, 'playback'), CASE WHEN x.is_private THEN 'privateNumber' END, a.scenario,
    CASE WHEN x.asks_for_digits OR x.has_cdr AND EXISTS (
      SELECT FROM rtc.call_events e WHERE e.session_id = x.session_id AND e.event_type = 'collectInfo'
        AND e.occurred_at >= x.ended_at - interval '25 hours' AND e.occurred_at <= x.ended_at + interval '1 hour' OFFSET 0)
      THEN 'callnotify' END,
    st.scenario,
    CASE WHEN x.has_second_leg THEN 'click2Call' END) AS scenario
  -- Worked out once a call, although several columns hang on it.
  OFFSET 0
) sc
CROSS JOIN LATERAL (
  SELECT sc.scenario, x.has_second_leg IS TRUE OR coalesce(sc.scenario IN ('click2Call', 'privateNumber'), false) AS has_b
) d
CROSS JOIN LATERAL (
  SELECT
    CASE WHEN x.b_started_at IS NOT NULL THEN x.b_started_at ELSE x.a_started_at END AS dialled_at,
    CASE WHEN x.b_started_at IS NOT NULL THEN x.b_ringing_at ELSE x.a_ringing_at END AS ringing_at,
    CASE WHEN d.has_b THEN x.b_answered_at ELSE x.a_answered_at END AS answered_at,
    CASE WHEN d.has_b THEN x.b_answered_at IS NOT NULL OR x.b_was_answered
         ELSE x.a_answered_at IS NOT NULL OR x.a_was_answered END AS is_answered
) w
-- The state codes of a call with a CDR are read only where the CDR does not say why it failed.
LEFT JOIN LATERAL (
  SELECT (array_agg(e.state_code ORDER BY coalesce(h.outcome, 'answered') = 'answered', e.occurred_at DESC, e.received_at DESC))[1] AS state_code
  FROM rtc.call_events e
  LEFT JOIN rtc.hangup_reasons h ON h.code = e.state_code
  WHERE x.has_cdr AND NOT w.is_answered
    AND coalesce(nullif(rp.outcome, 'answered'), nullif(q1.outcome, 'answered'), nullif(q2.outcome, 'answered')) IS NULL
    AND e.session_id = x.session_id AND e.state_code IS NOT NULL
    AND e.occurred_at >= x.ended_at - interval '25 hours' AND e.occurred_at <= x.ended_at + interval '1 hour'
) ev ON true
LEFT JOIN rtc.hangup_reasons hr ON hr.code = coalesce(x.state_code, ev.state_code);
COMMENT ON VIEW rtc.all_calls IS 'One row per CDR and one per session seen in events, unmasked; superseded = a later one tells of the same call; internal / 呼叫明细（未脱敏，内部使用）';

-- Calls that began in ["from", "to"), each once. To be used by the owner's functions, into whose queries these are merged,
-- so that columns nobody asks for cost nothing: with their own rights they would be planned apart.

CREATE FUNCTION rtc.calls_with_cdr("from" timestamptz, "to" timestamptz) RETURNS SETOF rtc.all_calls
LANGUAGE sql STABLE
AS $$
  SELECT a.*
  FROM rtc.all_calls a
  WHERE a.has_cdr AND a.started_at >= "from" AND a.started_at < "to"
    AND a.ended_at >= "from" - interval '1 hour' AND a.ended_at < "to" + interval '26 hours'
    -- CDRs that a later one took the place of: few, and NOT IN makes a hash of them whatever the planner expects. No call
    -- lasts longer than a day, which prunes.
    AND (a.session_id, a.icid, a.ended_at) NOT IN (
      SELECT c.session_id, c.icid, c.cdr_time
      FROM rtc.cdrs c
      JOIN rtc.cdrs o ON o.session_id = c.session_id
        AND o.cdr_time >= c.cdr_time - interval '26 hours' AND o.cdr_time <= c.cdr_time + interval '26 hours'
        AND (o.received_at, o.cdr_time, o.icid) > (c.received_at, c.cdr_time, c.icid)
      WHERE c.cdr_time >= "from" - interval '1 hour' AND c.cdr_time < "to" + interval '26 hours'
        AND coalesce(c.call_in_time, c.call_out_start_time, c.fwd_start_time, c.cdr_time) >= "from"
        AND coalesce(c.call_in_time, c.call_out_start_time, c.fwd_start_time, c.cdr_time) < "to"
        AND o.cdr_time >= "from" - interval '27 hours' AND o.cdr_time < "to" + interval '52 hours')
$$;
REVOKE EXECUTE ON FUNCTION rtc.calls_with_cdr(timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION rtc.calls_with_cdr(timestamptz, timestamptz) IS 'Calls with a CDR that began in a range; internal / 某时段开始且有话单的呼叫（内部使用）';

CREATE FUNCTION rtc.calls_without_cdr("from" timestamptz, "to" timestamptz) RETURNS SETOF rtc.all_calls
LANGUAGE sql STABLE
AS $$
  SELECT a.*
  FROM (
    -- Nearly all are gone after this; CDRs of long calls are found by the look-up.
    SELECT DISTINCT e.session_id FROM rtc.call_events e
    WHERE e.occurred_at >= "from" AND e.occurred_at < "to" AND NOT EXISTS (
      SELECT FROM rtc.cdrs o WHERE o.session_id = e.session_id
        AND o.cdr_time >= "from" - interval '1 hour' AND o.cdr_time < "to" + interval '2 hours')
  ) s
  CROSS JOIN LATERAL (
    SELECT o.* FROM rtc.all_calls o
    WHERE o.session_id = s.session_id AND NOT o.has_cdr AND NOT o.superseded AND o.started_at >= "from" AND o.started_at < "to"
    OFFSET 0
  ) a
$$;
REVOKE EXECUTE ON FUNCTION rtc.calls_without_cdr(timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION rtc.calls_without_cdr(timestamptz, timestamptz) IS 'Calls without a CDR that began in a range; internal / 某时段开始且无话单的呼叫（内部使用）';

CREATE FUNCTION rtc.calls_between("from" timestamptz, "to" timestamptz) RETURNS SETOF rtc.all_calls
LANGUAGE sql STABLE
AS $$
  SELECT * FROM rtc.calls_with_cdr("from", "to")
  UNION ALL
  SELECT * FROM rtc.calls_without_cdr("from", "to")
$$;
REVOKE EXECUTE ON FUNCTION rtc.calls_between(timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION rtc.calls_between(timestamptz, timestamptz) IS 'rtc.all_calls that began in a range, without superseded ones; internal / 某时段开始的呼叫（内部使用）';

CREATE OR REPLACE VIEW rtc.day_calls AS
SELECT d.day, d.day_start, d.day_end, c.*
FROM rtc.days d
CROSS JOIN LATERAL rtc.calls_between(d.day_start, d.day_end) c;

CREATE OR REPLACE VIEW ops.recordings AS
SELECT rtc.ref(k.key, 'session', c.session_id) AS call_ref,
  CASE WHEN rtc.holds_number(c.session_id) THEN NULL ELSE c.session_id END AS session_id,
  c.app_key, c.scenario, c.bind_num, c.started_at AS call_started_at, c.recording_started_at, c.ended_at,
  c.ended_at < now() - interval '7 days' AS likely_gone
FROM rtc.all_calls c, rtc.keys k
WHERE k.purpose = 'ref' AND c.has_cdr AND c.has_recording AND NOT c.superseded;

-- Summaries ----------------------------------------------------------------------------------------------------------

CREATE TABLE rtc.summary_hours (
  hour timestamptz PRIMARY KEY,
  valid_until timestamptz NOT NULL
);
COMMENT ON TABLE rtc.summary_hours IS 'Hours that are summarised; without its row here an hour is counted from the base. Deleting all rows is harmless / 已汇总的小时；删除后自动重算';
COMMENT ON COLUMN rtc.summary_hours.hour IS 'Beginning of the hour / 小时起点';
COMMENT ON COLUMN rtc.summary_hours.valid_until IS 'When a call in progress will count as over although nothing more was heard of it / 有效期：通话中的呼叫届时视为结束';

CREATE TABLE rtc.summary_state (
  only_row boolean PRIMARY KEY DEFAULT true CONSTRAINT summary_state_only_row CHECK (only_row),
  stored_until timestamptz NOT NULL,
  seen_until timestamptz NOT NULL,
  seen_xid xid8 NOT NULL,
  first_hour timestamptz,
  meanings text NOT NULL
);
COMMENT ON TABLE rtc.summary_state IS 'How far the summaries know what was stored / 汇总进度';
COMMENT ON COLUMN rtc.summary_state.only_row IS 'There is one row / 仅一行';
COMMENT ON COLUMN rtc.summary_state.stored_until IS 'Rows stored before are in the summaries / 此前入库的记录已计入汇总';
COMMENT ON COLUMN rtc.summary_state.seen_until IS 'stored_until when all transactions are over that ran at the last refresh / 上次刷新时在途事务结束后的 stored_until';
COMMENT ON COLUMN rtc.summary_state.seen_xid IS 'Those transactions are all before this one / 上述事务均早于此事务号';
COMMENT ON COLUMN rtc.summary_state.meanings IS 'Digest of the applications and codes that they were counted with / 汇总所依据的应用与代码表摘要';
COMMENT ON COLUMN rtc.summary_state.first_hour IS 'No call began before, as far as there are rows / 最早可能的呼叫开始时间';

CREATE TABLE rtc.call_summary (
  hour timestamptz NOT NULL REFERENCES rtc.summary_hours ON DELETE CASCADE,
  first_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  changes_at timestamptz,
  calls bigint NOT NULL,
  talk_seconds bigint NOT NULL,
  legs bigint NOT NULL,
  legs_answered bigint NOT NULL,
  billed_minutes bigint NOT NULL,
  release_point integer,
  a_q850 integer,
  b_q850 integer,
  sip_status integer,
  state_code integer,
  app_key text,
  scenario text,
  bind_num text,
  outcome text NOT NULL,
  reason text,
  delays integer[],
  without_cdr timestamptz[]
);
CREATE INDEX call_summary_hour ON rtc.call_summary (hour);
COMMENT ON TABLE rtc.call_summary IS 'Calls by the hour in which they began / 按开始小时汇总的呼叫';
COMMENT ON COLUMN rtc.call_summary.hour IS 'Beginning of the hour / 小时起点';
COMMENT ON COLUMN rtc.call_summary.first_at IS 'First of the calls / 首次';
COMMENT ON COLUMN rtc.call_summary.last_at IS 'Last of the calls / 末次';
COMMENT ON COLUMN rtc.call_summary.changes_at IS 'Calls in progress: when the first of them counts as over / 通话中的呼叫最早视为结束的时间';
COMMENT ON COLUMN rtc.call_summary.calls IS 'Calls / 呼叫数';
COMMENT ON COLUMN rtc.call_summary.talk_seconds IS 'Seconds of talk / 通话秒数';
COMMENT ON COLUMN rtc.call_summary.legs IS 'Legs / 段数';
COMMENT ON COLUMN rtc.call_summary.legs_answered IS 'Answered legs / 接通段数';
COMMENT ON COLUMN rtc.call_summary.billed_minutes IS 'Billed minutes of all legs / 计费分钟';
COMMENT ON COLUMN rtc.call_summary.release_point IS 'Of calls that failed / 拆线点（仅未接通）';
COMMENT ON COLUMN rtc.call_summary.a_q850 IS 'Of calls that failed / A 段 Q.850 原因值（仅未接通）';
COMMENT ON COLUMN rtc.call_summary.b_q850 IS 'Of calls that failed / B 段 Q.850 原因值（仅未接通）';
COMMENT ON COLUMN rtc.call_summary.sip_status IS 'Of calls that failed / SIP 状态码（仅未接通）';
COMMENT ON COLUMN rtc.call_summary.state_code IS 'Of calls that failed / 挂机原因值（仅未接通）';
COMMENT ON COLUMN rtc.call_summary.app_key IS 'appKey of the application / 应用的 appKey';
COMMENT ON COLUMN rtc.call_summary.scenario IS 'Scenario / 业务场景';
COMMENT ON COLUMN rtc.call_summary.bind_num IS 'The company''s own number / 企业绑定号码';
COMMENT ON COLUMN rtc.call_summary.outcome IS 'How they ended / 结果';
COMMENT ON COLUMN rtc.call_summary.reason IS 'Of calls that failed / 原因说明（仅未接通）';
COMMENT ON COLUMN rtc.call_summary.delays IS 'Post-dial delays of the legs: seconds, how many, seconds, how many … / 拨号到振铃秒数及其次数';
COMMENT ON COLUMN rtc.call_summary.without_cdr IS 'When calls without a CDR began / 缺话单呼叫的开始时间';

CREATE TABLE rtc.bill_summary (
  hour timestamptz NOT NULL REFERENCES rtc.summary_hours ON DELETE CASCADE,
  calls bigint NOT NULL,
  a_legs_billed bigint NOT NULL,
  a_minutes bigint NOT NULL,
  b_legs_billed bigint NOT NULL,
  b_minutes bigint NOT NULL,
  leg_seconds bigint NOT NULL,
  app_key text,
  scenario text,
  bind_num text
);
CREATE INDEX bill_summary_hour ON rtc.bill_summary (hour);
COMMENT ON TABLE rtc.bill_summary IS 'CDRs that count, by the hour in which the call ended / 按结束小时汇总的计费';
COMMENT ON COLUMN rtc.bill_summary.hour IS 'Beginning of the hour / 小时起点';
COMMENT ON COLUMN rtc.bill_summary.calls IS 'Calls / 呼叫数';
COMMENT ON COLUMN rtc.bill_summary.a_legs_billed IS 'Answered legs A / 接通的 A 段数';
COMMENT ON COLUMN rtc.bill_summary.a_minutes IS 'Billed minutes of legs A / A 段计费分钟';
COMMENT ON COLUMN rtc.bill_summary.b_legs_billed IS 'Answered legs B / 接通的 B 段数';
COMMENT ON COLUMN rtc.bill_summary.b_minutes IS 'Billed minutes of legs B / B 段计费分钟';
COMMENT ON COLUMN rtc.bill_summary.leg_seconds IS 'Seconds of answered legs / 接通总秒数';
COMMENT ON COLUMN rtc.bill_summary.app_key IS 'appKey of the application / 应用的 appKey';
COMMENT ON COLUMN rtc.bill_summary.scenario IS 'Scenario / 业务场景';
COMMENT ON COLUMN rtc.bill_summary.bind_num IS 'The company''s own number / 企业绑定号码';

CREATE TABLE rtc.record_summary (
  hour timestamptz NOT NULL REFERENCES rtc.summary_hours ON DELETE CASCADE,
  last_at timestamptz NOT NULL,
  records bigint NOT NULL,
  kind text NOT NULL,
  app_key text
);
CREATE INDEX record_summary_hour ON rtc.record_summary (hour);
COMMENT ON TABLE rtc.record_summary IS 'Events and CDRs by the hour of their own time / 按记录时间汇总的条数';
COMMENT ON COLUMN rtc.record_summary.hour IS 'Beginning of the hour / 小时起点';
COMMENT ON COLUMN rtc.record_summary.last_at IS 'Last of them / 末次';
COMMENT ON COLUMN rtc.record_summary.records IS 'How many / 条数';
COMMENT ON COLUMN rtc.record_summary.kind IS 'status or fee / 类别';
COMMENT ON COLUMN rtc.record_summary.app_key IS 'appKey of the application; of an event that names none, that of the CDR / 应用的 appKey';

-- What an hour is made of. Each is merged into the queries that use it, like rtc.calls_between.

CREATE FUNCTION rtc.bucket_of(at timestamptz, bucket text, time_zone text) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT CASE WHEN bucket ~ '^[a-z]+$' THEN date_trunc(bucket, at AT TIME ZONE time_zone)
    ELSE date_bin(bucket::interval, at AT TIME ZONE time_zone, timestamp '2001-01-01') END AT TIME ZONE time_zone
$$;
COMMENT ON FUNCTION rtc.bucket_of(timestamptz, text, text) IS 'Beginning of the bucket that a time lies in; internal / 时间所在的桶';

-- [value, how many, value, how many …]
CREATE FUNCTION rtc.histogram("values" integer[]) RETURNS integer[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT array_agg(p.item ORDER BY h.value, p.place)
  FROM (SELECT v AS value, count(*)::integer AS n FROM unnest("values") AS v WHERE v IS NOT NULL GROUP BY v) h
  CROSS JOIN LATERAL (VALUES (1, h.value), (2, h.n)) AS p (place, item)
$$;
COMMENT ON FUNCTION rtc.histogram(integer[]) IS 'Distinct values with their number; internal / 取值与次数';

CREATE FUNCTION rtc.count_calls("from" timestamptz, "to" timestamptz, bucket text, time_zone text) RETURNS SETOF rtc.call_summary
LANGUAGE sql STABLE
AS $$
  SELECT g.hour, g.first_at, g.last_at, g.changes_at, g.calls, g.talk_seconds, g.legs, g.legs_answered, g.billed_minutes,
    g.release_point, g.a_q850, g.b_q850, g.sip_status, g.state_code, g.app_key, g.scenario, g.bind_num, g.outcome, g.reason,
    rtc.histogram(g.a_delays || g.b_delays), g.without_cdr
  FROM (
    SELECT rtc.bucket_of(c.started_at, bucket, time_zone) AS hour, min(c.started_at) AS first_at, max(c.started_at) AS last_at,
      min(c.last_seen_at) FILTER (WHERE c.outcome = 'in progress') + interval '25 hours' AS changes_at,
      count(*) AS calls, coalesce(sum(c.talk_seconds), 0)::bigint AS talk_seconds,
      count(*) FILTER (WHERE c.a_there) + count(*) FILTER (WHERE c.b_there) AS legs,
      count(c.a_answered_at) + count(c.b_answered_at) AS legs_answered,
      (coalesce(sum(c.a_minutes), 0) + coalesce(sum(c.b_minutes), 0))::bigint AS billed_minutes,
      CASE WHEN f.failed THEN c.release_point END AS release_point, CASE WHEN f.failed THEN c.a_q850 END AS a_q850,
      CASE WHEN f.failed THEN c.b_q850 END AS b_q850, CASE WHEN f.failed THEN c.sip_status END AS sip_status,
      CASE WHEN f.failed THEN c.state_code END AS state_code, c.app_key, c.scenario, c.bind_num, c.outcome,
      CASE WHEN f.failed THEN c.reason END AS reason,
      array_agg(c.a_delay) FILTER (WHERE c.a_delay IS NOT NULL) AS a_delays,
      array_agg(c.b_delay) FILTER (WHERE c.b_delay IS NOT NULL) AS b_delays,
      array_agg(c.started_at) FILTER (WHERE NOT c.has_cdr) AS without_cdr
    FROM rtc.calls_between("from", "to") c
    CROSS JOIN LATERAL (SELECT c.outcome NOT IN ('answered', 'in progress') AS failed) f
    GROUP BY 1, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19
  ) g
$$;
REVOKE EXECUTE ON FUNCTION rtc.count_calls(timestamptz, timestamptz, text, text) FROM PUBLIC;
COMMENT ON FUNCTION rtc.count_calls(timestamptz, timestamptz, text, text) IS 'Calls that began in a range, counted; internal / 呼叫计数（内部使用）';

CREATE FUNCTION rtc.count_bill("from" timestamptz, "to" timestamptz) RETURNS SETOF rtc.bill_summary
LANGUAGE sql STABLE
AS $$
  SELECT date_trunc('hour', a.ended_at, 'UTC'), count(*), count(a.a_minutes), coalesce(sum(a.a_minutes), 0)::bigint,
    count(a.b_minutes), coalesce(sum(a.b_minutes), 0)::bigint,
    (coalesce(sum(a.a_seconds), 0) + coalesce(sum(a.b_seconds), 0))::bigint, a.app_key, a.scenario, a.bind_num
  FROM rtc.all_calls a
  WHERE a.has_cdr AND a.ended_at >= "from" AND a.ended_at < "to"
    AND (a.session_id, a.icid, a.ended_at) NOT IN (
      SELECT c.session_id, c.icid, c.cdr_time
      FROM rtc.cdrs c
      JOIN rtc.cdrs o ON o.session_id = c.session_id
        AND o.cdr_time >= c.cdr_time - interval '26 hours' AND o.cdr_time <= c.cdr_time + interval '26 hours'
        AND (o.received_at, o.cdr_time, o.icid) > (c.received_at, c.cdr_time, c.icid)
      WHERE c.cdr_time >= "from" AND c.cdr_time < "to"
        AND o.cdr_time >= "from" - interval '26 hours' AND o.cdr_time < "to" + interval '26 hours')
  GROUP BY 1, a.app_key, a.scenario, a.bind_num
$$;
REVOKE EXECUTE ON FUNCTION rtc.count_bill(timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION rtc.count_bill(timestamptz, timestamptz) IS 'CDRs that ended in a range, counted; internal / 计费计数（内部使用）';

CREATE FUNCTION rtc.count_records("from" timestamptz, "to" timestamptz) RETURNS SETOF rtc.record_summary
LANGUAGE sql STABLE
AS $$
  SELECT date_trunc('hour', r.at, 'UTC'), max(r.at), count(*), r.kind, r.app_key
  FROM (
    SELECT 'status' AS kind, e.occurred_at AS at, coalesce(e.signed_by, (
      SELECT max(coalesce(c.app_key, c.signed_by)) FROM rtc.cdrs c WHERE c.session_id = e.session_id
        AND c.cdr_time >= e.occurred_at - interval '1 hour' AND c.cdr_time <= e.occurred_at + interval '26 hours')) AS app_key
    FROM rtc.call_events e WHERE e.occurred_at >= "from" AND e.occurred_at < "to"
    UNION ALL
    SELECT 'fee', c.cdr_time, coalesce(c.app_key, c.signed_by) FROM rtc.cdrs c WHERE c.cdr_time >= "from" AND c.cdr_time < "to"
  ) r
  GROUP BY 1, r.kind, r.app_key
$$;
REVOKE EXECUTE ON FUNCTION rtc.count_records(timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION rtc.count_records(timestamptz, timestamptz) IS 'Events and CDRs of a range, counted; internal / 记录计数（内部使用）';

-- Hours that rows stored since then may have changed: all that have a row of one of their sessions.
CREATE FUNCTION rtc.touched_hours(since timestamptz) RETURNS SETOF timestamptz
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
SET jit = off
AS $$
BEGIN
  RETURN QUERY
  WITH stored AS MATERIALIZED (
    SELECT r.session_id, min(r.at) - interval '27 hours' AS first, max(r.at) + interval '27 hours' AS last
    FROM (
      SELECT c.session_id, c.cdr_time AS at FROM rtc.cdrs c WHERE c.stored_at >= since
      UNION ALL
      SELECT e.session_id, e.occurred_at FROM rtc.call_events e WHERE e.stored_at >= since
    ) r
    GROUP BY r.session_id
  )
  SELECT DISTINCT date_trunc('hour', t.at, 'UTC')
  FROM stored s
  CROSS JOIN LATERAL (
    SELECT u.at FROM rtc.cdrs c
    CROSS JOIN LATERAL (VALUES (c.cdr_time), (coalesce(c.call_in_time, c.call_out_start_time, c.fwd_start_time))) AS u (at)
    WHERE c.session_id = s.session_id AND c.cdr_time >= s.first AND c.cdr_time <= s.last
    UNION ALL
    SELECT e.occurred_at FROM rtc.call_events e
    WHERE e.session_id = s.session_id AND e.occurred_at >= s.first AND e.occurred_at <= s.last
  ) t
  WHERE t.at IS NOT NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION rtc.touched_hours(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION rtc.touched_hours(timestamptz) IS 'Hours that rows stored since a time may have changed / 之后入库的记录所影响的小时';

-- What calls are taken for hangs on these tables as well, which are small and seldom change. A digest that is compared, and
-- no trigger that forgets: that would not see what a refresh has counted and not committed, and Citus allows none on them.
CREATE FUNCTION rtc.meanings() RETURNS text
LANGUAGE sql STABLE
AS $$
  SELECT encode(sha256(convert_to(jsonb_build_array(
    (SELECT jsonb_agg(jsonb_build_array(a.app_key, a.scenario) ORDER BY a.app_key) FROM rtc.apps a),
    (SELECT jsonb_agg(to_jsonb(c) ORDER BY c.code) FROM rtc.hangup_reasons c),
    (SELECT jsonb_agg(to_jsonb(c) ORDER BY c.code) FROM rtc.q850_causes c),
    (SELECT jsonb_agg(to_jsonb(c) ORDER BY c.code) FROM rtc.release_points c),
    (SELECT jsonb_agg(to_jsonb(c) ORDER BY c.code) FROM rtc.service_types c))::text, 'UTF8')), 'hex')
$$;
REVOKE EXECUTE ON FUNCTION rtc.meanings() FROM PUBLIC;
COMMENT ON FUNCTION rtc.meanings() IS 'Digest of applications and codes; internal / 应用与代码表的摘要（内部使用）';

-- Hours within a range whose summary holds.
CREATE FUNCTION rtc.summarized("from" timestamptz, "to" timestamptz) RETURNS timestamptz[]
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
SET jit = off
AS $$
DECLARE
  known CONSTANT timestamptz[] := ARRAY(
    SELECT h.hour FROM rtc.summary_hours h
    WHERE h.hour >= "from" AND h.hour <= "to" - interval '1 hour' AND h.valid_until > now() ORDER BY h.hour);
BEGIN
  IF cardinality(known) = 0 THEN
    RETURN known;
  END IF;
  IF NOT EXISTS (SELECT FROM rtc.summary_state s WHERE s.meanings = rtc.meanings()) THEN
    RETURN '{}';
  END IF;
  RETURN ARRAY(
    SELECT k FROM unnest(known) AS k
    EXCEPT SELECT t FROM rtc.touched_hours((SELECT s.stored_until FROM rtc.summary_state s)) AS t
    ORDER BY 1);
END
$$;
REVOKE EXECUTE ON FUNCTION rtc.summarized(timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION rtc.summarized(timestamptz, timestamptz) IS 'Hours whose summary holds / 汇总有效的小时';

-- What is left of a range without some hours, a day of rtc.days at most each.
CREATE FUNCTION rtc.gaps("from" timestamptz, "to" timestamptz, hours timestamptz[])
RETURNS TABLE (gap_start timestamptz, gap_end timestamptz)
LANGUAGE sql STABLE
AS $$
  SELECT greatest(g.gap_start, d.day_start), least(g.gap_end, d.day_end)
  FROM (
    SELECT coalesce(lag(h + interval '1 hour') OVER (ORDER BY h), "from") AS gap_start, h AS gap_end
    FROM unnest(hours || "to") AS h
  ) g
  JOIN rtc.days d ON d.day_start < g.gap_end AND d.day_end > g.gap_start
  WHERE g.gap_start < g.gap_end
$$;
REVOKE EXECUTE ON FUNCTION rtc.gaps(timestamptz, timestamptz, timestamptz[]) FROM PUBLIC;
COMMENT ON FUNCTION rtc.gaps(timestamptz, timestamptz, timestamptz[]) IS 'What is left of a range without some hours; internal / 时段中未汇总的部分';

-- Brings the summaries up to date: forgets hours that have changed, and counts some of those that are over
-- and not counted yet, the latest first. Says how many it counted; 0 also when another process is at it.
--
-- stored_at is the beginning of a transaction, so a row may come into sight long after it: where a COMMIT waits for a standby,
-- or COMMIT_DEADLINE_MS is long. Rows count as seen when all transactions are over that had written at an earlier refresh. A
-- minute is more than one of the receiver's may take to its first write; whoever stores rows by hand in one that lasts more
-- than an hour deletes rtc.summary_hours.
CREATE FUNCTION rtc.refresh_summaries(at_most integer DEFAULT 24) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
SET jit = off
SET work_mem = '64MB'
SET TimeZone = 'UTC'
AS $$
DECLARE
  -- First of all: what is over in it can be seen by all that follows.
  current CONSTANT pg_snapshot := pg_current_snapshot();
  known CONSTANT timestamptz := coalesce((SELECT s.stored_until FROM rtc.summary_state s), now() - interval '5 minutes');
  -- No call of which there is a row can have begun before.
  oldest CONSTANT timestamptz := date_trunc('hour', least((SELECT min(c.cdr_time) FROM rtc.cdrs c), (SELECT min(e.occurred_at) FROM rtc.call_events e)) - interval '26 hours', 'UTC');
  -- Before anything is counted: a change meanwhile shows as another digest, and all is counted again.
  counted_with CONSTANT text := rtc.meanings();
  touched timestamptz[];
  run record;
  counted integer := 0;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtextextended('rtc.refresh_summaries', 0)) THEN
    RETURN 0;
  END IF;
  DELETE FROM rtc.summary_hours h
    WHERE h.valid_until <= now() OR NOT EXISTS (SELECT FROM rtc.summary_state s WHERE s.meanings = counted_with);
  -- What retention has dropped, and the hours after it whose calls began there or had rows there.
  DELETE FROM rtc.summary_hours h WHERE h.hour < coalesce(oldest, 'infinity')
    OR h.hour < oldest + interval '53 hours' AND EXISTS (SELECT FROM rtc.summary_state s WHERE s.first_hour < oldest);
  -- They are counted when it has been quiet for a while: until then nobody would trust what is counted now.
  touched := ARRAY(SELECT t FROM rtc.touched_hours(known) AS t);
  DELETE FROM rtc.summary_hours h WHERE h.hour = ANY(touched);
  INSERT INTO rtc.summary_state AS s (stored_until, seen_until, seen_xid, first_hour, meanings)
    VALUES (known, now() - interval '1 minute', pg_current_xact_id(), oldest, counted_with)
    ON CONFLICT (only_row) DO UPDATE SET first_hour = excluded.first_hour, meanings = excluded.meanings;
  UPDATE rtc.summary_state s
    SET stored_until = greatest(s.stored_until, s.seen_until), seen_until = now() - interval '1 minute', seen_xid = pg_current_xact_id()
    WHERE pg_snapshot_xmin(current) >= s.seen_xid
      -- One that was prepared and forgotten would hold this up for ever, and so would the numbers of another server, after a restore.
      OR s.seen_until < now() - interval '1 hour' OR s.seen_xid > pg_snapshot_xmax(current);

  FOR run IN
    SELECT min(m.hour) AS first, max(m.hour) + interval '1 hour' AS last
    FROM (
      SELECT h AS hour, h + row_number() OVER (ORDER BY h DESC) * interval '1 hour' AS run
      FROM rtc.days d
      CROSS JOIN LATERAL generate_series(d.day_start, d.day_end - interval '1 hour', interval '1 hour') AS h
      WHERE h >= greatest(oldest, '2024-01-01 00:00:00+00') AND h <= now() - interval '65 minutes'
        AND NOT EXISTS (SELECT FROM rtc.summary_hours s WHERE s.hour = h) AND h <> ALL(touched)
      ORDER BY h DESC
      LIMIT at_most
    ) m
    GROUP BY m.run
  LOOP
    INSERT INTO rtc.summary_hours
      SELECT h, 'infinity' FROM generate_series(run.first, run.last - interval '1 hour', interval '1 hour') AS h;
    INSERT INTO rtc.call_summary SELECT * FROM rtc.count_calls(run.first, run.last, 'hour', 'UTC');
    INSERT INTO rtc.bill_summary SELECT * FROM rtc.count_bill(run.first, run.last);
    INSERT INTO rtc.record_summary SELECT * FROM rtc.count_records(run.first, run.last);
    UPDATE rtc.summary_hours h SET valid_until = c.changes_at
      FROM (SELECT s.hour, min(s.changes_at) AS changes_at FROM rtc.call_summary s
        WHERE s.hour >= run.first AND s.hour < run.last AND s.changes_at IS NOT NULL GROUP BY s.hour) c
      WHERE h.hour = c.hour;
    counted := counted + (extract(epoch FROM run.last - run.first) / 3600)::integer;
  END LOOP;
  RETURN counted;
END
$$;
REVOKE EXECUTE ON FUNCTION rtc.refresh_summaries(integer) FROM PUBLIC;
COMMENT ON FUNCTION rtc.refresh_summaries(integer) IS 'Brings the summaries up to date; says how many hours it counted / 更新汇总，返回计算的小时数';

-- Statistics ---------------------------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION ops.call_stats(
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
SET work_mem = '64MB'
AS $$
#variable_conflict use_column
DECLARE
  -- Hours that lie in one bucket.
  hours CONSTANT timestamptz[] := ARRAY(
    SELECT h FROM unnest(rtc.summarized("from", "to")) AS h
    WHERE rtc.bucket_of(h, bucket, time_zone) = rtc.bucket_of(h + interval '1 hour - 1 microsecond', bucket, time_zone) ORDER BY h);
BEGIN
  RETURN QUERY
  WITH part AS MATERIALIZED (
    SELECT rtc.bucket_of(s.hour, bucket, time_zone) AS bucket_start, s.app_key, s.scenario, s.bind_num, s.outcome,
      s.calls, s.talk_seconds, s.legs, s.legs_answered, s.billed_minutes, s.delays
    FROM rtc.call_summary s WHERE s.hour = ANY(hours)
    UNION ALL
    SELECT c.hour, c.app_key, c.scenario, c.bind_num, c.outcome, c.calls, c.talk_seconds, c.legs, c.legs_answered, c.billed_minutes, c.delays
    FROM rtc.gaps("from", "to", hours) g CROSS JOIN LATERAL rtc.count_calls(g.gap_start, g.gap_end, bucket, time_zone) c
  ), counted AS (
    SELECT p.bucket_start, p.app_key, p.scenario, p.bind_num,
      coalesce(sum(p.calls) FILTER (WHERE p.outcome <> 'in progress'), 0)::bigint AS attempts,
      coalesce(sum(p.calls) FILTER (WHERE p.outcome = 'answered'), 0)::bigint AS answered,
      coalesce(sum(p.calls) FILTER (WHERE p.outcome IN ('answered', 'busy', 'no answer', 'rejected', 'unreachable')), 0)::bigint AS effective,
      coalesce(sum(p.calls) FILTER (WHERE p.outcome = 'busy'), 0)::bigint AS busy,
      coalesce(sum(p.calls) FILTER (WHERE p.outcome = 'no answer'), 0)::bigint AS no_answer,
      coalesce(sum(p.calls) FILTER (WHERE p.outcome = 'rejected'), 0)::bigint AS rejected,
      coalesce(sum(p.calls) FILTER (WHERE p.outcome = 'unreachable'), 0)::bigint AS unreachable,
      coalesce(sum(p.calls) FILTER (WHERE p.outcome = 'cancelled'), 0)::bigint AS cancelled,
      coalesce(sum(p.calls) FILTER (WHERE p.outcome = 'failed'), 0)::bigint AS failed,
      coalesce(sum(p.calls) FILTER (WHERE p.outcome = 'unknown'), 0)::bigint AS unknown,
      coalesce(sum(p.calls) FILTER (WHERE p.outcome = 'in progress'), 0)::bigint AS in_progress,
      sum(p.talk_seconds)::bigint AS talk_seconds, sum(p.legs)::bigint AS legs, sum(p.legs_answered)::bigint AS legs_answered,
      sum(p.billed_minutes)::bigint AS billed_minutes
    FROM part p
    GROUP BY 1, 2, 3, 4
  ), delay AS (
    -- percentile_cont of so many of each: places count from 0.
    SELECT d.bucket_start, d.app_key, d.scenario, d.bind_num, d.seconds,
      sum(d.n) OVER w AS up_to, sum(d.n) OVER (PARTITION BY d.bucket_start, d.app_key, d.scenario, d.bind_num) - 1 AS last
    FROM (
      SELECT p.bucket_start, p.app_key, p.scenario, p.bind_num, p.delays[i] AS seconds, sum(p.delays[i + 1]) AS n
      FROM part p CROSS JOIN LATERAL generate_series(1, cardinality(p.delays), 2) AS i
      GROUP BY 1, 2, 3, 4, 5
    ) d
    WINDOW w AS (PARTITION BY d.bucket_start, d.app_key, d.scenario, d.bind_num ORDER BY d.seconds)
  ), percentile AS (
    SELECT d.bucket_start, d.app_key, d.scenario, d.bind_num,
      min(d.seconds) FILTER (WHERE d.up_to > floor(d.last * 0.5)) AS low50, min(d.seconds) FILTER (WHERE d.up_to > ceil(d.last * 0.5)) AS high50,
      min(d.seconds) FILTER (WHERE d.up_to > floor(d.last * 0.95)) AS low95, min(d.seconds) FILTER (WHERE d.up_to > ceil(d.last * 0.95)) AS high95,
      max(d.last * 0.5 - floor(d.last * 0.5)) AS between50, max(d.last * 0.95 - floor(d.last * 0.95)) AS between95
    FROM delay d
    GROUP BY 1, 2, 3, 4
  )
  SELECT n.bucket_start, n.app_key, n.scenario, n.bind_num, n.attempts,
    n.answered, round(n.answered / nullif(n.attempts, 0)::numeric, 4),
    n.effective, round(n.effective / nullif(n.attempts, 0)::numeric, 4),
    n.busy, n.no_answer, n.rejected, n.unreachable, n.cancelled, n.failed, n.unknown, n.in_progress,
    n.talk_seconds, round(n.talk_seconds / nullif(n.answered, 0)::numeric, 1),
    n.legs, n.legs_answered, round(n.legs_answered / nullif(n.legs, 0)::numeric, 4),
    round(p.low50 + (p.high50 - p.low50) * p.between50, 1), round(p.low95 + (p.high95 - p.low95) * p.between95, 1), n.billed_minutes
  FROM counted n
  LEFT JOIN percentile p ON p.bucket_start = n.bucket_start AND p.app_key IS NOT DISTINCT FROM n.app_key
    AND p.scenario IS NOT DISTINCT FROM n.scenario AND p.bind_num IS NOT DISTINCT FROM n.bind_num
  ORDER BY 1, 2, 3, 4;
END
$$;

CREATE OR REPLACE FUNCTION ops.failures(
  "from" timestamptz, "to" timestamptz, of_app text DEFAULT NULL, of_bind_num text DEFAULT NULL
) RETURNS TABLE (
  outcome text, reason text, release_point integer, a_q850 integer, b_q850 integer, sip_status integer, state_code integer,
  calls bigint, share numeric, first_at timestamptz, last_at timestamptz
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
SET jit = off
SET work_mem = '64MB'
AS $$
#variable_conflict use_column
DECLARE
  hours CONSTANT timestamptz[] := rtc.summarized("from", "to");
BEGIN
  RETURN QUERY
  SELECT p.outcome, p.reason, p.release_point, p.a_q850, p.b_q850, p.sip_status, p.state_code, sum(p.calls)::bigint,
    round(sum(p.calls) / sum(sum(p.calls)) OVER (), 4), min(p.first_at), max(p.last_at)
  FROM (
    SELECT s.* FROM rtc.call_summary s WHERE s.hour = ANY(hours)
    UNION ALL
    SELECT c.* FROM rtc.gaps("from", "to", hours) g CROSS JOIN LATERAL rtc.count_calls(g.gap_start, g.gap_end, 'hour', 'UTC') c
  ) p
  WHERE p.outcome NOT IN ('answered', 'in progress')
    AND (of_app IS NULL OR p.app_key = of_app) AND (of_bind_num IS NULL OR p.bind_num = of_bind_num)
  GROUP BY 1, 2, 3, 4, 5, 6, 7
  ORDER BY 8 DESC, 1, 2;
END
$$;

-- Views by day: each day is read by a function, which is planned once for all days, has memory for its hashes, and runs
-- without JIT, whatever the login's settings. They give what the views show, masked, and nothing else. Hours whose summary
-- holds are found once a query.

CREATE FUNCTION rtc.bill_of("from" timestamptz, "to" timestamptz, hours timestamptz[]) RETURNS SETOF rtc.bill_summary
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
SET work_mem = '64MB'
AS $$
DECLARE
  own CONSTANT timestamptz[] := ARRAY(SELECT h FROM unnest(hours) AS h WHERE h >= "from" AND h <= "to" - interval '1 hour');
BEGIN
  RETURN QUERY SELECT s.* FROM rtc.bill_summary s WHERE s.hour = ANY(own);
  IF cardinality(own) * interval '1 hour' = "to" - "from" THEN
    RETURN;
  END IF;
  RETURN QUERY SELECT c.* FROM rtc.gaps("from", "to", own) g CROSS JOIN LATERAL rtc.count_bill(g.gap_start, g.gap_end) c;
END
$$;
REVOKE EXECUTE ON FUNCTION rtc.bill_of(timestamptz, timestamptz, timestamptz[]) FROM PUBLIC;
COMMENT ON FUNCTION rtc.bill_of(timestamptz, timestamptz, timestamptz[]) IS 'What ops.billing_daily adds up / ops.billing_daily 的数据';

CREATE OR REPLACE VIEW ops.billing_daily AS
WITH known AS MATERIALIZED (SELECT rtc.summarized('-infinity', 'infinity') AS hours)
SELECT d.day, b.app_key, b.scenario, b.bind_num, sum(b.calls)::bigint AS calls,
  sum(b.a_legs_billed)::bigint AS a_legs_billed, sum(b.a_minutes)::bigint AS a_minutes,
  sum(b.b_legs_billed)::bigint AS b_legs_billed, sum(b.b_minutes)::bigint AS b_minutes,
  sum(b.a_minutes + b.b_minutes)::bigint AS billed_minutes, sum(b.leg_seconds)::bigint AS leg_seconds
FROM known k
CROSS JOIN rtc.days d
CROSS JOIN LATERAL rtc.bill_of(d.day_start, d.day_end, k.hours) b
GROUP BY d.day, b.app_key, b.scenario, b.bind_num;

CREATE FUNCTION rtc.frequent_callees_of("from" timestamptz, "to" timestamptz)
RETURNS TABLE (callee_ref text, callee text, app_key text, calls bigint, answered bigint, first_at timestamptz, last_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
SET work_mem = '64MB'
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT rtc.ref(k.key, 'number', n.number), rtc.mask_number(n.num, n.own), n.app_key, n.calls, n.answered, n.first_at, n.last_at
  FROM rtc.keys k, (
    SELECT g.number, max(g.num) AS num, max(g.own) AS own, g.app_key, sum(g.calls)::bigint AS calls, sum(g.answered)::bigint AS answered,
      min(g.first_at) AS first_at, max(g.last_at) AS last_at
    FROM (
      -- As they were written first: of most there is one.
      SELECT l.num, rtc.plain_number(l.num) AS number, max(c.bind_num) FILTER (WHERE c.bind_num = l.num) AS own, c.app_key,
        count(*) AS calls, count(l.answered_at) AS answered, min(l.started_at) AS first_at, max(l.started_at) AS last_at
      FROM rtc.calls_between("from", "to") c
      -- Legs that the platform dialled.
      CROSS JOIN LATERAL (VALUES
        (c.a_num, c.a_started_at, c.a_answered_at, c.a_there AND NOT c.is_private), (c.b_num, c.b_started_at, c.b_answered_at, c.b_there)
      ) AS l (num, started_at, answered_at, was_dialled)
      WHERE l.was_dialled AND l.num IS NOT NULL
      GROUP BY l.num, c.app_key
    ) g
    GROUP BY g.number, g.app_key
    HAVING sum(g.calls) > 1
  ) n
  WHERE k.purpose = 'ref';
END
$$;
REVOKE EXECUTE ON FUNCTION rtc.frequent_callees_of(timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION rtc.frequent_callees_of(timestamptz, timestamptz) IS 'A day of ops.frequent_callees / ops.frequent_callees 一天的数据';

CREATE OR REPLACE VIEW ops.frequent_callees AS
SELECT d.day, n.*
FROM rtc.days d
CROSS JOIN LATERAL rtc.frequent_callees_of(d.day_start, d.day_end) n;

-- A line sweep over each day: +1 where a leg begins, -1 where it ends (first, of the same second), 0 at each full hour so
-- that an hour in which nothing changes has a row. Legs of the day before may reach into it.
CREATE FUNCTION rtc.concurrent_legs_of("from" timestamptz, "to" timestamptz) RETURNS TABLE (hour timestamptz, app_key text, peak_legs bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
SET work_mem = '64MB'
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH leg AS MATERIALIZED (
    SELECT c.app_key, l.started_at, coalesce(l.ended_at, CASE WHEN c.outcome <> 'in progress' THEN c.last_seen_at END) AS ended_at
    FROM (
      SELECT b.* FROM rtc.calls_between("from", "to") b
      UNION ALL
      SELECT b.* FROM rtc.calls_with_cdr("from" - interval '1 day', "from") b WHERE b.ended_at >= "from"
      UNION ALL
      SELECT b.* FROM rtc.calls_without_cdr("from" - interval '1 day', "from") b WHERE b.ended_at >= "from" OR b.ended_at IS NULL
    ) c
    CROSS JOIN LATERAL (VALUES (c.a_started_at, c.a_ended_at, c.a_there), (c.b_started_at, c.b_ended_at, c.b_there)) AS l (started_at, ended_at, is_there)
    WHERE l.is_there AND l.started_at < "to" AND coalesce(l.ended_at, "to") >= "from"
  )
  SELECT date_bin('1 hour', level.at, "from"), level.app_key, max(level.legs)
  FROM (
    SELECT change.at, change.app_key, sum(change.step) OVER (PARTITION BY change.app_key ORDER BY change.at, change.step) AS legs
    FROM (
      SELECT s.app_key, greatest(s.started_at, "from") AS at, 1 AS step FROM leg s
      UNION ALL SELECT e.app_key, e.ended_at, -1 FROM leg e WHERE e.ended_at < "to"
      UNION ALL SELECT a.app_key, mark, 0 FROM (SELECT DISTINCT g.app_key FROM leg g) a,
        generate_series("from", "to" - interval '1 hour', interval '1 hour') AS mark WHERE mark <= now()
    ) change
  ) level
  GROUP BY 1, 2;
END
$$;
REVOKE EXECUTE ON FUNCTION rtc.concurrent_legs_of(timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION rtc.concurrent_legs_of(timestamptz, timestamptz) IS 'A day of ops.concurrent_legs / ops.concurrent_legs 一天的数据';

CREATE OR REPLACE VIEW ops.concurrent_legs AS
SELECT d.day, s.hour, s.app_key, s.peak_legs
FROM rtc.days d
CROSS JOIN LATERAL rtc.concurrent_legs_of(d.day_start, d.day_end) s;

-- Gaps ---------------------------------------------------------------------------------------------------------------

CREATE FUNCTION rtc.missing_cdrs_of("from" timestamptz, "to" timestamptz, hours timestamptz[])
RETURNS TABLE (call_ref text, session_id text, app_key text, scenario text, started_at timestamptz, ended_at timestamptz,
  last_event_at timestamptz, presumed boolean, resends_left integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
SET work_mem = '64MB'
AS $$
#variable_conflict use_column
DECLARE
  own CONSTANT timestamptz[] := ARRAY(SELECT h FROM unnest(hours) AS h WHERE h >= "from" AND h <= "to" - interval '1 hour');
BEGIN
  RETURN QUERY
  WITH lone AS (
    -- The summary says when those calls began, so few events are looked at.
    SELECT a.* FROM (
      SELECT DISTINCT e.session_id, e.occurred_at
      FROM (SELECT DISTINCT unnest(s.without_cdr) AS at FROM rtc.call_summary s WHERE s.hour = ANY(own)) t
      CROSS JOIN LATERAL (SELECT o.session_id, o.occurred_at FROM rtc.call_events o WHERE o.occurred_at = t.at OFFSET 0) e
      -- Others began in the same second.
      WHERE NOT EXISTS (SELECT FROM rtc.cdrs c WHERE c.session_id = e.session_id
        AND c.cdr_time >= e.occurred_at - interval '1 hour' AND c.cdr_time <= e.occurred_at + interval '26 hours' OFFSET 0)
    ) s
    CROSS JOIN LATERAL (
      SELECT o.* FROM rtc.all_calls o
      WHERE o.session_id = s.session_id AND o.started_at = s.occurred_at AND NOT o.has_cdr AND NOT o.superseded
      OFFSET 0
    ) a
    UNION ALL
    SELECT c.* FROM rtc.gaps("from", "to", own) g CROSS JOIN LATERAL rtc.calls_without_cdr(g.gap_start, g.gap_end) c
  ), candidate AS MATERIALIZED (
    SELECT c.session_id, c.app_key, c.scenario, c.is_private, c.started_at, c.ended_at, c.last_seen_at
    FROM lone c
    WHERE c.last_seen_at < now() - CASE WHEN c.ended_at IS NOT NULL THEN interval '10 minutes' ELSE interval '25 hours' END
  )
  SELECT rtc.ref(k.key, 'session', m.session_id),
    CASE WHEN rtc.holds_number(m.session_id) THEN NULL ELSE m.session_id END,
    m.app_key, m.scenario, m.started_at, m.ended_at, m.last_seen_at, m.ended_at IS NULL,
    -- FAQ: six more times, an hour apart; private number after 1, 4, 9, 106, 203 and 300 minutes, each from the one before.
    CASE WHEN m.is_private
      THEN (SELECT count(*) FROM unnest(ARRAY[1, 5, 14, 120, 323, 623]) AS after WHERE m.last_seen_at + make_interval(mins => after) > now())
      ELSE (SELECT count(*) FROM generate_series(1, 6) AS after WHERE m.last_seen_at + make_interval(hours => after) > now())
    END::integer
  FROM rtc.keys k, candidate m
  JOIN (
    SELECT a.app_key FROM (SELECT DISTINCT c.app_key FROM candidate c) a
    WHERE EXISTS (
        SELECT FROM rtc.record_summary r
        WHERE r.hour >= "from" - interval '7 days' AND r.hour <= "to" - interval '1 hour' AND r.kind = 'fee'
          AND (a.app_key IS NULL OR r.app_key = a.app_key))
      OR EXISTS (
        SELECT FROM rtc.cdrs r
        WHERE r.cdr_time >= "from" - interval '7 days' AND r.cdr_time < "to"
          AND (a.app_key IS NULL OR coalesce(r.app_key, r.signed_by) = a.app_key)
        OFFSET 0)
  ) known ON known.app_key IS NOT DISTINCT FROM m.app_key
  WHERE k.purpose = 'ref';
END
$$;
REVOKE EXECUTE ON FUNCTION rtc.missing_cdrs_of(timestamptz, timestamptz, timestamptz[]) FROM PUBLIC;
COMMENT ON FUNCTION rtc.missing_cdrs_of(timestamptz, timestamptz, timestamptz[]) IS 'A day of ops.missing_cdrs / ops.missing_cdrs 一天的数据';

CREATE OR REPLACE VIEW ops.missing_cdrs AS
WITH known AS MATERIALIZED (SELECT rtc.summarized('-infinity', 'infinity') AS hours)
SELECT d.day, m.*
FROM known k
CROSS JOIN rtc.days d
CROSS JOIN LATERAL rtc.missing_cdrs_of(d.day_start, d.day_end, k.hours) m;

CREATE FUNCTION rtc.cdrs_without_events_of("from" timestamptz, "to" timestamptz)
RETURNS TABLE (call_ref text, session_id text, app_key text, bind_num text, ended_at timestamptz, received_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
SET work_mem = '64MB'
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH candidate AS MATERIALIZED (
    SELECT c.session_id, coalesce(c.app_key, c.signed_by) AS app_key, c.bind_num, c.cdr_time, c.received_at
    FROM rtc.cdrs c
    WHERE c.cdr_time >= "from" AND c.cdr_time < "to"
      -- Nearly all are gone after the hash of the day, the look-up is for the others.
      AND NOT EXISTS (
        SELECT FROM rtc.call_events e
        WHERE e.session_id = c.session_id AND e.occurred_at >= "from" - interval '1 hour' AND e.occurred_at < "to" + interval '1 hour')
      AND NOT EXISTS (
        SELECT FROM rtc.call_events e WHERE e.session_id = c.session_id
          AND e.occurred_at >= c.cdr_time - interval '26 hours' AND e.occurred_at <= c.cdr_time + interval '26 hours' OFFSET 0)
  )
  SELECT rtc.ref(k.key, 'session', c.session_id),
    CASE WHEN rtc.holds_number(c.session_id) THEN NULL ELSE c.session_id END,
    c.app_key, c.bind_num, c.cdr_time, c.received_at
  FROM rtc.keys k, candidate c
  JOIN (
    SELECT a.app_key FROM (SELECT DISTINCT d.app_key FROM candidate d) a
    WHERE EXISTS (
      SELECT FROM rtc.cdrs r
      WHERE r.cdr_time >= "from" - interval '7 days' AND r.cdr_time < "to"
        AND coalesce(r.app_key, r.signed_by) IS NOT DISTINCT FROM a.app_key
        AND EXISTS (
          SELECT FROM rtc.call_events e WHERE e.session_id = r.session_id
            AND e.occurred_at >= r.cdr_time - interval '25 hours' AND e.occurred_at <= r.cdr_time + interval '1 hour' OFFSET 0)
      OFFSET 0)
  ) known ON known.app_key IS NOT DISTINCT FROM c.app_key
  WHERE k.purpose = 'ref';
END
$$;
REVOKE EXECUTE ON FUNCTION rtc.cdrs_without_events_of(timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION rtc.cdrs_without_events_of(timestamptz, timestamptz) IS 'A day of ops.cdrs_without_events / ops.cdrs_without_events 一天的数据';

CREATE OR REPLACE VIEW ops.cdrs_without_events AS
SELECT d.day, m.*
FROM rtc.days d
CROSS JOIN LATERAL rtc.cdrs_without_events_of(d.day_start, d.day_end) m;

-- Records of each hour and app, from the summaries where they hold.
CREATE FUNCTION rtc.records_of("from" timestamptz, "to" timestamptz) RETURNS SETOF rtc.record_summary
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
AS $$
DECLARE
  hours CONSTANT timestamptz[] := rtc.summarized("from", "to");
BEGIN
  RETURN QUERY SELECT s.* FROM rtc.record_summary s WHERE s.hour = ANY(hours);
  RETURN QUERY SELECT c.* FROM rtc.gaps("from", "to", hours) g CROSS JOIN LATERAL rtc.count_records(g.gap_start, g.gap_end) c;
END
$$;
REVOKE EXECUTE ON FUNCTION rtc.records_of(timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION rtc.records_of(timestamptz, timestamptz) IS 'Events and CDRs by hour and app / 按小时与应用的记录数';

CREATE FUNCTION rtc.sessions_of("from" timestamptz, "to" timestamptz) RETURNS TABLE (app_key text, sessions bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
SET work_mem = '64MB'
AS $$
#variable_conflict use_column
DECLARE
  hours CONSTANT timestamptz[] := rtc.summarized("from", "to");
BEGIN
  RETURN QUERY
  SELECT c.app_key, sum(c.calls)::bigint
  FROM (
    SELECT s.app_key, s.calls FROM rtc.call_summary s WHERE s.hour = ANY(hours)
    UNION ALL
    SELECT b.app_key, 1 FROM rtc.gaps("from", "to", hours) g CROSS JOIN LATERAL rtc.calls_between(g.gap_start, g.gap_end) b
  ) c
  GROUP BY 1;
END
$$;
REVOKE EXECUTE ON FUNCTION rtc.sessions_of(timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION rtc.sessions_of(timestamptz, timestamptz) IS 'Calls that began in a range, by app / 按应用统计的呼叫数';

-- One line an app: which of the two kinds of callback came in the last week. Sessions are calls that began in it.
CREATE OR REPLACE VIEW ops.subscriptions AS
SELECT w.app_key, a.name, coalesce(c.sessions, 0) AS sessions, w.events, w.cdrs, w.last_event_at, w.last_cdr_at,
  CASE
    WHEN w.cdrs = 0 AND NOT EXISTS (SELECT FROM rtc.record_summary r WHERE r.kind = 'fee' AND r.app_key = w.app_key)
      AND NOT EXISTS (SELECT FROM rtc.cdrs c WHERE coalesce(c.app_key, c.signed_by) = w.app_key)
      THEN 'no CDR ever: is feeUrl registered? / 从未收到话单：是否已登记 feeUrl？'
    WHEN w.cdrs = 0 THEN 'no CDR for a week / 一周内未收到话单'
    WHEN w.events = 0 THEN 'no event for a week: is statusUrl registered? / 一周内未收到呼叫状态：是否已登记 statusUrl？'
    ELSE 'both come / 状态与话单均正常'
  END AS finding
FROM (
  SELECT r.app_key, coalesce(sum(r.records) FILTER (WHERE r.kind = 'status'), 0)::bigint AS events,
    coalesce(sum(r.records) FILTER (WHERE r.kind = 'fee'), 0)::bigint AS cdrs,
    max(r.last_at) FILTER (WHERE r.kind = 'status') AS last_event_at, max(r.last_at) FILTER (WHERE r.kind = 'fee') AS last_cdr_at
  FROM rtc.records_of(now() - interval '7 days', now() + interval '1 day') r
  GROUP BY r.app_key
) w
LEFT JOIN rtc.sessions_of(now() - interval '7 days', now() + interval '1 day') c ON c.app_key IS NOT DISTINCT FROM w.app_key
LEFT JOIN rtc.apps a ON a.app_key = w.app_key;

-- By the hour, so that a query for some hours reads these only.
CREATE OR REPLACE VIEW ops.callback_delay AS
SELECT d.day, h.hour, n.*
FROM rtc.days d
CROSS JOIN LATERAL generate_series(d.day_start, d.day_end - interval '1 hour', interval '1 hour') AS h (hour)
CROSS JOIN LATERAL (
  SELECT r.kind, count(*) AS callbacks,
    round((percentile_cont(0.5) WITHIN GROUP (ORDER BY r.delay))::numeric, 1) AS delay_p50,
    round((percentile_cont(0.95) WITHIN GROUP (ORDER BY r.delay))::numeric, 1) AS delay_p95,
    round(max(r.delay)::numeric, 1) AS delay_max,
    count(*) FILTER (WHERE r.delay > 60) AS over_a_minute, count(*) FILTER (WHERE r.delay > 3600) AS over_an_hour
  FROM (
    SELECT 'status' AS kind, extract(epoch FROM e.received_at - e.occurred_at)::float8 AS delay
    FROM rtc.call_events e WHERE e.occurred_at >= h.hour AND e.occurred_at < h.hour + interval '1 hour'
    UNION ALL
    SELECT 'fee', extract(epoch FROM c.received_at - c.cdr_time)::float8
    FROM rtc.cdrs c WHERE c.cdr_time >= h.hour AND c.cdr_time < h.hour + interval '1 hour'
  ) r
  GROUP BY r.kind
) n;

-- The full hours of the last two days in which nothing happened although the same hour of the last four weeks was busy.
CREATE OR REPLACE VIEW ops.silence AS
WITH counted AS MATERIALIZED (
  SELECT r.hour, r.kind, sum(r.records)::bigint AS n
  FROM generate_series(0, 4) AS weeks
  CROSS JOIN LATERAL rtc.records_of(
    date_trunc('hour', now(), 'UTC') - interval '48 hours' - weeks * interval '7 days',
    date_trunc('hour', now(), 'UTC') - weeks * interval '7 days') r
  GROUP BY r.hour, r.kind
)
SELECT h.hour, kind.kind, coalesce(came.n, 0) AS callbacks, usual.n AS expected, coalesce(came.n, 0) = 0 AND usual.n >= 20 AS silent
FROM generate_series(date_trunc('hour', now(), 'UTC') - interval '48 hours', date_trunc('hour', now(), 'UTC') - interval '1 hour', interval '1 hour') AS h (hour)
CROSS JOIN (VALUES ('status'), ('fee')) AS kind (kind)
LEFT JOIN counted came ON came.hour = h.hour AND came.kind = kind.kind
CROSS JOIN LATERAL (
  SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY coalesce(c.n, 0)) AS n
  FROM generate_series(1, 4) AS weeks
  LEFT JOIN counted c ON c.hour = h.hour - weeks * interval '7 days' AND c.kind = kind.kind
) usual;

-- Look-ups -----------------------------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION ops.calls_of(
  number text, "from" timestamptz DEFAULT now() - interval '30 days', "to" timestamptz DEFAULT now() + interval '1 day'
) RETURNS SETOF ops.calls
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
SET jit = off
AS $$
DECLARE
  forms CONSTANT text[] := rtc.number_forms(number);
  heads CONSTANT text[] := (SELECT array_agg(left(f, 32)) FROM unnest(forms) AS f);
  until CONSTANT timestamptz := "to" + interval '26 hours';
  sessions text[];
BEGIN
  -- OFFSET 0: by the number first, and by the time those that are left. The planner takes the index on the time where few
  -- rows have such a number, and reads a month.
  sessions := ARRAY(
    SELECT c.session_id FROM (
      SELECT * FROM rtc.cdrs WHERE left(callee_num, 32) = ANY(heads) AND callee_num = ANY(forms) OFFSET 0
    ) c WHERE c.cdr_time >= "from" AND c.cdr_time < until
    UNION
    SELECT c.session_id FROM (
      SELECT * FROM rtc.cdrs WHERE left(fwd_dst_num, 32) = ANY(heads) AND fwd_dst_num = ANY(forms) OFFSET 0
    ) c WHERE c.cdr_time >= "from" AND c.cdr_time < until
    UNION
    SELECT c.session_id FROM (
      SELECT * FROM rtc.cdrs WHERE left(caller_num, 32) = ANY(heads) AND caller_num = ANY(forms) AND call_in_time IS NOT NULL OFFSET 0
    ) c WHERE c.cdr_time >= "from" AND c.cdr_time < until
    UNION
    SELECT e.session_id FROM (
      SELECT * FROM rtc.call_events WHERE left(called, 32) = ANY(heads) AND called = ANY(forms) AND event_type = 'callout' OFFSET 0
    ) e WHERE e.occurred_at >= "from" AND e.occurred_at < until
    UNION
    SELECT e.session_id FROM (
      SELECT * FROM rtc.call_events WHERE left(caller, 32) = ANY(heads) AND caller = ANY(forms) AND event_type = 'callin' OFFSET 0
    ) e WHERE e.occurred_at >= "from" AND e.occurred_at < until);
  RAISE LOG 'rtc: % looked up the calls of a number: % sessions', session_user, cardinality(sessions);
  RETURN QUERY SELECT * FROM rtc.calls_of_sessions(sessions, "from", "to");
END
$$;

-- The views cannot do without these, nor the receiver without the refresh, and `rtc-receiver roles` may have been run long ago.
DO $$
DECLARE
  grantee text;
BEGIN
  FOREACH grantee IN ARRAY ARRAY['rtc_ops', 'rtc_support', 'rtc_pii', 'rtc_writer'] LOOP
    IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = grantee) THEN
      EXECUTE format('GRANT EXECUTE ON FUNCTION rtc.summarized(timestamptz, timestamptz), rtc.bill_of(timestamptz, timestamptz, timestamptz[]), rtc.records_of(timestamptz, timestamptz), rtc.sessions_of(timestamptz, timestamptz), rtc.frequent_callees_of(timestamptz, timestamptz), rtc.concurrent_legs_of(timestamptz, timestamptz), rtc.missing_cdrs_of(timestamptz, timestamptz, timestamptz[]), rtc.cdrs_without_events_of(timestamptz, timestamptz) TO %I', grantee);
    END IF;
  END LOOP;
  IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'rtc_writer') THEN
    GRANT EXECUTE ON FUNCTION rtc.refresh_summaries(integer) TO rtc_writer;
  END IF;
END
$$;
