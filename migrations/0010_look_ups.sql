-- Up Migration
--
-- From what somebody knows already to its calls (rtc_support), from a call to its numbers (rtc_pii), and calls with their
-- numbers for the customer's own applications (rtc_app).
--
-- The functions run with their owner's rights, so each is revoked from PUBLIC here and granted by `rtc-receiver roles`.
-- session_user is the login, whatever role it has taken on.

SET LOCAL lock_timeout = '5s';

-- Look-ups -----------------------------------------------------------------------------------------------------------

CREATE TABLE rtc.look_ups (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  asked_by text NOT NULL,
  asked_from inet,
  kind text NOT NULL CONSTRAINT look_ups_kind CHECK (kind IN ('number', 'user data', 'subscription', 'session')),
  found integer NOT NULL
);
CREATE INDEX look_ups_asked_at ON rtc.look_ups (asked_at);
COMMENT ON TABLE rtc.look_ups IS 'Who looked up calls by a number or the like; what they looked for is not kept / 按号码等查询呼叫的记录，不保存查询内容';
COMMENT ON COLUMN rtc.look_ups.id IS 'Number of the row / 编号';
COMMENT ON COLUMN rtc.look_ups.asked_at IS 'When / 查询时间';
COMMENT ON COLUMN rtc.look_ups.asked_by IS 'Login that asked / 查询人（登录名）';
COMMENT ON COLUMN rtc.look_ups.asked_from IS 'Address of the client, NULL on a local socket / 客户端地址';
COMMENT ON COLUMN rtc.look_ups.kind IS 'By what: number, user data, subscription or session / 查询方式';
COMMENT ON COLUMN rtc.look_ups.found IS 'How many calls were found / 查到的呼叫数';

CREATE VIEW ops.look_ups AS
SELECT asked_at, asked_by, asked_from, kind, found FROM rtc.look_ups;
COMMENT ON VIEW ops.look_ups IS 'Who looked up calls by a number or the like / 按号码等查询呼叫的记录';
COMMENT ON COLUMN ops.look_ups.asked_at IS 'When / 查询时间';
COMMENT ON COLUMN ops.look_ups.asked_by IS 'Login that asked / 查询人（登录名）';
COMMENT ON COLUMN ops.look_ups.asked_from IS 'Address of the client, NULL on a local socket / 客户端地址';
COMMENT ON COLUMN ops.look_ups.kind IS 'By what: number, user data, subscription or session / 查询方式';
COMMENT ON COLUMN ops.look_ups.found IS 'How many calls were found / 查到的呼叫数';

-- One line in the log of Postgres as well: a rollback takes the row away, and not the line.
CREATE FUNCTION rtc.log_look_up(kind text, calls integer) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO rtc.look_ups (asked_by, asked_from, kind, found) VALUES (session_user, inet_client_addr(), kind, calls);
  RAISE LOG 'rtc: % looked up calls by %: % calls', session_user, kind, calls;
END
$$;
REVOKE EXECUTE ON FUNCTION rtc.log_look_up(text, integer) FROM PUBLIC;
COMMENT ON FUNCTION rtc.log_look_up(text, integer) IS 'Writes down a look-up / 记录一次查询';

