-- Up Migration
--
-- What is missing, late, repeated, silent or could not be stored; what goes on; what was keyed and recorded.

SET LOCAL lock_timeout = '5s';

-- What few calls have and somebody looks for, in a range of started_at or newest first. A call stands in the first two for
-- seconds: while it goes on, and until its CDR comes.
CREATE INDEX calls_live ON ops.calls (started_at) WHERE is_live;
CREATE INDEX calls_one_sided ON ops.calls (started_at) WHERE NOT is_live AND (cdr_count = 0 OR event_count = 0);
CREATE INDEX calls_repeated ON ops.calls (started_at) WHERE cdr_count > 1;
CREATE INDEX calls_digits ON ops.calls (started_at) WHERE digit_count IS NOT NULL;
CREATE INDEX calls_recordings ON ops.calls (started_at) WHERE recording <> 'none';
CREATE INDEX calls_long ON ops.calls (started_at) WHERE talk_seconds > 1800;

-- Gaps ---------------------------------------------------------------------------------------------------------------

-- An application of which no CDR ever came is one line of ops.subscriptions instead of each call here.
CREATE VIEW ops.missing_cdrs AS
SELECT c.call_ref, c.session_id, c.app_key, c.scenario, c.bind_num, c.started_at, c.ended_at, c.last_received_at,
  NOT c.end_seen AS presumed,
  -- protocol.md: retries
  CASE WHEN c.scenario = 'privateNumber' THEN
    (c.silent_for < interval '1 minute')::integer + (c.silent_for < interval '4 minutes')::integer
    + (c.silent_for < interval '9 minutes')::integer + (c.silent_for < interval '106 minutes')::integer
    + (c.silent_for < interval '203 minutes')::integer + (c.silent_for < interval '300 minutes')::integer
  ELSE greatest(0, 6 - floor(date_part('epoch', c.silent_for) / 3600))::integer END AS resends_left
FROM (
  SELECT x.call_ref, x.session_id, x.app_key, x.scenario, x.bind_num, x.started_at, x.ended_at, x.last_received_at, x.end_seen,
    now() - coalesce(x.ended_at, x.last_received_at) AS silent_for
  FROM ops.calls x
  WHERE x.cdr_count = 0 AND NOT x.is_live AND (x.ended_at < now() - interval '10 minutes' OR NOT x.end_seen)
) c
JOIN ops.seen_callbacks seen ON seen.kind = 'fee' AND seen.app_key = coalesce(c.app_key, '');
COMMENT ON VIEW ops.missing_cdrs IS 'Calls that ended ten minutes ago and have no CDR, of applications of which CDRs come; filter by started_at / 结束十分钟后仍无话单的呼叫';
COMMENT ON COLUMN ops.missing_cdrs.call_ref IS 'Reference of the call / 呼叫引用';
COMMENT ON COLUMN ops.missing_cdrs.session_id IS 'Id of the call; NULL where it holds a phone number / 会话标识；含号码时为空';
COMMENT ON COLUMN ops.missing_cdrs.app_key IS 'appKey of the verified signature of its events / 事件验签的 appKey';
COMMENT ON COLUMN ops.missing_cdrs.scenario IS 'Scenario of the call / 业务场景';
COMMENT ON COLUMN ops.missing_cdrs.bind_num IS 'The company''s number, where events tell it / 企业号码';
COMMENT ON COLUMN ops.missing_cdrs.started_at IS 'When it began / 开始时间';
COMMENT ON COLUMN ops.missing_cdrs.ended_at IS 'When it ended; NULL when presumed / 结束时间，推定时为空';
COMMENT ON COLUMN ops.missing_cdrs.last_received_at IS 'When its last event came / 最近收到事件的时间';
COMMENT ON COLUMN ops.missing_cdrs.presumed IS 'Its end was never seen, but 25 hours are over / 未见结束，按 25 小时推定';
COMMENT ON COLUMN ops.missing_cdrs.resends_left IS 'At most so many more times the platform will send the CDR / 平台最多还会重推的次数';

