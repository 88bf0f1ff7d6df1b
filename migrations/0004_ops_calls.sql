-- Up Migration
--
-- What ops see, first part: masks, indexes, the internal views of calls, and ops.events … ops.legs.
--
-- How the pieces fit:
--   rtc.all_calls     one row per CDR (the latest of its session) and one per session seen in events, unmasked; all that
--                     is known of a call is worked out here, once. has_cdr is a constant of each half, so a query that asks
--                     for one half never touches the other; superseded = seen in events, and a CDR is there as well.
--   rtc.day_calls     the same by day of the platform's zone. It finds sessions without a CDR a day at a time with one hash
--                     instead of one look-up per event.
--   ops.*             masks over these. Views run with their owner's rights; nobody else may read schema rtc.
-- Time columns and session_id stay plain columns, so that ranges and look-ups find indexes and prune partitions.

SET LOCAL lock_timeout = '5s';

-- A DBA may have made it for a role that may make none; IF NOT EXISTS would ask for the right all the same.
DO $$ BEGIN IF to_regnamespace('ops') IS NULL THEN CREATE SCHEMA ops; END IF; END $$;
COMMENT ON SCHEMA ops IS 'What ops see: calls, legs, statistics and gaps, personal data masked / 运维视图，个人信息已脱敏';

-- Indexes ------------------------------------------------------------------------------------------------------------
-- Texts come from outside and may have 1,024 characters, which a B-tree entry cannot hold: an index over the whole of
-- one would make the record bad. So indexes hold the first characters, and queries compare those and the whole.

-- Ranges of time: yesterday by hour, days of a month's bill, sessions without a CDR.
CREATE INDEX cdrs_cdr_time ON rtc.cdrs (cdr_time);
CREATE INDEX call_events_occurred_at ON rtc.call_events (occurred_at);
-- ops.calls by started_at: of a CDR it is no partition key. Blocks follow time, so a few bytes a block do.
CREATE INDEX cdrs_started_at ON rtc.cdrs USING brin (coalesce(call_in_time, call_out_start_time, fwd_start_time, cdr_time))
  WITH (autosummarize = on, pages_per_range = 32);
-- Copying out by stored_at.
CREATE INDEX cdrs_stored_at ON rtc.cdrs USING brin (stored_at) WITH (autosummarize = on);
CREATE INDEX call_events_stored_at ON rtc.call_events USING brin (stored_at) WITH (autosummarize = on);
-- ops.calls_of: calls of a number that somebody knows already. Only legs that were dialled, and callers of private number.
CREATE INDEX cdrs_callee_num ON rtc.cdrs (left(callee_num, 32));
CREATE INDEX cdrs_fwd_dst_num ON rtc.cdrs (left(fwd_dst_num, 32)) WHERE fwd_dst_num IS NOT NULL;
CREATE INDEX cdrs_caller_num ON rtc.cdrs (left(caller_num, 32)) WHERE call_in_time IS NOT NULL;
CREATE INDEX call_events_called ON rtc.call_events (left(called, 32)) WHERE event_type = 'callout';
CREATE INDEX call_events_caller ON rtc.call_events (left(caller, 32)) WHERE event_type = 'callin';
-- Keys that were pressed: ops.digit_inputs, and whether a call of an unregistered app is a notification.
CREATE INDEX call_events_digits ON rtc.call_events (session_id, occurred_at) WHERE event_type = 'collectInfo';
-- ops.calls_by_user_data.
CREATE INDEX cdrs_user_data ON rtc.cdrs (left(user_data, 64)) WHERE user_data IS NOT NULL;
CREATE INDEX call_events_user_data ON rtc.call_events (left(user_data, 64))
  WHERE event_type = 'callout' AND user_data IS NOT NULL;

-- Masks --------------------------------------------------------------------------------------------------------------
-- Plain functions of their arguments: whoever may call them learns nothing but what they passed in. Nothing in them may
-- raise an error, whose text could show the value. Those that call another one are written with RETURN: a body of text
-- is read when it runs, by the rights of the user, who may not look anything up in schema rtc.