-- As src/calls/numbers.ts and references.ts make it; test/store/look-ups.test.ts holds both against each other. The owner's
-- alone: with a key in it, a reference tells whether a guess is right.
CREATE FUNCTION rtc.plain_number(number text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(number, '^(\+|00)?(86(?=1[3-9][0-9]{9}$))?', '');
REVOKE EXECUTE ON FUNCTION rtc.plain_number(text) FROM PUBLIC;
COMMENT ON FUNCTION rtc.plain_number(text) IS 'The number as one text however it was written / 归一化号码';

-- Under both keys: what a verified signature covers, and what none does.
CREATE FUNCTION rtc.references_of(kind text, value text) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT array_agg(left(encode(sha256(k.key || convert_to(kind || ':' || value, 'UTF8')), 'hex'), 16))
  FROM rtc.keys k WHERE k.purpose IN ('ref', 'ref_unsigned');
END;
REVOKE EXECUTE ON FUNCTION rtc.references_of(text, text) FROM PUBLIC;
COMMENT ON FUNCTION rtc.references_of(text, text) IS 'References of a value, as they stand in ops.calls / 某值在 ops.calls 中的引用';

-- Each finds the latest thousand calls of a time, newest first, and writes down that it was asked. The call_ref leads to the rest:
-- SELECT c.* FROM ops.calls_of('+86…') JOIN ops.calls c USING (call_ref) ORDER BY c.started_at DESC

CREATE FUNCTION rtc.look_up(kind text, value text, since timestamptz, until timestamptz)
RETURNS TABLE (call_ref uuid, started_at timestamptz)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  refs CONSTANT text[] := rtc.references_of(kind, value);
  calls integer;
BEGIN
  -- Only the column of this kind is searched: what a parameter rules out Postgres does not begin.
  RETURN QUERY
    SELECT c.call_ref, c.started_at FROM ops.calls c
      WHERE look_up.kind = 'number' AND c.a_ref = ANY (refs) AND c.started_at >= since AND c.started_at < until
    UNION
    SELECT c.call_ref, c.started_at FROM ops.calls c
      WHERE look_up.kind = 'number' AND c.b_ref = ANY (refs) AND c.started_at >= since AND c.started_at < until
    UNION
    SELECT c.call_ref, c.started_at FROM ops.calls c
      WHERE look_up.kind = 'user_data' AND c.user_data_ref = ANY (refs) AND c.started_at >= since AND c.started_at < until
    UNION
    SELECT c.call_ref, c.started_at FROM ops.calls c
      WHERE look_up.kind = 'subscription' AND c.subscription_ref = ANY (refs) AND c.started_at >= since AND c.started_at < until
    ORDER BY 2 DESC LIMIT 1000;
  GET DIAGNOSTICS calls = ROW_COUNT;
  PERFORM rtc.log_look_up(replace(kind, '_', ' '), calls);
END
$$;
REVOKE EXECUTE ON FUNCTION rtc.look_up(text, text, timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION rtc.look_up(text, text, timestamptz, timestamptz) IS 'Calls by number, user_data or subscription / 按号码、userData 或绑定查询呼叫';

CREATE FUNCTION ops.calls_of(
  number text, since timestamptz DEFAULT now() - interval '30 days', until timestamptz DEFAULT now() + interval '1 day'
) RETURNS TABLE (call_ref uuid, started_at timestamptz)
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$ SELECT * FROM rtc.look_up('number', rtc.plain_number(number), since, until) $$;
REVOKE EXECUTE ON FUNCTION ops.calls_of(text, timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION ops.calls_of(text, timestamptz, timestamptz) IS 'Calls that a number took part in, as A or as B / 某号码参与的呼叫';

CREATE FUNCTION ops.calls_by_user_data(
  user_data text, since timestamptz DEFAULT now() - interval '30 days', until timestamptz DEFAULT now() + interval '1 day'
) RETURNS TABLE (call_ref uuid, started_at timestamptz)
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$ SELECT * FROM rtc.look_up('user_data', user_data, since, until) $$;
REVOKE EXECUTE ON FUNCTION ops.calls_by_user_data(text, timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION ops.calls_by_user_data(text, timestamptz, timestamptz) IS 'Calls whose request had this userData / 某 userData 对应的呼叫';

CREATE FUNCTION ops.calls_by_subscription(
  subscription_id text, since timestamptz DEFAULT now() - interval '30 days', until timestamptz DEFAULT now() + interval '1 day'
) RETURNS TABLE (call_ref uuid, started_at timestamptz)
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$ SELECT * FROM rtc.look_up('subscription', subscription_id, since, until) $$;
REVOKE EXECUTE ON FUNCTION ops.calls_by_subscription(text, timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION ops.calls_by_subscription(text, timestamptz, timestamptz) IS 'Private number: calls of a binding / 某隐私号绑定的呼叫';

-- Private number as well, where ops.calls does not show the session id.
CREATE FUNCTION ops.calls_by_session(
  session_id text
) RETURNS TABLE (call_ref uuid, started_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  calls integer;
BEGIN
  RETURN QUERY
    SELECT c.call_ref, c.started_at FROM rtc.calls_private p JOIN ops.calls c ON c.call_ref = p.call_ref
      WHERE p.session_id = calls_by_session.session_id;
  GET DIAGNOSTICS calls = ROW_COUNT;
  PERFORM rtc.log_look_up('session', calls);
END
$$;
REVOKE EXECUTE ON FUNCTION ops.calls_by_session(text) FROM PUBLIC;
COMMENT ON FUNCTION ops.calls_by_session(text) IS 'The call of a session id, also where that holds numbers / 某会话标识对应的呼叫';

-- Reveals ------------------------------------------------------------------------------------------------------------

-- One row per login, locked while it asks, so that its open transactions count each other. No advisory lock: every login
-- could hold it, for everybody.
CREATE TABLE rtc.revealers (
  login text PRIMARY KEY,
  asked_at timestamptz NOT NULL
);
COMMENT ON TABLE rtc.revealers IS 'Logins that asked to see numbers; locked while they ask / 申请过查看明文的登录名，申请时加锁';
COMMENT ON COLUMN rtc.revealers.login IS 'The login / 登录名';
COMMENT ON COLUMN rtc.revealers.asked_at IS 'When it asked last / 最近申请时间';

-- First step: says who, when, why and in which transaction, to be committed before anything is shown.
CREATE FUNCTION ops.ask_reveal(call_ref uuid, why text) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  hourly CONSTANT integer := 30;
  asked integer;
  given uuid;
BEGIN
  IF call_ref IS NULL THEN
    RAISE 'ops.ask_reveal: say which call' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF why IS NULL OR length(trim(why)) < 5 OR length(why) > 500 THEN
    RAISE 'ops.ask_reveal: say why, in 5 to 500 characters' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  INSERT INTO rtc.revealers AS r (login, asked_at) VALUES (session_user, clock_timestamp())
    ON CONFLICT (login) DO UPDATE SET asked_at = excluded.asked_at;
  SELECT count(*) INTO asked FROM rtc.reveals r
    WHERE r.asked_by = session_user AND r.asked_at > clock_timestamp() - interval '1 hour';
  IF asked >= hourly THEN
    RAISE LOG 'rtc: % was refused to reveal call %: % asked within the hour', session_user, call_ref, asked;
    RAISE 'ops.ask_reveal: % calls an hour may be asked for, and they are used up', hourly USING ERRCODE = 'insufficient_privilege';
  END IF;
  INSERT INTO rtc.reveals (asked_by, asked_from, asked_in, call_ref, why)
    VALUES (session_user, inet_client_addr(), pg_current_xact_id(), call_ref, why) RETURNING ticket INTO given;
  RAISE LOG 'rtc: % asks to reveal call %', session_user, call_ref;
  RETURN given;
END
$$;
REVOKE EXECUTE ON FUNCTION ops.ask_reveal(uuid, text) FROM PUBLIC;
COMMENT ON FUNCTION ops.ask_reveal(uuid, text) IS 'Asks to see the numbers of a call; gives the ticket for ops.reveal / 申请查看某呼叫的号码明文，返回凭据';

-- Second step, in another transaction: within ten minutes, by the login that asked.
CREATE FUNCTION ops.reveal(ticket uuid) RETURNS TABLE (
  call_ref uuid, session_id text, a_number text, b_number text, shown_to_a text, shown_to_b text, bind_num text,
  user_data text, subscription_id text, extension text, digits text, recording text
)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  asked rtc.reveals;
BEGIN
  SELECT * INTO asked FROM rtc.reveals r
    WHERE r.ticket = reveal.ticket AND r.asked_by = session_user AND r.asked_at > clock_timestamp() - interval '10 minutes';
  IF asked.ticket IS NULL THEN
    RAISE 'ops.reveal: no such ticket of yours, or it is older than ten minutes' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF asked.asked_in = pg_current_xact_id() THEN
    RAISE 'ops.reveal: commit the transaction that asked first' USING ERRCODE = 'invalid_transaction_state';
  END IF;
  RAISE LOG 'rtc: % reveals call %', session_user, asked.call_ref;
  UPDATE rtc.reveals r SET revealed_at = coalesce(r.revealed_at, clock_timestamp()) WHERE r.ticket = asked.ticket;
  RETURN QUERY
    SELECT p.call_ref, p.session_id, p.a_number, p.b_number, p.shown_to_a, p.shown_to_b, p.bind_num,
      p.user_data, p.subscription_id, p.extension, p.digits,
      coalesce(p.record_file_download_url,
        nullif(concat_ws('/', p.record_domain, p.record_bucket_name, p.record_object_name), ''))
    FROM rtc.calls_private p WHERE p.call_ref = asked.call_ref;
END
$$;
REVOKE EXECUTE ON FUNCTION ops.reveal(uuid) FROM PUBLIC;
COMMENT ON FUNCTION ops.reveal(uuid) IS 'Shows the numbers of a call, with the ticket that ops.ask_reveal gave in an earlier transaction / 凭此前申请的凭据查看号码明文';

-- Calls with their numbers -------------------------------------------------------------------------------------------

CREATE VIEW app.calls AS
SELECT c.call_ref, p.session_id, c.app_key, c.sp_id, c.scenario, c.service_type, c.mode, c.direction, c.bound_party,
  p.bind_num, c.bind_ref, p.a_number, p.b_number, p.shown_to_a, p.shown_to_b, c.a_ref, c.b_ref, c.user_data_ref,
  c.subscription_ref, p.user_data, p.subscription_id, c.started_at, c.a_started_at, c.a_ringing_at, c.a_answered_at,
  c.a_ended_at, c.b_started_at, c.b_ringing_at, c.b_answered_at, c.b_ended_at, c.ringing_at, c.answered_at,
  c.ended_at, c.bill_day, c.ring_seconds, c.talk_seconds, c.post_dial_delay_seconds, c.a_seconds, c.b_seconds,
  c.a_post_dial_delay_seconds, c.b_post_dial_delay_seconds, c.first_received_at, c.last_received_at,
  c.cdr_received_at, c.outcome, c.is_live, c.end_seen, c.is_finished, c.is_effective, c.reason_code, c.reason_source,
  c.reason_en, c.reason_zh, c.release_point, c.a_q850, c.b_q850, c.sip_status, c.state_code, c.hung_up_by,
  c.party_type, p.digits, c.digit_count, p.extension, c.recording, c.recording_started_at, p.record_domain,
  p.record_bucket_name, p.record_object_name, p.record_file_download_url, c.a_minutes, c.b_minutes,
  c.minutes_estimated, c.event_count, c.cdr_count, c.version, c.recheck_at, c.folded_at
FROM ops.calls c
LEFT JOIN rtc.calls_private p ON p.call_ref = c.call_ref;
COMMENT ON VIEW app.calls IS 'One row per call with whole numbers, for the customer''s own applications; columns as in ops.calls / 呼叫（含完整号码），供客户自有应用读取';
COMMENT ON COLUMN app.calls.call_ref IS 'Reference of the call: a keyed digest of its session id / 呼叫引用';
COMMENT ON COLUMN app.calls.session_id IS 'Id of the call as the platform sends it / 会话标识';
COMMENT ON COLUMN app.calls.app_key IS 'appKey of the CDR, else of the verified signature / 应用的 appKey';
COMMENT ON COLUMN app.calls.sp_id IS 'The customer''s cloud account / 客户云账号';
COMMENT ON COLUMN app.calls.scenario IS 'callVerify, callnotify, playback (one of these two), click2Call or privateNumber / 业务场景';
COMMENT ON COLUMN app.calls.service_type IS 'serviceType of the CDR / 业务类型';
COMMENT ON COLUMN app.calls.mode IS 'Private number: mode of the application / 隐私号模式';
COMMENT ON COLUMN app.calls.direction IS 'direction of the CDR / 呼叫方向';
COMMENT ON COLUMN app.calls.bound_party IS 'Private number: which side is the bound user / 隐私号绑定用户所在侧';
COMMENT ON COLUMN app.calls.bind_num IS 'The company''s number, or X, whole / 企业号码或 X 号码';
COMMENT ON COLUMN app.calls.bind_ref IS 'Reference of the company''s number / 企业号码引用';
COMMENT ON COLUMN app.calls.a_number IS 'A, whole / A 号码';
COMMENT ON COLUMN app.calls.b_number IS 'B, whole / B 号码';
COMMENT ON COLUMN app.calls.shown_to_a IS 'Number A sees, whole / 对 A 显示的号码';
COMMENT ON COLUMN app.calls.shown_to_b IS 'Number B sees, whole / 对 B 显示的号码';
COMMENT ON COLUMN app.calls.a_ref IS 'Reference of A: one person has one, in all calls of one degree of trust / A 引用';
COMMENT ON COLUMN app.calls.b_ref IS 'Reference of B / B 引用';
COMMENT ON COLUMN app.calls.user_data_ref IS 'Reference of the request''s userData / userData 引用';
COMMENT ON COLUMN app.calls.subscription_ref IS 'Private number: reference of the binding / 隐私号绑定引用';
COMMENT ON COLUMN app.calls.user_data IS 'userData of the request / 请求中的 userData';
COMMENT ON COLUMN app.calls.subscription_id IS 'Private number: id of the binding / 隐私号绑定标识';
COMMENT ON COLUMN app.calls.started_at IS 'Earliest time that is known of the call; statistics go by it / 呼叫开始时间（已知最早时间），统计以此为准';
COMMENT ON COLUMN app.calls.a_started_at IS 'The caller''s side (A) was dialed, or its call came in / A 侧开始时间';
COMMENT ON COLUMN app.calls.a_ringing_at IS 'A''s phone rang / A 侧振铃时间';
COMMENT ON COLUMN app.calls.a_answered_at IS 'A answered / A 侧应答时间';
COMMENT ON COLUMN app.calls.a_ended_at IS 'A''s leg ended / A 侧结束时间';
COMMENT ON COLUMN app.calls.b_started_at IS 'The called side (B) was dialed / B 侧开始时间';
COMMENT ON COLUMN app.calls.b_ringing_at IS 'B''s phone rang / B 侧振铃时间';
COMMENT ON COLUMN app.calls.b_answered_at IS 'B answered / B 侧应答时间';
COMMENT ON COLUMN app.calls.b_ended_at IS 'B''s leg ended / B 侧结束时间';
COMMENT ON COLUMN app.calls.ringing_at IS 'The leg dialed last rang / 最后呼叫的一侧振铃时间';
COMMENT ON COLUMN app.calls.answered_at IS 'The call was answered: B where there is a B, else A / 接通时间';
COMMENT ON COLUMN app.calls.ended_at IS 'The call ended; NULL while no end is known / 结束时间';
COMMENT ON COLUMN app.calls.bill_day IS 'Day of ended_at in Asia/Shanghai; the bill goes by it / 计费日期（北京时间）';
COMMENT ON COLUMN app.calls.ring_seconds IS 'Seconds from ringing to the answer or the end / 振铃秒数';
COMMENT ON COLUMN app.calls.talk_seconds IS 'Seconds from the answer to the end / 通话秒数';
COMMENT ON COLUMN app.calls.post_dial_delay_seconds IS 'Seconds from dialing to ringing of the leg dialed last / 拨号后时延（秒）';
COMMENT ON COLUMN app.calls.a_seconds IS 'Seconds from the answer to the end of A''s leg / A 侧通话秒数';
COMMENT ON COLUMN app.calls.b_seconds IS 'Seconds from the answer to the end of B''s leg / B 侧通话秒数';
COMMENT ON COLUMN app.calls.a_post_dial_delay_seconds IS 'Seconds from dialing A to ringing / A 侧拨号后时延（秒）';
COMMENT ON COLUMN app.calls.b_post_dial_delay_seconds IS 'Seconds from dialing B to ringing / B 侧拨号后时延（秒）';
COMMENT ON COLUMN app.calls.first_received_at IS 'When the first record of the call came / 首次收到记录的时间';
COMMENT ON COLUMN app.calls.last_received_at IS 'When the latest record of the call came / 最近收到记录的时间';
COMMENT ON COLUMN app.calls.cdr_received_at IS 'When the CDR that counts came; NULL without one / 收到生效话单的时间';
COMMENT ON COLUMN app.calls.outcome IS 'How the call went / 呼叫结果';
COMMENT ON COLUMN app.calls.is_live IS 'Not ended, and begun less than 25 hours ago / 是否进行中';
COMMENT ON COLUMN app.calls.end_seen IS 'An end is known, by a CDR or a disconnect / 是否已知结束';
COMMENT ON COLUMN app.calls.is_finished IS 'Nothing more is expected: a CDR came, or the time for one is over / 是否已完结';
COMMENT ON COLUMN app.calls.is_effective IS 'Counts for NER: answered, busy, no answer, rejected, or cancelled after ringing / 是否计入 NER';
COMMENT ON COLUMN app.calls.reason_code IS 'Code behind the reason, of the table that reason_source names / 原因代码';
COMMENT ON COLUMN app.calls.reason_source IS 'Which code the reason comes from / 原因来源';
COMMENT ON COLUMN app.calls.reason_en IS 'Why the call ended, English / 结束原因（英文）';
COMMENT ON COLUMN app.calls.reason_zh IS 'Why the call ended, Chinese / 结束原因（中文）';
COMMENT ON COLUMN app.calls.release_point IS 'Release point of the CDR / 呼叫拆线点';
COMMENT ON COLUMN app.calls.a_q850 IS 'Q.850 cause of A''s leg; NULL for 0 / A 侧 Q.850 原因值';
COMMENT ON COLUMN app.calls.b_q850 IS 'Q.850 cause of B''s leg; NULL for 0 / B 侧 Q.850 原因值';
COMMENT ON COLUMN app.calls.sip_status IS 'SIP status of the failure; NULL for 0 / SIP 状态码';
COMMENT ON COLUMN app.calls.state_code IS 'State code of the disconnect that counts / 挂机原因值';
COMMENT ON COLUMN app.calls.hung_up_by IS 'Who hung up, where that is known / 挂机方';
COMMENT ON COLUMN app.calls.party_type IS 'partyType as sent; digits hidden / 平台发送的挂机方';
COMMENT ON COLUMN app.calls.digits IS 'All keys pressed / 全部按键';
COMMENT ON COLUMN app.calls.digit_count IS 'How many keys were pressed / 按键个数';
COMMENT ON COLUMN app.calls.extension IS 'Private number, AXE: the extension keyed / AXE 分机号';
COMMENT ON COLUMN app.calls.recording IS 'Whether there is a recording, and can still be fetched from the platform / 录音状态';
COMMENT ON COLUMN app.calls.recording_started_at IS 'Recording began / 录音开始时间';
COMMENT ON COLUMN app.calls.record_domain IS 'Host that stores the recording / 录音存储域名';
COMMENT ON COLUMN app.calls.record_bucket_name IS 'Directory of the recording / 录音目录';
COMMENT ON COLUMN app.calls.record_object_name IS 'File name of the recording / 录音文件名';
COMMENT ON COLUMN app.calls.record_file_download_url IS 'Download address of the recording / 录音下载地址';
COMMENT ON COLUMN app.calls.a_minutes IS 'Billed minutes of A''s leg; 0 where it is not billed, NULL without a CDR / A 侧计费分钟';
COMMENT ON COLUMN app.calls.b_minutes IS 'Billed minutes of B''s leg; 0 where it is not billed, NULL without a CDR / B 侧计费分钟';
COMMENT ON COLUMN app.calls.minutes_estimated IS 'An event supplied a time that the minutes hang on / 计费分钟是否含推算';
COMMENT ON COLUMN app.calls.event_count IS 'Status events of the call / 状态事件数';
COMMENT ON COLUMN app.calls.cdr_count IS 'CDRs of the call; the one received last counts / 话单数';
COMMENT ON COLUMN app.calls.version IS 'Position in the feed of the last change of its content / 版本号，即最近一次内容变化在变更流中的位点';
COMMENT ON COLUMN app.calls.recheck_at IS 'When the call changes by the clock alone and is computed again / 需按时间重新计算的时刻';
COMMENT ON COLUMN app.calls.folded_at IS 'When the row was computed / 计算时间';