-- Events are pushed once and never sent again, so these are lost.
CREATE VIEW ops.cdrs_without_events AS
SELECT c.call_ref, c.session_id, c.app_key, c.scenario, c.bind_num, c.started_at, c.ended_at, c.cdr_received_at
FROM ops.calls c
JOIN ops.seen_callbacks seen ON seen.kind = 'status' AND seen.app_key = coalesce(c.app_key, '')
WHERE c.event_count = 0 AND c.cdr_count > 0 AND NOT c.is_live;
COMMENT ON VIEW ops.cdrs_without_events IS 'Calls with a CDR and without any status event, of applications of which events come: lost ones; filter by started_at / 有话单而无状态事件的呼叫';
COMMENT ON COLUMN ops.cdrs_without_events.call_ref IS 'Reference of the call / 呼叫引用';
COMMENT ON COLUMN ops.cdrs_without_events.session_id IS 'Id of the call; NULL where it holds a phone number / 会话标识；含号码时为空';
COMMENT ON COLUMN ops.cdrs_without_events.app_key IS 'appKey of the CDR / 话单的 appKey';
COMMENT ON COLUMN ops.cdrs_without_events.scenario IS 'Scenario of the call / 业务场景';
COMMENT ON COLUMN ops.cdrs_without_events.bind_num IS 'The company''s number / 企业号码';
COMMENT ON COLUMN ops.cdrs_without_events.started_at IS 'When it began / 开始时间';
COMMENT ON COLUMN ops.cdrs_without_events.ended_at IS 'When it ended / 结束时间';
COMMENT ON COLUMN ops.cdrs_without_events.cdr_received_at IS 'When the CDR came / 收到话单的时间';

CREATE VIEW ops.repeated_cdrs AS
SELECT c.call_ref, c.session_id, c.app_key, c.scenario, c.bind_num, c.started_at, c.ended_at, c.cdr_count, c.cdr_received_at,
  c.talk_seconds, c.a_minutes, c.b_minutes
FROM ops.calls c
WHERE c.cdr_count > 1;
COMMENT ON VIEW ops.repeated_cdrs IS 'Calls with more than one CDR, as the last one received says; the CDRs are in ops.cdrs, what they changed of the bill in ops.bill_changes. Filter by started_at / 有多张话单的呼叫，以最后收到的为准';
COMMENT ON COLUMN ops.repeated_cdrs.call_ref IS 'Reference of the call / 呼叫引用';
COMMENT ON COLUMN ops.repeated_cdrs.session_id IS 'Id of the call; NULL where it holds a phone number / 会话标识；含号码时为空';
COMMENT ON COLUMN ops.repeated_cdrs.app_key IS 'appKey of the CDR / 话单的 appKey';
COMMENT ON COLUMN ops.repeated_cdrs.scenario IS 'Scenario of the call / 业务场景';
COMMENT ON COLUMN ops.repeated_cdrs.bind_num IS 'The company''s number / 企业号码';
COMMENT ON COLUMN ops.repeated_cdrs.started_at IS 'When it began / 开始时间';
COMMENT ON COLUMN ops.repeated_cdrs.ended_at IS 'When it ended / 结束时间';
COMMENT ON COLUMN ops.repeated_cdrs.cdr_count IS 'How many CDRs came / 话单数';
COMMENT ON COLUMN ops.repeated_cdrs.cdr_received_at IS 'When the CDR that counts came / 收到生效话单的时间';
COMMENT ON COLUMN ops.repeated_cdrs.talk_seconds IS 'Seconds from the answer to the end / 通话秒数';
COMMENT ON COLUMN ops.repeated_cdrs.a_minutes IS 'Billed minutes of leg A / A 段计费分钟';
COMMENT ON COLUMN ops.repeated_cdrs.b_minutes IS 'Billed minutes of leg B / B 段计费分钟';