CREATE FUNCTION rtc.mask_number(number text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT CASE
    WHEN number IS NULL OR number = '' THEN number
    -- A mobile number of China: prefix and the last four.
    WHEN number ~ '^(\+?86)?1[3-9][0-9]{9}$' THEN left(number, length(number) - 8) || '****' || right(number, 4)
    -- Masked by the platform already.
    WHEN number ~ '^\+?(86)?1[0-9]{2}\*{4}[0-9]{4}$' THEN number
    -- Others have fewer digits, or a meaning in their first ones: country and the last two of long ones at most.
    WHEN number ~ '^\+86[0-9]{9,}$' THEN '+86****' || right(number, 2)
    WHEN number ~ '^\+?[0-9]{9,}$' THEN '****' || right(number, 2)
    ELSE '****'
  END
$$;
COMMENT ON FUNCTION rtc.mask_number(text) IS '+86138****0021; short, foreign and fixed-line numbers show less / 号码脱敏';

CREATE FUNCTION rtc.mask_number(number text, own text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN number = own THEN number ELSE rtc.mask_number(number) END;
COMMENT ON FUNCTION rtc.mask_number(text, text) IS 'The same; the company''s own number of the record is shown / 号码脱敏，企业自有号码除外';

CREATE FUNCTION rtc.mask_digits(digits text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT CASE WHEN length(translate(digits, '-', '')) > 2 THEN '***' ELSE digits END $$;
COMMENT ON FUNCTION rtc.mask_digits(text) IS 'Up to two keys are a choice in a menu, more may be a PIN / 按键脱敏，超过两位可能是密码';

CREATE FUNCTION rtc.mask_text(t text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT CASE WHEN t ~ '[0-9]{5}' THEN regexp_replace(t, '\+?[0-9]{5,}', '***', 'g') ELSE t END $$;
COMMENT ON FUNCTION rtc.mask_text(text) IS 'Text in which no run of five digits is left / 遮盖文本中的长数字串';

CREATE FUNCTION rtc.mask_icid(icid text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT CASE WHEN icid ~ '\+[0-9]|(^|[^0-9])(00)?(86)?(1[3-9][0-9]{9}|0[0-9]{9,11})([^0-9]|$)' THEN '***' ELSE icid END
$$;
COMMENT ON FUNCTION rtc.mask_icid(text) IS 'An icid is shown unless it looks as if it held a phone number / 疑似含号码的话单标识脱敏';

CREATE FUNCTION rtc.mask_values(fields jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN jsonb_typeof(fields) = 'object' THEN
    (SELECT jsonb_object_agg(rtc.mask_text(name), '***') FROM jsonb_object_keys(fields) AS name)
  WHEN fields IS NOT NULL THEN '"***"' END;
COMMENT ON FUNCTION rtc.mask_values(jsonb) IS 'Names of fields without their values / 仅保留字段名';

-- Whether a session id may embed a phone number: in private number it begins with two, as +86…_+86…_4_<hex>. The known
-- forms 1201_612_4294967295_20190124030424@host and UUIDs hold none; of others, none that has a + or 7 to 13 digits in
-- a row is shown.
CREATE FUNCTION rtc.holds_number(session_id text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT session_id ~ '\+[0-9]|(^|[^0-9])[0-9]{7,13}([^0-9]|$)'
    AND session_id !~ '^([0-9]{1,6}_[0-9]{1,10}_[0-9]{1,10}_[0-9]{14}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})(@[a-zA-Z][a-zA-Z0-9.-]*)?$'
$$;
COMMENT ON FUNCTION rtc.holds_number(text) IS 'Whether a session id may embed a phone number / 会话标识是否可能含号码';

-- A number as one text, however it was written, so that one person has one reference.
CREATE FUNCTION rtc.plain_number(number text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT regexp_replace(number, '^(\+|00)?(86(?=1[3-9][0-9]{9}$))?', '') $$;
COMMENT ON FUNCTION rtc.plain_number(text) IS 'The number without +, 00, and without 86 before a mobile one / 归一化号码';

-- 16 hex digits of a keyed digest. The key is an argument, joined inside each view: a function that knew the key would
-- be an oracle for everybody who may use the view, since users need EXECUTE on the functions of a view.
CREATE FUNCTION rtc.ref(key bytea, kind text, value text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT left(encode(sha256(key || convert_to(kind || ':' || value, 'UTF8')), 'hex'), 16) $$;
COMMENT ON FUNCTION rtc.ref(bytea, text, text) IS 'Reference of a value under a key / 带密钥的引用';

INSERT INTO rtc.keys (purpose, key)
SELECT 'ref', sha256(
  uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
);
COMMENT ON COLUMN rtc.keys.purpose IS 'digest = HMAC key of event_key, record_key and body_key; ref = key of call_ref, a_ref, b_ref / 用途：digest 用于去重摘要，ref 用于引用';

-- Order of events that have the same second.
CREATE FUNCTION rtc.event_rank(event_type text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT CASE event_type WHEN 'callin' THEN 1 WHEN 'callout' THEN 2 WHEN 'alerting' THEN 3 WHEN 'answer' THEN 4
    WHEN 'collectInfo' THEN 5 WHEN 'disconnect' THEN 7 ELSE 6 END
$$;
COMMENT ON FUNCTION rtc.event_rank(text) IS 'Place of an event in a call / 事件先后次序';

-- Whole seconds between two times, never negative: clocks of the platform's hosts differ.
CREATE FUNCTION rtc.seconds_between(a timestamptz, b timestamptz) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN greatest(0, extract(epoch FROM b - a))::integer END $$;
COMMENT ON FUNCTION rtc.seconds_between(timestamptz, timestamptz) IS 'Whole seconds from a to b, at least 0 / 两个时间之间的秒数';

-- Every answered leg is billed by started minutes, at least one.
CREATE FUNCTION rtc.minutes_between(a timestamptz, b timestamptz) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN greatest(1, ceil(extract(epoch FROM b - a) / 60))::integer END
$$;
COMMENT ON FUNCTION rtc.minutes_between(timestamptz, timestamptz) IS 'Started minutes from a to b, at least 1 / 两个时间之间的计费分钟数';

-- Calls --------------------------------------------------------------------------------------------------------------

CREATE VIEW rtc.all_calls AS
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
    c.session_id, true AS has_cdr, false AS superseded,
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
  -- A corrected CDR stands beside the first one: what the platform said last counts. OFFSET 0 keeps it one look-up per
  -- session: as a join it would be planned over all partitions.
  WHERE NOT EXISTS (
    SELECT FROM rtc.cdrs o
    WHERE o.session_id = c.session_id
      AND o.cdr_time >= c.cdr_time - interval '26 hours' AND o.cdr_time <= c.cdr_time + interval '26 hours'
      AND (o.received_at, o.cdr_time, o.icid) > (c.received_at, c.cdr_time, c.icid)
    OFFSET 0)

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
COMMENT ON VIEW rtc.all_calls IS 'One row per latest CDR and one per session seen in events, unmasked; internal / 呼叫明细（未脱敏，内部使用）';

-- Days of the platform's zone for which there may be rows. A query for some days runs what hangs on them for these only.
-- Months without a row are left out: one old row, say a test with a body of the documentation's, would add years of days.
-- A call may end on the day after it began, so a month reaches a little into the next.
CREATE VIEW rtc.days AS
SELECT day::date AS day, day AT TIME ZONE 'Asia/Shanghai' AS day_start, (day + interval '1 day') AT TIME ZONE 'Asia/Shanghai' AS day_end
FROM generate_series(
  date_trunc('month', least((SELECT min(cdr_time) FROM rtc.cdrs), (SELECT min(occurred_at) FROM rtc.call_events)) AT TIME ZONE 'Asia/Shanghai' - interval '1 day'),
  greatest((SELECT max(cdr_time) FROM rtc.cdrs), (SELECT max(occurred_at) FROM rtc.call_events)) AT TIME ZONE 'Asia/Shanghai',
  interval '1 month') AS month
CROSS JOIN LATERAL generate_series(month, month + interval '1 month - 1 day', interval '1 day') AS day
WHERE EXISTS (SELECT FROM rtc.cdrs c WHERE c.cdr_time >= month AT TIME ZONE 'Asia/Shanghai'
    AND c.cdr_time < (month + interval '1 month 26 hours') AT TIME ZONE 'Asia/Shanghai' OFFSET 0)
  OR EXISTS (SELECT FROM rtc.call_events e WHERE e.occurred_at >= month AT TIME ZONE 'Asia/Shanghai'
    AND e.occurred_at < (month + interval '1 month 26 hours') AT TIME ZONE 'Asia/Shanghai' OFFSET 0);
COMMENT ON VIEW rtc.days IS 'Days in Asia/Shanghai of months that have rows; internal / 有数据月份的北京时间日期（内部使用）';

CREATE VIEW rtc.day_calls AS
SELECT d.day, d.day_start, d.day_end, c.*
FROM rtc.days d
CROSS JOIN LATERAL (
  -- By cdr_time as well, which prunes: no call lasts longer than a day.
  SELECT a.* FROM rtc.all_calls a
  WHERE a.has_cdr AND a.started_at >= d.day_start AND a.started_at < d.day_end
    AND a.ended_at >= d.day_start - interval '1 hour' AND a.ended_at < d.day_end + interval '26 hours'
  UNION ALL
  SELECT a.* FROM (
    SELECT e.session_id FROM rtc.call_events e WHERE e.occurred_at >= d.day_start AND e.occurred_at < d.day_end
    EXCEPT
    SELECT o.session_id FROM rtc.cdrs o
    WHERE o.cdr_time >= d.day_start - interval '1 hour' AND o.cdr_time < d.day_end + interval '26 hours'
  ) s
  -- OFFSET 0 keeps it one look-up per session here as well.
  CROSS JOIN LATERAL (
    SELECT o.* FROM rtc.all_calls o
    WHERE o.session_id = s.session_id AND NOT o.has_cdr AND NOT o.superseded
      AND o.started_at >= d.day_start AND o.started_at < d.day_end
    OFFSET 0
  ) a
) c;
COMMENT ON VIEW rtc.day_calls IS 'rtc.all_calls by the day on which a call began, without superseded ones; internal / 按日的呼叫明细（内部使用）';

-- Legs ---------------------------------------------------------------------------------------------------------------

-- Two rows for every call; is_there = the leg was dialled, or dialled in.
CREATE VIEW rtc.call_legs AS
SELECT c.session_id, c.has_cdr, c.superseded, c.app_key, c.scenario, c.bind_num,
  c.started_at AS call_started_at, c.ended_at AS call_ended_at, l.*
FROM rtc.all_calls c
CROSS JOIN LATERAL (VALUES
  ('A', c.a_there, c.a_num, c.shown_to_a, c.a_started_at, c.a_ringing_at, c.a_answered_at, c.a_ended_at, c.a_q850, c.a_delay, c.a_seconds, c.a_minutes),
  ('B', c.b_there, c.b_num, c.shown_to_b, c.b_started_at, c.b_ringing_at, c.b_answered_at, c.b_ended_at, c.b_q850, c.b_delay, c.b_seconds, c.b_minutes)
) AS l (leg, is_there, num, shown, started_at, ringing_at, answered_at, ended_at, q850, post_dial_delay_seconds, seconds, billed_minutes);
COMMENT ON VIEW rtc.call_legs IS 'Legs of rtc.all_calls; internal / 呼叫的各段（内部使用）';

-- Masked -------------------------------------------------------------------------------------------------------------
-- session_id is NULL where it may hold a number. Each rtc.masked_… ends in raw_session_id, from which ops.… is made below.

CREATE VIEW rtc.masked_calls AS
SELECT
  rtc.ref(k.key, 'session', c.session_id) AS call_ref,
  CASE WHEN rtc.holds_number(c.session_id) THEN NULL ELSE c.session_id END AS session_id, c.app_key, c.scenario,
  rtc.mask_number(c.a_num, c.bind_num) AS a_number, rtc.mask_number(c.b_num, c.bind_num) AS b_number,
  rtc.mask_number(c.shown_to_a, c.bind_num) AS shown_to_a, rtc.mask_number(c.shown_to_b, c.bind_num) AS shown_to_b,
  rtc.ref(k.key, 'number', rtc.plain_number(c.a_num)) AS a_ref, rtc.ref(k.key, 'number', rtc.plain_number(c.b_num)) AS b_ref,
  c.bind_num, c.started_at, c.ringing_at, c.answered_at, c.ended_at, c.ring_seconds, c.talk_seconds, c.post_dial_delay_seconds,
  c.outcome, c.reason, c.release_point, c.a_q850, c.b_q850, c.sip_status, c.hung_up_by, c.digits, c.has_recording,
  c.has_events, c.has_cdr, c.cdr_count,
  c.session_id AS raw_session_id, c.superseded
FROM rtc.all_calls c, rtc.keys k
WHERE k.purpose = 'ref';
COMMENT ON VIEW rtc.masked_calls IS 'rtc.all_calls with masks; internal / 脱敏呼叫（内部使用）';

CREATE VIEW rtc.masked_legs AS
SELECT
  rtc.ref(k.key, 'session', c.session_id) AS call_ref,
  CASE WHEN rtc.holds_number(c.session_id) THEN NULL ELSE c.session_id END AS session_id, c.app_key, c.scenario,
  c.leg, rtc.mask_number(c.num, c.bind_num) AS number, rtc.ref(k.key, 'number', rtc.plain_number(c.num)) AS number_ref,
  rtc.mask_number(c.shown, c.bind_num) AS shown_number, c.bind_num, c.call_started_at, c.started_at, c.ringing_at,
  c.answered_at, c.ended_at, c.post_dial_delay_seconds, c.seconds, c.billed_minutes, c.q850, c.has_cdr,
  c.session_id AS raw_session_id, c.superseded OR NOT c.is_there AS superseded
FROM rtc.call_legs c, rtc.keys k
WHERE k.purpose = 'ref';
COMMENT ON VIEW rtc.masked_legs IS 'rtc.call_legs with masks; internal / 脱敏的各段（内部使用）';

CREATE VIEW rtc.masked_events AS
SELECT
  rtc.ref(k.key, 'session', e.session_id) AS call_ref,
  CASE WHEN rtc.holds_number(e.session_id) THEN NULL ELSE e.session_id END AS session_id, e.occurred_at, e.event_type,
  coalesce(e.signed_by, (SELECT c.app_key FROM rtc.cdrs c WHERE c.session_id = e.session_id
    AND c.cdr_time >= e.occurred_at - interval '1 hour' AND c.cdr_time <= e.occurred_at + interval '26 hours' LIMIT 1)) AS app_key,
  rtc.mask_number(e.caller) AS caller, rtc.mask_number(e.called) AS called,
  rtc.ref(k.key, 'number', rtc.plain_number(e.caller)) AS caller_ref, rtc.ref(k.key, 'number', rtc.plain_number(e.called)) AS called_ref,
  e.state_code, coalesce(h.en || ' / ' || h.zh, 'state code ' || e.state_code || ' / 挂机原因值 ' || e.state_code) AS reason,
  CASE WHEN e.state_desc <> '' THEN '***' END AS state_desc,
  rtc.mask_text(e.party_type) AS party_type, rtc.mask_digits(e.digit_info) AS digits,
  CASE WHEN e.user_data <> '' THEN '***' END AS user_data, rtc.mask_values(e.extra) AS extra,
  e.signed_by, e.event_key, e.received_at, e.stored_at, e.erased_at,
  e.session_id AS raw_session_id, false AS superseded
FROM rtc.keys k, rtc.call_events e
LEFT JOIN rtc.hangup_reasons h ON h.code = e.state_code
WHERE k.purpose = 'ref';
COMMENT ON VIEW rtc.masked_events IS 'rtc.call_events with masks; internal / 脱敏事件（内部使用）';

CREATE VIEW rtc.masked_cdrs AS
SELECT
  rtc.ref(k.key, 'session', c.session_id) AS call_ref,
  CASE WHEN rtc.holds_number(c.session_id) THEN NULL ELSE c.session_id END AS session_id, rtc.mask_icid(c.icid) AS icid, c.cdr_time,
  c.direction, c.sp_id, c.app_key, c.service_type, c.bind_num,
  rtc.mask_number(c.caller_num, c.bind_num) AS caller_num, rtc.mask_number(c.callee_num, c.bind_num) AS callee_num,
  rtc.mask_number(c.fwd_display_num, c.bind_num) AS fwd_display_num, rtc.mask_number(c.fwd_dst_num, c.bind_num) AS fwd_dst_num,
  rtc.ref(k.key, 'number', rtc.plain_number(c.caller_num)) AS caller_ref, rtc.ref(k.key, 'number', rtc.plain_number(c.callee_num)) AS callee_ref,
  rtc.ref(k.key, 'number', rtc.plain_number(c.fwd_dst_num)) AS fwd_dst_ref,
  c.call_in_time, c.call_out_start_time, c.call_out_alerting_time, c.call_out_answer_time, c.call_out_unasw_rsn,
  c.fwd_start_time, c.fwd_alerting_time, c.fwd_answer_time, c.fwd_unasw_rsn, c.call_end_time, c.fail_time,
  c.ul_fail_reason, c.sip_status_code, c.dyn_ivr_start_time, rtc.mask_digits(c.dyn_ivr_path) AS dyn_ivr_path,
  c.record_flag, c.record_start_time, CASE WHEN c.record_domain <> '' THEN '***' END AS record_domain,
  CASE WHEN c.record_bucket_name <> '' THEN '***' END AS record_bucket_name,
  CASE WHEN c.record_object_name <> '' THEN '***' END AS record_object_name,
  CASE WHEN c.record_file_download_url <> '' THEN '***' END AS record_file_download_url,
  c.tts_play_times, c.tts_trans_duration, c.host_name, CASE WHEN c.user_data <> '' THEN '***' END AS user_data,
  CASE WHEN c.subscription_id <> '' THEN '***' END AS subscription_id, rtc.mask_values(c.extra) AS extra,
  c.signed_by, c.record_key, c.received_at, c.stored_at, c.erased_at,
  c.session_id AS raw_session_id, false AS superseded
FROM rtc.cdrs c, rtc.keys k
WHERE k.purpose = 'ref';
COMMENT ON VIEW rtc.masked_cdrs IS 'rtc.cdrs with masks; internal / 脱敏话单（内部使用）';

-- Each of these has two halves. In the first, session_id = raw_session_id makes the planner carry an equality (a look-up)
-- over to the raw column and its index, but nothing else: neither a range nor a cheap function of the user's ever meets a
-- session id with a number in it, nor do the counts of EXPLAIN ANALYZE. In the second it is the constant NULL.
DO $$
DECLARE
  name text;
  before text;
  after text;
BEGIN
  FOREACH name IN ARRAY ARRAY['calls', 'legs', 'events', 'cdrs'] LOOP
    SELECT string_agg(format('m.%I', attname), ', ' ORDER BY attnum) FILTER (WHERE attnum < 2),
        string_agg(format('m.%I', attname), ', ' ORDER BY attnum) FILTER (WHERE attnum > 2 AND attname NOT IN ('raw_session_id', 'superseded'))
      INTO before, after
      FROM pg_catalog.pg_attribute WHERE attrelid = format('rtc.masked_%s', name)::regclass AND attnum > 0;
    EXECUTE format(
      'CREATE VIEW ops.%1$I AS
        SELECT %2$s, m.session_id, %3$s FROM rtc.masked_%1$s m WHERE m.session_id = m.raw_session_id AND NOT m.superseded
        UNION ALL
        SELECT %2$s, NULL, %3$s FROM rtc.masked_%1$s m WHERE rtc.holds_number(m.raw_session_id) AND NOT m.superseded',
      name, before, after);
  END LOOP;
END
$$;

-- The other base tables ----------------------------------------------------------------------------------------------

CREATE VIEW ops.apps AS SELECT app_key, name, scenario FROM rtc.apps;
CREATE VIEW ops.hangup_reasons AS SELECT code, en, zh, outcome FROM rtc.hangup_reasons;
CREATE VIEW ops.q850_causes AS SELECT code, en, zh, outcome FROM rtc.q850_causes;
CREATE VIEW ops.release_points AS SELECT code, en, zh, outcome FROM rtc.release_points;
CREATE VIEW ops.service_types AS SELECT code, en, zh, scenario FROM rtc.service_types;

CREATE VIEW ops.placed_calls AS
SELECT p.id, p.placed_at, rtc.ref(k.key, 'session', p.session_id) AS call_ref,
  CASE WHEN rtc.holds_number(p.session_id) THEN NULL ELSE p.session_id END AS session_id,
  p.app_key, p.scenario, rtc.mask_number(p.display_nbr) AS display_nbr, rtc.mask_number(p.callee_nbr) AS callee_nbr,
  rtc.ref(k.key, 'number', rtc.plain_number(p.callee_nbr)) AS callee_ref, CASE WHEN p.user_data <> '' THEN '***' END AS user_data,
  p.http_status, p.result_code, rtc.mask_text(p.result_desc) AS result_desc, p.erased_at
FROM rtc.placed_calls p, rtc.keys k
WHERE k.purpose = 'ref';

CREATE VIEW ops.reveals AS
SELECT asked_at, asked_by, call_ref, rtc.mask_text(why) AS why, revealed_at FROM rtc.reveals;

CREATE VIEW ops.erasures AS
SELECT id, erased_at, erased_by, pseudonym, counts FROM rtc.erasures;
