-- Up Migration
--
-- Facts as ops see them: masked, for one call or a short range, and the tables beside them.
--
-- Facts are masked when they are read, so the masks of src/calls/masks.ts are here once more, in SQL; test/store/masks.test.ts
-- holds both against each other. They are plain functions of their arguments: whoever may call them learns nothing but
-- what they passed in, and none raises an error, whose text could show the value. RETURN binds them to what they mean when
-- they are made: a body of text would be read when it runs, by the search_path of whoever asks, and hand the numbers behind
-- a view to a function of theirs.
--
-- No view here has references of numbers: whoever may post callbacks could post numbers and compare.

SET LOCAL lock_timeout = '5s';

-- Masks --------------------------------------------------------------------------------------------------------------

CREATE FUNCTION rtc.mask_number(number text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN number IS NULL THEN NULL
  -- A mobile number of China: prefix and the last four.
  WHEN number ~ '^(\+?86)?1[3-9][0-9]{9}$' THEN left(number, length(number) - 8) || '****' || right(number, 4)
  -- Masked by the platform already.
  WHEN number ~ '^\+?(86)?1[0-9]{2}\*{4}[0-9]{4}$' THEN number
  -- Others have fewer digits, or a meaning in their first ones: country and the last two of long ones at most.
  WHEN number ~ '^\+86[0-9]{9,}$' THEN '+86****' || right(number, 2)
  WHEN number ~ '^\+?[0-9]{9,}$' THEN '****' || right(number, 2)
  ELSE '****'
END;
COMMENT ON FUNCTION rtc.mask_number(text) IS '+86138****0021; short, foreign and fixed-line numbers show less / 号码脱敏';

CREATE FUNCTION rtc.mask_number(number text, own text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN number = own THEN number ELSE rtc.mask_number(number) END;
COMMENT ON FUNCTION rtc.mask_number(text, text) IS 'The same; the company''s own number is shown / 号码脱敏，企业自有号码除外';

CREATE FUNCTION rtc.mask_text(words text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(words, '\+?([0-9０-９]([ ．.()（）-]{0,2}[0-9０-９]){6,}|[0-9０-９]{5,})', '***', 'g');
COMMENT ON FUNCTION rtc.mask_text(text) IS 'Text in which no run of five digits is left, and none of seven in groups / 遮盖文本中的长数字串';

CREATE FUNCTION rtc.mask_id(id text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(left(id, 128), '\+?[0-9０-９]([ ．.()（）-]{0,2}[0-9０-９]){6,}', '***', 'g');
COMMENT ON FUNCTION rtc.mask_id(text) IS 'An id such as an appKey; seven digits and more are hidden / 标识（遮盖七位及以上数字）';

-- Forms of the platform's: CAE-20190124110424-12019775, and 32 hex digits with three counters.
CREATE FUNCTION rtc.mask_icid(icid text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN icid ~ '^([A-Z]{1,8}-20[0-9]{12}-[0-9]{1,9}|[0-9a-f]{32}(\.[0-9]{1,10}){1,3})$' THEN icid ELSE rtc.mask_id(icid) END;
COMMENT ON FUNCTION rtc.mask_icid(text) IS 'The platform''s id of a CDR; of another form, seven digits and more are hidden / 话单标识（未知格式遮盖七位及以上数字）';

CREATE FUNCTION rtc.mask_keys(keys text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN length(replace(keys, '-', '')) > 2 THEN '***' ELSE keys END;
COMMENT ON FUNCTION rtc.mask_keys(text) IS 'Up to two keys are a choice in a menu, more may be a PIN / 按键脱敏，超过两位可能是密码';

CREATE FUNCTION rtc.mask_fields(fields jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN jsonb_typeof(fields) = 'object'
  THEN (SELECT jsonb_object_agg(CASE WHEN name ~ '^[A-Za-z_]+$' THEN name ELSE '***' END, '***') FROM jsonb_object_keys(fields) AS name)
  ELSE '"***"' END;
COMMENT ON FUNCTION rtc.mask_fields(jsonb) IS 'Names of fields, where they are letters and underscores, without their values / 仅保留由字母和下划线组成的字段名';

CREATE FUNCTION rtc.may_hold_number(session_id text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN session_id ~ '\+[0-9]|(^|[^0-9])(?!20[0-9]{12}([^0-9]|$))[0-9]{7}|[^ -~]'
  AND session_id !~ '^([0-9]{1,6}_[0-9]{1,10}_[0-9]{1,10}_20[0-9]{12}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})(@[a-zA-Z]([a-zA-Z.-]|[0-9]{1,6}(?![0-9]))*)?$';
COMMENT ON FUNCTION rtc.may_hold_number(text) IS 'Whether a session id may embed a phone number / 会话标识是否可能含号码';

-- Facts --------------------------------------------------------------------------------------------------------------
-- call_ref and session_id are those of the call. So what may be shown of an id is decided once, by the fold; a look-up goes
-- from an index of the calls to the key of the facts; and no condition of a reader's ever meets a session id that holds a
-- number. Where no column of the call is asked for, the planner leaves the joins out, since the columns they go by are
-- unique. Newest first comes from the index of time, and only rows that are shown are masked.
--
-- The company's own number, as ops.calls shows it, is whole in CDRs. In events it is not: bind_num may be what a stranger
-- says in a CDR without a signature, and a signed event would then tell whether it has that number.

-- The masks of both, once; not granted to anybody.
CREATE VIEW rtc.masked_events AS
SELECT e.session_id, e.occurred_at, rtc.mask_text(e.event_type) AS event_type,
  rtc.mask_number(e.caller) AS caller, rtc.mask_number(e.called) AS called,
  e.state_code, CASE WHEN e.state_desc <> '' THEN '***' END AS state_desc, rtc.mask_text(e.party_type) AS party_type,
  e.call_rel_direction, rtc.mask_keys(e.digit_info) AS digits, rtc.mask_text(e.notify_mode) AS notify_mode,
  CASE WHEN e.user_data <> '' THEN '***' END AS user_data,
  CASE WHEN e.subscription_id <> '' THEN '***' END AS subscription_id,
  rtc.mask_fields(e.extra) AS extra, rtc.mask_id(e.signed_by) AS app_key, e.received_at, e.stored_at, e.erased_at
FROM rtc.call_events e;
COMMENT ON VIEW rtc.masked_events IS 'Call status events, masked but for their session / 呼叫状态事件（除会话标识外已脱敏）';

CREATE VIEW ops.events AS
SELECT p.call_ref, c.session_id, e.occurred_at, e.event_type, e.caller, e.called, e.state_code, e.state_desc, e.party_type,
  e.call_rel_direction, e.digits, e.notify_mode, e.user_data, e.subscription_id, e.extra, e.app_key, e.received_at, e.stored_at,
  e.erased_at
FROM rtc.masked_events e
LEFT JOIN rtc.calls_private p ON p.session_id = e.session_id
LEFT JOIN ops.calls c ON c.call_ref = p.call_ref;
COMMENT ON VIEW ops.events IS 'Call status events, masked; filter by occurred_at, session_id or call_ref / 呼叫状态事件（脱敏）；请按 occurred_at、session_id 或 call_ref 过滤';
COMMENT ON COLUMN ops.events.call_ref IS 'Reference of the call, as in ops.calls; NULL until the call is computed / 呼叫引用；呼叫尚未计算时为空';
COMMENT ON COLUMN ops.events.session_id IS 'Id of the call; NULL where it holds a phone number, and until the call is computed / 会话标识；含号码或呼叫尚未计算时为空';
COMMENT ON COLUMN ops.events.occurred_at IS 'Field timestamp: time of the event on the platform, UTC, one-second resolution; in all scenarios / 事件发生时间（UTC），各场景都有';
COMMENT ON COLUMN ops.events.event_type IS 'callin, callout, alerting, answer, collectInfo, disconnect, or a new one / 事件类型';
COMMENT ON COLUMN ops.events.caller IS 'Calling number of the leg, masked / 本段主叫（脱敏）';
COMMENT ON COLUMN ops.events.called IS 'Called number of the leg, masked / 本段被叫（脱敏）';
COMMENT ON COLUMN ops.events.state_code IS 'disconnect: why it was hung up (stateCode table); click2Call: per leg; callnotify 8008 = no digit keyed in time / 挂机原因值';
COMMENT ON COLUMN ops.events.state_desc IS '*** where there is a text; ops.hangup_reasons says what state_code means / 有描述时为 ***，含义见 ops.hangup_reasons';
COMMENT ON COLUMN ops.events.party_type IS 'disconnect: which side hung up, as sent; digits hidden / 挂机方（原样，数字隐藏）';
COMMENT ON COLUMN ops.events.call_rel_direction IS 'Private number, X mode, disconnect: 1 = the caller hung up, 2 = the callee / X 模式挂机方';
COMMENT ON COLUMN ops.events.digits IS 'Keys pressed, up to two; more may be a PIN and show as *** / 按键，超过两位显示 ***';
COMMENT ON COLUMN ops.events.notify_mode IS 'Private number, X mode: Notify, or Block when the platform waits for a decision / X 模式通知方式';
COMMENT ON COLUMN ops.events.user_data IS '*** where the request had userData / 有 userData 时为 ***';
COMMENT ON COLUMN ops.events.subscription_id IS 'Private number: *** where there is one / 隐私号绑定标识，有值时为 ***';
COMMENT ON COLUMN ops.events.extra IS 'Names of the fields without a column; values hidden / 其余字段名，值已隐藏';
COMMENT ON COLUMN ops.events.app_key IS 'appKey of the verified signature, else NULL / 验签通过的 appKey，未验签为空';
COMMENT ON COLUMN ops.events.received_at IS 'When the callback came to the receiver, kept through the spool / 收到回调的时间';
COMMENT ON COLUMN ops.events.stored_at IS 'When the row was stored (start of the transaction); a cursor for copying data out needs an overlap / 入库时间';
COMMENT ON COLUMN ops.events.erased_at IS 'When personal data were erased / 个人信息清除时间';

CREATE VIEW rtc.masked_cdrs AS
SELECT d.session_id, d.cdr_time, rtc.mask_icid(d.icid) AS icid, rtc.mask_id(d.app_key) AS app_key, rtc.mask_id(d.sp_id) AS sp_id,
  rtc.mask_text(d.service_type) AS service_type, d.direction, d.bind_num, d.caller_num, d.callee_num, d.fwd_display_num, d.fwd_dst_num,
  d.call_in_time, d.call_out_start_time, d.call_out_alerting_time, d.call_out_answer_time, d.call_out_unasw_rsn,
  d.fwd_start_time, d.fwd_alerting_time, d.fwd_answer_time, d.fwd_unasw_rsn, d.call_end_time, d.fail_time,
  d.ul_fail_reason, d.sip_status_code, d.call_rel_direction, d.dyn_ivr_start_time, rtc.mask_keys(d.dyn_ivr_path) AS dyn_ivr_path,
  d.record_flag, d.record_start_time, CASE WHEN d.record_domain <> '' THEN '***' END AS record_domain,
  CASE WHEN d.record_bucket_name <> '' THEN '***' END AS record_bucket_name,
  CASE WHEN d.record_object_name <> '' THEN '***' END AS record_object_name,
  CASE WHEN d.record_file_download_url <> '' THEN '***' END AS record_file_download_url,
  d.tts_play_times, d.tts_trans_duration, rtc.mask_text(d.host_name) AS host_name,
  rtc.mask_text(d.notify_mode) AS notify_mode, CASE WHEN d.extend_number <> '' THEN '***' END AS extend_number,
  CASE WHEN d.user_data <> '' THEN '***' END AS user_data, CASE WHEN d.subscription_id <> '' THEN '***' END AS subscription_id,
  rtc.mask_fields(d.extra) AS extra, rtc.mask_id(d.signed_by) AS signed_by, d.received_at, d.stored_at, d.erased_at,
  d.icid AS whole_icid, d.signed_by IS NOT NULL AS is_signed
FROM rtc.cdrs d;
COMMENT ON VIEW rtc.masked_cdrs IS 'CDRs, masked but for their session, icid and numbers, whose masks depend on the call / 话单（除会话标识、话单标识与号码外已脱敏）';

CREATE VIEW ops.cdrs AS
SELECT p.call_ref, c.session_id, d.cdr_time,
  -- ops.calls knows when the CDR that counts came, to the millisecond. Only CDRs of a call that came at once are compared,
  -- in the fold's order, and only for the rows that are shown: a session may have thousands.
  CASE
    WHEN c.cdr_received_at IS NULL AND c.call_ref IS NOT NULL THEN false
    WHEN d.received_at NOT BETWEEN c.cdr_received_at - interval '1 millisecond' AND c.cdr_received_at + interval '1 millisecond'
      THEN false
    WHEN c.cdr_count = 1 THEN true
    WHEN c.cdr_count > 1 THEN NOT EXISTS (
      SELECT FROM rtc.cdrs o
      WHERE o.session_id = d.session_id
        AND o.received_at BETWEEN c.cdr_received_at - interval '1 millisecond' AND c.cdr_received_at + interval '1 millisecond'
        AND (o.signed_by IS NOT NULL, o.received_at, o.cdr_time, o.icid COLLATE "C")
          > (d.is_signed, d.received_at, d.cdr_time, d.whole_icid))
  END AS counts,
  d.icid, d.app_key, d.sp_id, d.service_type, d.direction,
  rtc.mask_number(d.bind_num, c.bind_num) AS bind_num,
  rtc.mask_number(d.caller_num, c.bind_num) AS caller_num, rtc.mask_number(d.callee_num, c.bind_num) AS callee_num,
  rtc.mask_number(d.fwd_display_num, c.bind_num) AS fwd_display_num, rtc.mask_number(d.fwd_dst_num, c.bind_num) AS fwd_dst_num,
  d.call_in_time, d.call_out_start_time, d.call_out_alerting_time, d.call_out_answer_time, d.call_out_unasw_rsn,
  d.fwd_start_time, d.fwd_alerting_time, d.fwd_answer_time, d.fwd_unasw_rsn, d.call_end_time, d.fail_time,
  d.ul_fail_reason, d.sip_status_code, d.call_rel_direction, d.dyn_ivr_start_time, d.dyn_ivr_path,
  d.record_flag, d.record_start_time, d.record_domain, d.record_bucket_name, d.record_object_name, d.record_file_download_url,
  d.tts_play_times, d.tts_trans_duration, d.host_name, d.notify_mode, d.extend_number, d.user_data, d.subscription_id,
  d.extra, d.signed_by, d.received_at, d.stored_at, d.erased_at
FROM rtc.masked_cdrs d
LEFT JOIN rtc.calls_private p ON p.session_id = d.session_id
LEFT JOIN ops.calls c ON c.call_ref = p.call_ref;
COMMENT ON VIEW ops.cdrs IS 'CDRs, masked; filter by cdr_time, session_id or call_ref / 话单（脱敏）；请按 cdr_time、session_id 或 call_ref 过滤';
COMMENT ON COLUMN ops.cdrs.call_ref IS 'Reference of the call, as in ops.calls; NULL until the call is computed / 呼叫引用；呼叫尚未计算时为空';
COMMENT ON COLUMN ops.cdrs.session_id IS 'Id of the call; NULL where it holds a phone number, and until the call is computed / 会话标识；含号码或呼叫尚未计算时为空';
COMMENT ON COLUMN ops.cdrs.cdr_time IS 'End of the call, else the latest time the CDR has / 话单时间：呼叫结束时间，缺省为话单中最后的时间';
COMMENT ON COLUMN ops.cdrs.counts IS 'Whether ops.calls goes by this CDR: of several the signed one received last; NULL until the call is computed / 是否为生效的话单（以最后收到的、已验签的为准）；呼叫尚未计算时为空';
COMMENT ON COLUMN ops.cdrs.icid IS 'The platform''s id of the CDR; *** where it may hold a number / 话单标识；疑似含号码时为 ***';
COMMENT ON COLUMN ops.cdrs.app_key IS 'appKey as the CDR says it / 话单中的 appKey';
COMMENT ON COLUMN ops.cdrs.sp_id IS 'The customer''s cloud account / 客户云账号';
COMMENT ON COLUMN ops.cdrs.service_type IS '001 = callnotify and callVerify, 002 = click2Call; private number: 003 AX, 004 AXB or X, 005 AXE, 007 AXYB / 业务类型';
COMMENT ON COLUMN ops.cdrs.direction IS 'Voice: 0 = outgoing from the platform; private number: 0 = somebody calls A, 1 = A calls, 2 = abnormal, such as no binding / 呼叫方向';
COMMENT ON COLUMN ops.cdrs.bind_num IS 'The company''s number that placed the call; private number: X, masked / 企业号码；隐私号为脱敏的 X 号码';
COMMENT ON COLUMN ops.cdrs.caller_num IS 'click2Call, callnotify, callVerify: number shown to A; private number: whoever called X; masked unless it is the company''s / 主叫（脱敏，企业自有号码除外）';
COMMENT ON COLUMN ops.cdrs.callee_num IS 'click2Call, callnotify, callVerify: A, the first party called; private number: X; masked / 被叫（脱敏）';
COMMENT ON COLUMN ops.cdrs.fwd_display_num IS 'click2Call, private number: number shown to B, masked unless it is the company''s / 对 B 显示的号码（脱敏，企业自有号码除外）';
COMMENT ON COLUMN ops.cdrs.fwd_dst_num IS 'click2Call, private number: B, masked / B 号码（脱敏）';
COMMENT ON COLUMN ops.cdrs.call_in_time IS 'Private number: the call reached X; absent in click2Call, callnotify, callVerify / 呼入时间（隐私号）';
COMMENT ON COLUMN ops.cdrs.call_out_start_time IS 'click2Call, callnotify, callVerify: dialing A began / 呼叫 A 开始时间';
COMMENT ON COLUMN ops.cdrs.call_out_alerting_time IS 'click2Call, callnotify, callVerify: A''s phone rang / A 振铃时间';
COMMENT ON COLUMN ops.cdrs.call_out_answer_time IS 'click2Call, callnotify, callVerify: A answered; start of talk in callnotify and callVerify / A 应答时间';
COMMENT ON COLUMN ops.cdrs.call_out_unasw_rsn IS 'Q.850 cause of the leg to A; 0 when not applicable, also in failed calls / A 侧未接通 Q.850 原因值';
COMMENT ON COLUMN ops.cdrs.fwd_start_time IS 'click2Call, private number: dialing B began; no B in callnotify and callVerify / 呼叫 B 开始时间';
COMMENT ON COLUMN ops.cdrs.fwd_alerting_time IS 'click2Call, private number: B''s phone rang / B 振铃时间';
COMMENT ON COLUMN ops.cdrs.fwd_answer_time IS 'click2Call, private number: B answered; start of talk / B 应答时间，即通话开始';
COMMENT ON COLUMN ops.cdrs.fwd_unasw_rsn IS 'Q.850 cause of the leg to B; sent in callnotify and callVerify too, though they have no B / B 侧未接通 Q.850 原因值';
COMMENT ON COLUMN ops.cdrs.call_end_time IS 'End of the call, in all scenarios / 呼叫结束时间';
COMMENT ON COLUMN ops.cdrs.fail_time IS 'When the call failed, inbound or outbound, in all scenarios / 呼叫失败时间';
COMMENT ON COLUMN ops.cdrs.ul_fail_reason IS 'Release point (ulFailReason table), 0 = normal; in all scenarios / 呼叫拆线点';
COMMENT ON COLUMN ops.cdrs.sip_status_code IS 'SIP status of the failure, 0 when none; in all scenarios / 失败时的 SIP 状态码';
COMMENT ON COLUMN ops.cdrs.call_rel_direction IS 'Private number, X mode: 1 = the caller hung up, 2 = the callee / X 模式挂机方';
COMMENT ON COLUMN ops.cdrs.dyn_ivr_start_time IS 'callnotify: dynamic IVR began / 动态 IVR 开始时间（语音通知）';
COMMENT ON COLUMN ops.cdrs.dyn_ivr_path IS 'Keys pressed in the dynamic IVR, up to two; more show as *** / 动态 IVR 按键，超过两位显示 ***';
COMMENT ON COLUMN ops.cdrs.record_flag IS '0 not recorded, 1 recorded; in all scenarios / 是否录音';
COMMENT ON COLUMN ops.cdrs.record_start_time IS 'click2Call, private number: recording began / 录音开始时间';
COMMENT ON COLUMN ops.cdrs.record_domain IS '*** where there is one / 有值时为 ***';
COMMENT ON COLUMN ops.cdrs.record_bucket_name IS '*** where there is one / 有值时为 ***';
COMMENT ON COLUMN ops.cdrs.record_object_name IS '*** where there is one / 有值时为 ***';
COMMENT ON COLUMN ops.cdrs.record_file_download_url IS '*** where there is one / 有值时为 ***';
COMMENT ON COLUMN ops.cdrs.tts_play_times IS 'How often TTS was used; 0 in click2Call / TTS 播放次数';
COMMENT ON COLUMN ops.cdrs.tts_trans_duration IS 'Time the TTS server needed, seconds / TTS 转换时长（秒）';
COMMENT ON COLUMN ops.cdrs.host_name IS 'Host of the platform that made the CDR / 生成话单的主机';
COMMENT ON COLUMN ops.cdrs.notify_mode IS 'Private number, X mode: always Block / X 模式通知方式';
COMMENT ON COLUMN ops.cdrs.extend_number IS 'Private number, AXE: *** where an extension was keyed / AXE 分机号，有值时为 ***';
COMMENT ON COLUMN ops.cdrs.user_data IS '*** where the request had userData / 有 userData 时为 ***';
COMMENT ON COLUMN ops.cdrs.subscription_id IS 'Private number: *** where there is one / 隐私号绑定标识，有值时为 ***';
COMMENT ON COLUMN ops.cdrs.extra IS 'Names of the fields without a column; values hidden / 其余字段名，值已隐藏';
COMMENT ON COLUMN ops.cdrs.signed_by IS 'appKey of the verified X-AKSK header, else NULL / 验签通过的 appKey，未验签为空';
COMMENT ON COLUMN ops.cdrs.received_at IS 'When the callback came to the receiver, kept through the spool / 收到回调的时间';
COMMENT ON COLUMN ops.cdrs.stored_at IS 'When the row was stored (start of the transaction); a cursor for copying data out needs an overlap / 入库时间';
COMMENT ON COLUMN ops.cdrs.erased_at IS 'When personal data were erased / 个人信息清除时间';

-- The same by functions, on Citus as well, where facts and calls are on different nodes: their calls are looked up first, and
-- with the owner's rights, for there a view is read with those of whoever asks.

CREATE FUNCTION rtc.events_of_sessions(sessions text[], from_time timestamptz, to_time timestamptz, at_most integer)
RETURNS SETOF ops.events
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
SET jit = off
AS $$
DECLARE
  known record;
BEGIN
  SELECT array_agg(p.session_id) AS ids, array_agg(c.call_ref) AS refs, array_agg(c.session_id) AS shown INTO known
    FROM rtc.calls_private p JOIN ops.calls c ON c.call_ref = p.call_ref
   WHERE p.session_id = ANY (sessions);
  RETURN QUERY
  SELECT c.call_ref, c.session_id, e.occurred_at, e.event_type, e.caller, e.called, e.state_code, e.state_desc, e.party_type,
      e.call_rel_direction, e.digits, e.notify_mode, e.user_data, e.subscription_id, e.extra, e.app_key, e.received_at,
      e.stored_at, e.erased_at
    FROM rtc.masked_events e
    LEFT JOIN unnest(known.ids, known.refs, known.shown) AS c (id, call_ref, session_id) ON c.id = e.session_id
   WHERE e.session_id = ANY (sessions) AND e.occurred_at >= from_time AND e.occurred_at < to_time
   ORDER BY e.occurred_at DESC
   LIMIT at_most;
END
$$;
REVOKE EXECUTE ON FUNCTION rtc.events_of_sessions(text[], timestamptz, timestamptz, integer) FROM PUBLIC;
COMMENT ON FUNCTION rtc.events_of_sessions(text[], timestamptz, timestamptz, integer) IS 'Events of sessions, masked, the latest first / 若干会话的状态事件（脱敏）';

CREATE FUNCTION rtc.cdrs_of_sessions(sessions text[], from_time timestamptz, to_time timestamptz, at_most integer)
RETURNS SETOF ops.cdrs
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
SET jit = off
AS $$
DECLARE
  known record;
BEGIN
  SELECT array_agg(p.session_id) AS ids, array_agg(c.call_ref) AS refs, array_agg(c.session_id) AS shown,
      array_agg(c.bind_num) AS numbers, array_agg(c.cdr_received_at) AS received INTO known
    FROM rtc.calls_private p JOIN ops.calls c ON c.call_ref = p.call_ref
   WHERE p.session_id = ANY (sessions);
  RETURN QUERY
  SELECT d.call_ref, d.shown, d.cdr_time,
      CASE WHEN d.call_ref IS NOT NULL THEN d.came_last IS TRUE AND d.place = 1 END,
      d.icid, d.app_key, d.sp_id, d.service_type, d.direction, rtc.mask_number(d.bind_num, d.own), rtc.mask_number(d.caller_num, d.own),
      rtc.mask_number(d.callee_num, d.own), rtc.mask_number(d.fwd_display_num, d.own), rtc.mask_number(d.fwd_dst_num, d.own),
      d.call_in_time, d.call_out_start_time, d.call_out_alerting_time, d.call_out_answer_time, d.call_out_unasw_rsn,
      d.fwd_start_time, d.fwd_alerting_time, d.fwd_answer_time, d.fwd_unasw_rsn, d.call_end_time, d.fail_time,
      d.ul_fail_reason, d.sip_status_code, d.call_rel_direction, d.dyn_ivr_start_time, d.dyn_ivr_path,
      d.record_flag, d.record_start_time, d.record_domain, d.record_bucket_name, d.record_object_name, d.record_file_download_url,
      d.tts_play_times, d.tts_trans_duration, d.host_name, d.notify_mode, d.extend_number, d.user_data, d.subscription_id,
      d.extra, d.signed_by, d.received_at, d.stored_at, d.erased_at
    FROM (
      -- As in ops.cdrs: of those that came when ops.calls says, the last in the fold's order.
      SELECT x.*, x.received_at BETWEEN c.received - interval '1 millisecond' AND c.received + interval '1 millisecond' AS came_last,
          row_number() OVER (PARTITION BY x.session_id ORDER BY
            (x.received_at BETWEEN c.received - interval '1 millisecond' AND c.received + interval '1 millisecond') IS TRUE DESC,
            x.is_signed DESC, x.received_at DESC, x.cdr_time DESC, x.whole_icid COLLATE "C" DESC) AS place,
          c.call_ref, c.shown, c.own
        FROM rtc.masked_cdrs x
        LEFT JOIN unnest(known.ids, known.refs, known.shown, known.numbers, known.received) AS c (id, call_ref, shown, own, received)
          ON c.id = x.session_id
       WHERE x.session_id = ANY (sessions)
    ) d
   WHERE d.cdr_time >= from_time AND d.cdr_time < to_time
   ORDER BY d.cdr_time DESC
   LIMIT at_most;
END
$$;
REVOKE EXECUTE ON FUNCTION rtc.cdrs_of_sessions(text[], timestamptz, timestamptz, integer) FROM PUBLIC;
COMMENT ON FUNCTION rtc.cdrs_of_sessions(text[], timestamptz, timestamptz, integer) IS 'CDRs of sessions, masked, the latest first / 若干会话的话单（脱敏）';

CREATE FUNCTION ops.events_of(call_ref uuid, at_most integer DEFAULT 1000) RETURNS SETOF ops.events
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  sessions CONSTANT text[] := ARRAY(SELECT p.session_id FROM rtc.calls_private p WHERE p.call_ref = events_of.call_ref);
BEGIN
  RETURN QUERY SELECT * FROM rtc.events_of_sessions(sessions, '-infinity', 'infinity', at_most);
END
$$;
REVOKE EXECUTE ON FUNCTION ops.events_of(uuid, integer) FROM PUBLIC;
COMMENT ON FUNCTION ops.events_of(uuid, integer) IS 'Call status events of a call, the latest first / 某呼叫的呼叫状态事件';

CREATE FUNCTION ops.events_of(session_id text, at_most integer DEFAULT 1000) RETURNS SETOF ops.events
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  -- By what ops.calls shows: where an id holds a number, nobody finds out here whether there is such a call.
  sessions CONSTANT text[] := ARRAY(SELECT c.session_id FROM ops.calls c WHERE c.session_id = events_of.session_id);
BEGIN
  RETURN QUERY SELECT * FROM rtc.events_of_sessions(sessions, '-infinity', 'infinity', at_most);
END
$$;
REVOKE EXECUTE ON FUNCTION ops.events_of(text, integer) FROM PUBLIC;
COMMENT ON FUNCTION ops.events_of(text, integer) IS 'Call status events of a session, the latest first / 某会话的呼叫状态事件';

CREATE FUNCTION ops.events_between(from_time timestamptz, to_time timestamptz, at_most integer DEFAULT 1000) RETURNS SETOF ops.events
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
  sessions CONSTANT text[] := ARRAY(SELECT DISTINCT x.session_id FROM (SELECT f.session_id FROM rtc.call_events f
    WHERE f.occurred_at >= from_time AND f.occurred_at < to_time ORDER BY f.occurred_at DESC LIMIT at_most) x);
BEGIN
  RETURN QUERY SELECT * FROM rtc.events_of_sessions(sessions, from_time, to_time, at_most);
END
$$;
REVOKE EXECUTE ON FUNCTION ops.events_between(timestamptz, timestamptz, integer) FROM PUBLIC;
COMMENT ON FUNCTION ops.events_between(timestamptz, timestamptz, integer) IS 'Call status events from from_time up to, not including, to_time, the latest first / 从 from_time 到 to_time（不含）的呼叫状态事件';

CREATE FUNCTION ops.cdrs_of(call_ref uuid, at_most integer DEFAULT 1000) RETURNS SETOF ops.cdrs
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  sessions CONSTANT text[] := ARRAY(SELECT p.session_id FROM rtc.calls_private p WHERE p.call_ref = cdrs_of.call_ref);
BEGIN
  RETURN QUERY SELECT * FROM rtc.cdrs_of_sessions(sessions, '-infinity', 'infinity', at_most);
END
$$;
REVOKE EXECUTE ON FUNCTION ops.cdrs_of(uuid, integer) FROM PUBLIC;
COMMENT ON FUNCTION ops.cdrs_of(uuid, integer) IS 'CDRs of a call, the latest first / 某呼叫的话单';

CREATE FUNCTION ops.cdrs_of(session_id text, at_most integer DEFAULT 1000) RETURNS SETOF ops.cdrs
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  -- By what ops.calls shows: where an id holds a number, nobody finds out here whether there is such a call.
  sessions CONSTANT text[] := ARRAY(SELECT c.session_id FROM ops.calls c WHERE c.session_id = cdrs_of.session_id);
BEGIN
  RETURN QUERY SELECT * FROM rtc.cdrs_of_sessions(sessions, '-infinity', 'infinity', at_most);
END
$$;
REVOKE EXECUTE ON FUNCTION ops.cdrs_of(text, integer) FROM PUBLIC;
COMMENT ON FUNCTION ops.cdrs_of(text, integer) IS 'CDRs of a session, the latest first / 某会话的话单';

CREATE FUNCTION ops.cdrs_between(from_time timestamptz, to_time timestamptz, at_most integer DEFAULT 1000) RETURNS SETOF ops.cdrs
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
  sessions CONSTANT text[] := ARRAY(SELECT DISTINCT x.session_id FROM (SELECT f.session_id FROM rtc.cdrs f
    WHERE f.cdr_time >= from_time AND f.cdr_time < to_time ORDER BY f.cdr_time DESC LIMIT at_most) x);
BEGIN
  RETURN QUERY SELECT * FROM rtc.cdrs_of_sessions(sessions, from_time, to_time, at_most);
END
$$;
REVOKE EXECUTE ON FUNCTION ops.cdrs_between(timestamptz, timestamptz, integer) FROM PUBLIC;
COMMENT ON FUNCTION ops.cdrs_between(timestamptz, timestamptz, integer) IS 'CDRs from from_time up to, not including, to_time, the latest first / 从 from_time 到 to_time（不含）的话单';

CREATE VIEW ops.notices AS
SELECT n.received_at, n.last_received_at, n.seen_count, rtc.mask_text(n.event_type) AS event_type, rtc.mask_id(n.signed_by) AS app_key,
  rtc.mask_fields(n.body) AS body,
  -- numStatus: status and cause are codes, written as text.
  (SELECT jsonb_agg(jsonb_build_object(
      'number', rtc.mask_number(i.entry ->> 'number'),
      'status', substring(i.entry ->> 'status' FROM '^[0-9]{1,2}$'),
      'cause', substring(i.entry ->> 'cause' FROM '^[0-9]{1,2}$')) ORDER BY i.place)
    FROM jsonb_array_elements(CASE WHEN jsonb_typeof(n.body -> 'numInfo') = 'array' THEN n.body -> 'numInfo' END)
      WITH ORDINALITY AS i (entry, place)) AS numbers,
  n.stored_at, n.erased_at
FROM rtc.notices n;
COMMENT ON VIEW ops.notices IS 'Callbacks that are neither a status event nor CDRs, such as numStatus of the private-number product, masked / 其他通知，如隐私号的号码状态通知（脱敏）';
COMMENT ON COLUMN ops.notices.received_at IS 'When it first came / 首次收到时间';
COMMENT ON COLUMN ops.notices.last_received_at IS 'When the same came last: a notice has no time of its own / 最近收到时间';
COMMENT ON COLUMN ops.notices.seen_count IS 'How often the same came / 收到次数';
COMMENT ON COLUMN ops.notices.event_type IS 'eventType as sent / 事件类型';
COMMENT ON COLUMN ops.notices.app_key IS 'appKey of the verified signature, else NULL / 验签通过的 appKey，未验签为空';
COMMENT ON COLUMN ops.notices.body IS 'Names of its fields; values hidden / 字段名，值已隐藏';
COMMENT ON COLUMN ops.notices.numbers IS 'numStatus: each X number, masked, with its status and cause / 号码状态通知：脱敏的 X 号码及其状态与原因';
COMMENT ON COLUMN ops.notices.stored_at IS 'When the row was stored / 入库时间';
COMMENT ON COLUMN ops.notices.erased_at IS 'When personal data were erased / 个人信息清除时间';

-- The tables beside them ----------------------------------------------------------------------------------------------

CREATE VIEW ops.placed_calls AS
SELECT l.id, l.placed_at, p.call_ref, CASE WHEN NOT rtc.may_hold_number(l.session_id) THEN l.session_id END AS session_id, rtc.mask_id(l.app_key) AS app_key, l.scenario,
  rtc.mask_number(l.display_nbr, c.bind_num) AS display_nbr, rtc.mask_number(l.callee_nbr, c.bind_num) AS callee_nbr,
  CASE WHEN l.user_data <> '' THEN '***' END AS user_data,
  l.http_status, rtc.mask_text(l.result_code) AS result_code, rtc.mask_text(l.result_desc) AS result_desc, l.erased_at
FROM rtc.placed_calls l
LEFT JOIN rtc.calls_private p ON p.session_id = l.session_id
LEFT JOIN ops.calls c ON c.call_ref = p.call_ref;
COMMENT ON VIEW ops.placed_calls IS 'Calls placed from here, masked / 经本系统发起的呼叫（脱敏）';
COMMENT ON COLUMN ops.placed_calls.id IS 'Number of the row / 编号';
COMMENT ON COLUMN ops.placed_calls.placed_at IS 'When it was asked for / 发起时间';
COMMENT ON COLUMN ops.placed_calls.call_ref IS 'Reference of the call, as in ops.calls; NULL while nothing came of it / 呼叫引用；尚无回调时为空';
COMMENT ON COLUMN ops.placed_calls.session_id IS 'sessionId of the answer; NULL when the platform refused, and where it holds a phone number / 平台返回的会话标识；被拒绝或含号码时为空';
COMMENT ON COLUMN ops.placed_calls.app_key IS 'appKey it was placed with / 使用的 appKey';
COMMENT ON COLUMN ops.placed_calls.scenario IS 'click2Call, callnotify, callVerify or privateNumber / 业务场景';
COMMENT ON COLUMN ops.placed_calls.display_nbr IS 'Number shown to the callee, masked unless it is the company''s / 主显号码（脱敏，企业自有号码除外）';
COMMENT ON COLUMN ops.placed_calls.callee_nbr IS 'Number called, masked / 被叫号码（脱敏）';
COMMENT ON COLUMN ops.placed_calls.user_data IS '*** where the request had userData / 有 userData 时为 ***';
COMMENT ON COLUMN ops.placed_calls.http_status IS 'HTTP status of the answer; NULL when none came / 平台应答的 HTTP 状态码';
COMMENT ON COLUMN ops.placed_calls.result_code IS 'resultcode of the answer, 0 = success / 结果码';
COMMENT ON COLUMN ops.placed_calls.result_desc IS 'resultdesc of the answer, long digits hidden / 结果描述（长数字隐藏）';
COMMENT ON COLUMN ops.placed_calls.erased_at IS 'When personal data were erased from the row / 个人信息清除时间';

CREATE VIEW ops.reveals AS
SELECT asked_at, asked_by, asked_from, call_ref, rtc.mask_text(why) AS why, revealed_at FROM rtc.reveals;
COMMENT ON VIEW ops.reveals IS 'Who asked to see the numbers of a call, and why / 号码明文查看申请记录';
COMMENT ON COLUMN ops.reveals.asked_at IS 'When / 申请时间';
COMMENT ON COLUMN ops.reveals.asked_by IS 'Login that asked / 申请人（登录名）';
COMMENT ON COLUMN ops.reveals.asked_from IS 'Address of the client, NULL on a local socket / 客户端地址';
COMMENT ON COLUMN ops.reveals.call_ref IS 'The call / 呼叫引用';
COMMENT ON COLUMN ops.reveals.why IS 'Reason given, long digits hidden / 申请理由（长数字隐藏）';
COMMENT ON COLUMN ops.reveals.revealed_at IS 'When the numbers were first shown, unless that was rolled back / 首次查看时间';

CREATE VIEW ops.erasures AS
SELECT id, erased_at, finished_at, erased_by, pseudonym, counts FROM rtc.erasures;
COMMENT ON VIEW ops.erasures IS 'Runs of erasing a number: what was changed, never the number / 号码清除记录，不含号码';
COMMENT ON COLUMN ops.erasures.id IS 'Number of the run / 编号';
COMMENT ON COLUMN ops.erasures.erased_at IS 'When the run began / 开始时间';
COMMENT ON COLUMN ops.erasures.finished_at IS 'When it had been through all tables; NULL: it was interrupted and has to be run again / 完成时间，为空表示中断';
COMMENT ON COLUMN ops.erasures.erased_by IS 'Login that did it / 执行人（登录名）';
COMMENT ON COLUMN ops.erasures.pseudonym IS 'Random text that stands in the place of the number; nobody keeps what links them / 替代号码的随机化名，不保留对应关系';
COMMENT ON COLUMN ops.erasures.counts IS 'Rows changed in each table / 各表变更行数';