-- The full hours of the last two days beside the same hour of the four weeks before.
CREATE VIEW ops.silence AS
SELECT s.hour, s.kind, s.records, s.expected, s.records = 0 AND s.expected >= 20 AS silent
FROM (
  SELECT h.hour, k.kind,
    coalesce(sum(CASE k.kind WHEN 'status' THEN c.events ELSE c.cdrs END) FILTER (WHERE w.weeks = 0), 0)::bigint AS records,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY coalesce(CASE k.kind WHEN 'status' THEN c.events ELSE c.cdrs END, 0))
      FILTER (WHERE w.weeks > 0) AS expected
  FROM generate_series(date_trunc('hour', now(), 'UTC') - interval '48 hours', date_trunc('hour', now(), 'UTC') - interval '1 hour', interval '1 hour') AS h (hour)
  CROSS JOIN (VALUES ('status'), ('fee')) AS k (kind)
  CROSS JOIN generate_series(0, 4) AS w (weeks)
  LEFT JOIN (
    SELECT n.hour, sum(n.events) AS events, sum(n.cdrs) AS cdrs
    FROM ops.call_counts n
    WHERE n.hour >= date_trunc('hour', now(), 'UTC') - interval '30 days 1 hour'
    GROUP BY n.hour
  ) c ON c.hour = h.hour - w.weeks * interval '168 hours'
  GROUP BY h.hour, k.kind
) s;
COMMENT ON VIEW ops.silence IS 'The last 48 full hours: records of calls that began in each, beside what is usual. An hour of silence is one in which the receiver could not be reached, or nobody called / 最近 48 个整点小时收到的记录数与往常对比';
COMMENT ON COLUMN ops.silence.hour IS 'Full hour (UTC) in which the calls began / 呼叫开始的整点小时（UTC）';
COMMENT ON COLUMN ops.silence.kind IS 'status = status events, fee = CDRs / 类别：状态事件或话单';
COMMENT ON COLUMN ops.silence.records IS 'Records of the calls of this hour / 该小时记录数';
COMMENT ON COLUMN ops.silence.expected IS 'Median of the same hour 1 to 4 weeks before; cannot be added up / 前四周同一时段中位数，不可相加';
COMMENT ON COLUMN ops.silence.silent IS 'None came although 20 or more were expected / 预期不少于 20 条却为 0';

CREATE VIEW ops.subscriptions AS
SELECT w.app_key, a.name, w.calls, w.events, w.cdrs, w.last_event_hour, w.last_cdr_hour,
  w.app_key IS NOT NULL AND (w.cdrs = 0 OR w.events = 0) AS needs_attention,
  CASE
    WHEN w.app_key IS NULL THEN 'application unknown: events without a verified signature name none / 应用未知：未验签的状态事件不含应用'
    WHEN w.cdrs = 0 AND seen.app_key IS NULL THEN 'no CDR ever: is feeUrl registered? / 从未收到话单：是否已登记 feeUrl？'
    WHEN w.cdrs = 0 THEN 'no CDR for a week / 一周内未收到话单'
    WHEN w.events = 0 THEN 'no event for a week: is statusUrl registered? / 一周内未收到呼叫状态：是否已登记 statusUrl？'
    ELSE 'both come / 状态与话单均正常'
  END AS finding
FROM (
  SELECT n.app_key, sum(n.attempts) AS calls, sum(n.events) AS events, sum(n.cdrs) AS cdrs,
    max(n.hour) FILTER (WHERE n.has_events) AS last_event_hour, max(n.hour) FILTER (WHERE n.has_cdr) AS last_cdr_hour
  FROM ops.call_counts n
  WHERE n.hour >= date_trunc('hour', now(), 'UTC') - interval '7 days'
  GROUP BY n.app_key
  HAVING sum(n.attempts) > 0
) w
LEFT JOIN ops.seen_callbacks seen ON seen.kind = 'fee' AND seen.app_key = w.app_key
LEFT JOIN rtc.apps a ON a.app_key = w.app_key;
COMMENT ON VIEW ops.subscriptions IS 'One row per application: which kinds of callback came of calls of the last 7 days / 每个应用一行：最近 7 天收到哪些回调';
COMMENT ON COLUMN ops.subscriptions.app_key IS 'appKey; NULL where nobody knows it / 应用的 appKey，未知为空';
COMMENT ON COLUMN ops.subscriptions.name IS 'Name of the application / 应用名称';
COMMENT ON COLUMN ops.subscriptions.calls IS 'Calls that do not go on / 呼叫数（不含进行中）';
COMMENT ON COLUMN ops.subscriptions.events IS 'Status events of these / 状态事件数';
COMMENT ON COLUMN ops.subscriptions.cdrs IS 'CDRs of these / 话单数';
COMMENT ON COLUMN ops.subscriptions.last_event_hour IS 'Hour in which the latest call with events began / 最近有状态事件的呼叫所在小时';
COMMENT ON COLUMN ops.subscriptions.last_cdr_hour IS 'Hour in which the latest call with a CDR began / 最近有话单的呼叫所在小时';
COMMENT ON COLUMN ops.subscriptions.needs_attention IS 'One of the two kinds is missing; never of an unknown application / 缺少其中一类回调，应用未知时不告警';
COMMENT ON COLUMN ops.subscriptions.finding IS 'What that means / 结论';

-- Records sent again -------------------------------------------------------------------------------------------------

-- Filled by receivers, each of which adds up what it met and writes it once a minute.
CREATE TABLE rtc.redeliveries (
  hour timestamptz NOT NULL,
  kind text NOT NULL CONSTRAINT redeliveries_kind CHECK (kind IN ('status', 'fee')),
  app_key text NOT NULL,
  count bigint NOT NULL,
  PRIMARY KEY (hour, kind, app_key)
);
COMMENT ON TABLE rtc.redeliveries IS 'How often a record came that was stored already / 已入库记录的重复推送次数';
COMMENT ON COLUMN rtc.redeliveries.hour IS 'Full hour (UTC) in which it came again / 再次收到的整点小时（UTC）';
COMMENT ON COLUMN rtc.redeliveries.kind IS 'status or fee / 类别';
COMMENT ON COLUMN rtc.redeliveries.app_key IS 'appKey of the CDR, else of the verified signature, else empty / 应用的 appKey，未知为空串';
COMMENT ON COLUMN rtc.redeliveries.count IS 'How often / 次数';

-- In the order of the key, so that two receivers that write at once wait for each other and do not block each other.
CREATE FUNCTION rtc.count_redeliveries(kinds text[], app_keys text[], counts bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO rtc.redeliveries AS r (hour, kind, app_key, count)
  SELECT date_bin('1 hour', now(), timestamptz '2000-01-01 00:00:00+00'), x.kind, coalesce(x.app_key, ''), sum(x.count)
    FROM unnest(kinds, app_keys, counts) AS x (kind, app_key, count)
   GROUP BY 1, 2, 3
   ORDER BY 1, 2, 3
  ON CONFLICT (hour, kind, app_key) DO UPDATE SET count = r.count + excluded.count;
END
$$;
REVOKE EXECUTE ON FUNCTION rtc.count_redeliveries(text[], text[], bigint[]) FROM PUBLIC;
COMMENT ON FUNCTION rtc.count_redeliveries(text[], text[], bigint[]) IS 'Adds what came again in this hour / 累加本小时的重复推送次数';

CREATE VIEW ops.redeliveries AS
SELECT r.hour, (r.hour AT TIME ZONE 'Asia/Shanghai')::date AS day, r.kind, nullif(r.app_key, '') AS app_key, r.count
FROM rtc.redeliveries r;
COMMENT ON VIEW ops.redeliveries IS 'How often records came that were stored already: the platform had not got its 200 in time, or sends twice. Up to a minute behind / 已入库记录的重复推送次数，可能晚一分钟';
COMMENT ON COLUMN ops.redeliveries.hour IS 'Full hour (UTC) in which they came again / 再次收到的整点小时（UTC）';
COMMENT ON COLUMN ops.redeliveries.day IS 'Day of the hour in Asia/Shanghai / 该小时的北京时间日期';
COMMENT ON COLUMN ops.redeliveries.kind IS 'status = status events, fee = CDRs / 类别：状态事件或话单';
COMMENT ON COLUMN ops.redeliveries.app_key IS 'appKey of the CDR, else of the verified signature / 应用的 appKey';
COMMENT ON COLUMN ops.redeliveries.count IS 'How often / 次数';

-- Calls of a kind ----------------------------------------------------------------------------------------------------

CREATE VIEW ops.live_calls AS
SELECT c.call_ref, c.session_id, c.app_key, c.scenario, c.bind_num, c.a_number, c.b_number, c.a_ref, c.b_ref, c.started_at,
  c.ringing_at, c.answered_at, c.outcome, c.last_received_at, floor(date_part('epoch', now() - c.started_at))::integer AS seconds
FROM ops.calls c
WHERE c.is_live;
COMMENT ON VIEW ops.live_calls IS 'Calls that go on / 进行中的呼叫';
COMMENT ON COLUMN ops.live_calls.call_ref IS 'Reference of the call / 呼叫引用';
COMMENT ON COLUMN ops.live_calls.session_id IS 'Id of the call; NULL where it holds a phone number / 会话标识；含号码时为空';
COMMENT ON COLUMN ops.live_calls.app_key IS 'appKey of the verified signature / 验签的 appKey';
COMMENT ON COLUMN ops.live_calls.scenario IS 'Scenario of the call / 业务场景';
COMMENT ON COLUMN ops.live_calls.bind_num IS 'The company''s number, where events tell it / 企业号码';
COMMENT ON COLUMN ops.live_calls.a_number IS 'A, the caller''s side, masked / A 号码（脱敏）';
COMMENT ON COLUMN ops.live_calls.b_number IS 'B, the called side, masked / B 号码（脱敏）';
COMMENT ON COLUMN ops.live_calls.a_ref IS 'Reference of A / A 引用';
COMMENT ON COLUMN ops.live_calls.b_ref IS 'Reference of B / B 引用';
COMMENT ON COLUMN ops.live_calls.started_at IS 'When it began / 开始时间';
COMMENT ON COLUMN ops.live_calls.ringing_at IS 'The leg dialed last rang / 最后呼叫的一侧振铃时间';
COMMENT ON COLUMN ops.live_calls.answered_at IS 'When it was answered / 接通时间';
COMMENT ON COLUMN ops.live_calls.outcome IS 'in progress, or answered / 结果：进行中或已接通';
COMMENT ON COLUMN ops.live_calls.last_received_at IS 'When its last event came / 最近收到事件的时间';
COMMENT ON COLUMN ops.live_calls.seconds IS 'Seconds since it began / 已持续秒数';

CREATE VIEW ops.digit_inputs AS
SELECT c.call_ref, c.session_id, c.app_key, c.scenario, c.bind_num, c.started_at, c.ended_at, c.digits, c.digit_count
FROM ops.calls c
WHERE c.digit_count IS NOT NULL;
COMMENT ON VIEW ops.digit_inputs IS 'Calls in which keys were pressed; filter by started_at / 有按键输入的呼叫';
COMMENT ON COLUMN ops.digit_inputs.call_ref IS 'Reference of the call / 呼叫引用';
COMMENT ON COLUMN ops.digit_inputs.session_id IS 'Id of the call; NULL where it holds a phone number / 会话标识；含号码时为空';
COMMENT ON COLUMN ops.digit_inputs.app_key IS 'appKey of the call / 应用的 appKey';
COMMENT ON COLUMN ops.digit_inputs.scenario IS 'Scenario of the call / 业务场景';
COMMENT ON COLUMN ops.digit_inputs.bind_num IS 'The company''s number / 企业号码';
COMMENT ON COLUMN ops.digit_inputs.started_at IS 'When the call began / 开始时间';
COMMENT ON COLUMN ops.digit_inputs.ended_at IS 'When it ended / 结束时间';
COMMENT ON COLUMN ops.digit_inputs.digits IS 'Keys pressed, up to two; more may be a PIN and show as *** / 按键，超过两位显示 ***';
COMMENT ON COLUMN ops.digit_inputs.digit_count IS 'How many keys were pressed / 按键个数';

CREATE VIEW ops.recordings AS
SELECT c.call_ref, c.session_id, c.app_key, c.scenario, c.bind_num, c.started_at, c.recording_started_at, c.ended_at, c.recording
FROM ops.calls c
WHERE c.recording <> 'none';
COMMENT ON VIEW ops.recordings IS 'Calls that were recorded; filter by started_at / 有录音的呼叫';
COMMENT ON COLUMN ops.recordings.call_ref IS 'Reference of the call / 呼叫引用';
COMMENT ON COLUMN ops.recordings.session_id IS 'Id of the call; NULL where it holds a phone number / 会话标识；含号码时为空';
COMMENT ON COLUMN ops.recordings.app_key IS 'appKey of the call / 应用的 appKey';
COMMENT ON COLUMN ops.recordings.scenario IS 'Scenario of the call / 业务场景';
COMMENT ON COLUMN ops.recordings.bind_num IS 'The company''s number / 企业号码';
COMMENT ON COLUMN ops.recordings.started_at IS 'When the call began / 开始时间';
COMMENT ON COLUMN ops.recordings.recording_started_at IS 'When recording began / 录音开始时间';
COMMENT ON COLUMN ops.recordings.ended_at IS 'When the call ended / 结束时间';
COMMENT ON COLUMN ops.recordings.recording IS 'there, or expired: the platform keeps recordings for 7 days / there 可下载，expired 已超过平台 7 天保存期';

-- Quarantine ---------------------------------------------------------------------------------------------------------

-- The shape of a body without what it says. Names come from outside too: they show where they are letters and underscores.
-- In schema ops, because PL/pgSQL finds the functions it calls when it runs, by the rights of the user.
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
        SELECT jsonb_object_agg(CASE WHEN f.key ~ '^[A-Za-z_]{1,64}$' THEN f.key ELSE '***' END, ops.skeleton(f.value, depth + 1))
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
  -- Names of fields come from outside; of a pointer places in a list show as well.
  (SELECT jsonb_agg(jsonb_build_object(
      'pointer', regexp_replace(e.item ->> 'pointer', '/(?!([A-Za-z_]{1,64}|[0-9]{1,4})(/|$))[^/]*', '/***', 'g'),
      'message', regexp_replace(e.item ->> 'message', '\d{5,}', '***', 'g')))
    FROM jsonb_array_elements(CASE WHEN jsonb_typeof(q.errors) = 'array' THEN q.errors ELSE '[]' END) AS e (item)) AS errors,
  q.call_ref, ARRAY(SELECT CASE WHEN name ~ '^[A-Za-z_]{1,64}$' THEN name ELSE '***' END
    FROM unnest(q.differing) WITH ORDINALITY AS d (name, place) ORDER BY place) AS differing, q.minutes_stored, q.minutes_received, ops.skeleton(q.body) AS skeleton
FROM rtc.quarantine q
WHERE q.resolved_at IS NULL;
COMMENT ON VIEW ops.quarantine_open IS 'Records and bodies that could not be stored and that nobody has dealt with / 未处理的隔离记录';
COMMENT ON COLUMN ops.quarantine_open.id IS 'Number of the entry, for rtc-receiver quarantine / 编号';
COMMENT ON COLUMN ops.quarantine_open.kind IS 'status, fee, notice, unknown (unreadable) or unauthenticated / 类别';
COMMENT ON COLUMN ops.quarantine_open.reason IS 'Short code of the reason; conflict = a CDR with the key of a stored one and other content / 原因代码；conflict 为同键不同内容的话单';
COMMENT ON COLUMN ops.quarantine_open.record_index IS 'Place in feeLst, from 0; NULL for a status event or a whole body / 在 feeLst 中的序号';
COMMENT ON COLUMN ops.quarantine_open.body_size IS 'Bytes of the original / 原文字节数';
COMMENT ON COLUMN ops.quarantine_open.first_seen_at IS 'When it first came / 首次收到时间';
COMMENT ON COLUMN ops.quarantine_open.last_seen_at IS 'When the same came last / 最近收到时间';
COMMENT ON COLUMN ops.quarantine_open.seen_count IS 'How often it came / 收到次数';
COMMENT ON COLUMN ops.quarantine_open.app_key IS 'appKey of the verified signature / 验签通过的 appKey';
COMMENT ON COLUMN ops.quarantine_open.errors IS 'List of {pointer, message}: places of the errors, never values / 出错位置，不含值';
COMMENT ON COLUMN ops.quarantine_open.call_ref IS 'Conflict: the call, as in ops.calls / 冲突话单对应的呼叫引用';
COMMENT ON COLUMN ops.quarantine_open.differing IS 'Conflict: names of the fields that differ from the stored CDR / 与已存话单不同的字段名';
COMMENT ON COLUMN ops.quarantine_open.minutes_stored IS 'Conflict: billed minutes, both legs, by the stored CDR / 已存话单的计费分钟';
COMMENT ON COLUMN ops.quarantine_open.minutes_received IS 'Conflict: billed minutes, both legs, by this one; rtc-receiver quarantine accept makes it count / 本话单的计费分钟，可用 quarantine accept 接受';
COMMENT ON COLUMN ops.quarantine_open.skeleton IS 'Names, types and lengths of the body; NULL when it is no JSON / 结构骨架';
