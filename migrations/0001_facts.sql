-- Up Migration
--
-- Facts: what the platform sent, as it came. Append-only; personal data stand here and nowhere in schema ops.
-- Runs without superuser, CREATEROLE or any extension on Postgres 14 to 18.
--
-- Every unique key holds session_id and the partition column, so that both big tables can be distributed by session_id
-- on Citus. Columns stand in the order that wastes least on alignment: 8-byte times, 4-byte integers, then the rest.
-- Text has no length limit here: what is too long for a field is decided in one place, by the receiver. Nobody searches
-- facts by number: calls have references for that, so writing a fact costs its key and one index of time.
-- Schema rtc is there already: the table of migrations stands in it.

SET LOCAL lock_timeout = '5s';

-- Keys ---------------------------------------------------------------------------------------------------------------

CREATE TABLE rtc.keys (
  created_at timestamptz NOT NULL DEFAULT now(),
  purpose text PRIMARY KEY,
  key bytea NOT NULL CONSTRAINT keys_key_length CHECK (octet_length(key) = 32)
);
COMMENT ON TABLE rtc.keys IS 'Secret keys of this database: whoever reads one can find phone numbers behind digests by trying them / 本库密钥：可据此穷举出摘要对应的号码';
COMMENT ON COLUMN rtc.keys.purpose IS 'digest = event_key, notice_key, body_key, key_digest; ref = call_ref and references; ref_unsigned = references of what no verified signature covers / 用途';
COMMENT ON COLUMN rtc.keys.key IS '32 random bytes; changing one makes every re-sent record look new, or every reference another / 32 字节随机数，更换后去重与引用失效';
COMMENT ON COLUMN rtc.keys.created_at IS 'When it was made / 生成时间';

-- gen_random_uuid() draws 122 bits from the server's strong generator; four of them hashed make 256 bits without pgcrypto.
INSERT INTO rtc.keys (purpose, key)
SELECT purpose, sha256(
  uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
) FROM unnest(ARRAY['digest', 'ref', 'ref_unsigned']) AS purpose;

-- Applications -------------------------------------------------------------------------------------------------------

CREATE TABLE rtc.apps (
  app_key text PRIMARY KEY,
  name text,
  scenario text CONSTRAINT apps_scenario CHECK (scenario IN ('click2Call', 'callnotify', 'callVerify', 'privateNumber'))
);
COMMENT ON TABLE rtc.apps IS 'What the owner tells about each application: CDRs alone do not tell notification from verification / 应用登记：话单本身无法区分语音通知与语音验证码';
COMMENT ON COLUMN rtc.apps.app_key IS 'appKey of the application / 应用的 appKey';
COMMENT ON COLUMN rtc.apps.name IS 'Name for people / 应用名称';
COMMENT ON COLUMN rtc.apps.scenario IS 'click2Call, callnotify, callVerify or privateNumber / 业务场景：语音回呼、语音通知、语音验证码、隐私保护通话';

-- Call status events -------------------------------------------------------------------------------------------------

CREATE TABLE rtc.call_events (
  occurred_at timestamptz NOT NULL,
  received_at timestamptz NOT NULL,
  stored_at timestamptz NOT NULL DEFAULT now(),
  erased_at timestamptz,
  state_code integer,
  call_rel_direction integer,
  event_key uuid NOT NULL,
  session_id text NOT NULL,
  event_type text NOT NULL,
  caller text,
  called text,
  user_data text,
  digit_info text,
  party_type text,
  state_desc text,
  subscription_id text,
  notify_mode text,
  signed_by text,
  extra jsonb,
  CONSTRAINT call_events_pkey PRIMARY KEY (session_id, event_key, occurred_at)
) PARTITION BY RANGE (occurred_at);
-- Newest first, and ranges of time.
CREATE INDEX call_events_occurred_at ON rtc.call_events (occurred_at);

COMMENT ON TABLE rtc.call_events IS 'One row per call status event, as pushed; partitioned by occurred_at (UTC), no default partition / 呼叫状态事件，每个事件一行，按 occurred_at 分区';
COMMENT ON COLUMN rtc.call_events.occurred_at IS 'Field timestamp: time of the event on the platform, UTC, one-second resolution; in all scenarios / 事件发生时间（UTC），各场景都有';
COMMENT ON COLUMN rtc.call_events.received_at IS 'When the callback came to the receiver, kept through the spool / 收到回调的时间';
COMMENT ON COLUMN rtc.call_events.stored_at IS 'When the row was stored (start of the transaction); a cursor for copying data out needs an overlap / 入库时间';
COMMENT ON COLUMN rtc.call_events.state_code IS 'disconnect: why it was hung up (stateCode table); click2Call: per leg; callnotify 8008 = no digit keyed in time / 挂机原因值';
COMMENT ON COLUMN rtc.call_events.event_key IS 'Keyed digest (128 bits) of the event as sent; not a real UUID, the type is used because it is 16 bytes fixed / 事件摘要（128 位，仅借用 uuid 类型）';
COMMENT ON COLUMN rtc.call_events.session_id IS 'Id of the call, the same as in the API answer and the CDR; click2Call: both legs share it; private number: may hold phone numbers / 会话标识；隐私号场景可能含号码';
COMMENT ON COLUMN rtc.call_events.event_type IS 'callin, callout, alerting, answer, collectInfo (callnotify only), disconnect, or a new one; as sent / 事件类型，原样保存';
COMMENT ON COLUMN rtc.call_events.caller IS 'Calling number of this leg: the number shown in click2Call leg 1, callnotify and callVerify; A in private number; absent in collectInfo / 本段主叫';
COMMENT ON COLUMN rtc.call_events.called IS 'Called number of this leg: A in click2Call leg 1, callnotify and callVerify, B in click2Call leg 2; private number: the number dialled / 本段被叫';
COMMENT ON COLUMN rtc.call_events.user_data IS 'Echo of the request''s userData when it had any, in all scenarios / 请求中 userData 的回传';
COMMENT ON COLUMN rtc.call_events.digit_info IS 'collectInfo of callnotify: the keys pressed, text / 语音通知收号结果';
COMMENT ON COLUMN rtc.call_events.party_type IS 'disconnect of click2Call when partyTypeRequiredInDisconnect was true: which side hung up / 语音回呼：挂机方';
COMMENT ON COLUMN rtc.call_events.state_desc IS 'disconnect: English text for state_code / 挂机原因描述';
COMMENT ON COLUMN rtc.call_events.signed_by IS 'appKey of the verified X-AKSK header, else NULL; events carry no appKey of their own / 验签通过的 appKey，未验签为空';
COMMENT ON COLUMN rtc.call_events.extra IS 'Fields without a column and values that do not fit theirs, as sent / 其余字段与不合列类型的值，原样保存';
COMMENT ON COLUMN rtc.call_events.subscription_id IS 'Private number: id of the binding; may hold phone numbers / 隐私号绑定标识';
COMMENT ON COLUMN rtc.call_events.notify_mode IS 'Private number, X mode: Notify, or Block when the platform waits for a decision / X 模式通知方式';
COMMENT ON COLUMN rtc.call_events.call_rel_direction IS 'Private number, X mode, disconnect: 1 = the caller hung up, 2 = the callee / X 模式挂机方';
COMMENT ON COLUMN rtc.call_events.erased_at IS 'When personal data were erased from the row; the same event sent again is a duplicate / 个人信息清除时间';

-- CDRs ---------------------------------------------------------------------------------------------------------------

CREATE TABLE rtc.cdrs (
  cdr_time timestamptz NOT NULL,
  received_at timestamptz NOT NULL,
  stored_at timestamptz NOT NULL DEFAULT now(),
  call_in_time timestamptz,
  call_out_start_time timestamptz,
  call_out_alerting_time timestamptz,
  call_out_answer_time timestamptz,
  fwd_start_time timestamptz,
  fwd_alerting_time timestamptz,
  fwd_answer_time timestamptz,
  call_end_time timestamptz,
  fail_time timestamptz,
  dyn_ivr_start_time timestamptz,
  record_start_time timestamptz,
  erased_at timestamptz,
  direction integer,
  call_out_unasw_rsn integer,
  fwd_unasw_rsn integer,
  ul_fail_reason integer,
  sip_status_code integer,
  record_flag integer,
  tts_play_times integer,
  tts_trans_duration integer,
  call_rel_direction integer,
  session_id text NOT NULL,
  icid text NOT NULL DEFAULT '',
  sp_id text,
  app_key text,
  bind_num text,
  caller_num text,
  callee_num text,
  fwd_display_num text,
  fwd_dst_num text,
  service_type text,
  host_name text,
  user_data text,
  subscription_id text,
  extend_number text,
  notify_mode text,
  dyn_ivr_path text,
  record_domain text,
  record_bucket_name text,
  record_object_name text,
  record_file_download_url text,
  signed_by text,
  extra jsonb,
  CONSTRAINT cdrs_pkey PRIMARY KEY (session_id, icid, cdr_time)
) PARTITION BY RANGE (cdr_time);
CREATE INDEX cdrs_cdr_time ON rtc.cdrs (cdr_time);

COMMENT ON TABLE rtc.cdrs IS 'One row per CDR (feeLst record), all times UTC; partitioned by cdr_time, no default partition / 话单，每条一行，时间均为 UTC，按 cdr_time 分区';
COMMENT ON COLUMN rtc.cdrs.cdr_time IS 'First present and plausible of callEndTime, failTime, fwdAnswerTime, fwdAlertingTime, fwdStartTime, callOutAnswerTime, callOutAlertingTime, callOutStartTime, callInTime / 分区时间：按此顺序取第一个有值且合理的时间';
COMMENT ON COLUMN rtc.cdrs.received_at IS 'When the callback came to the receiver, kept through the spool / 收到回调的时间';
COMMENT ON COLUMN rtc.cdrs.stored_at IS 'When the row was stored (start of the transaction); a cursor for copying data out needs an overlap / 入库时间';
COMMENT ON COLUMN rtc.cdrs.call_in_time IS 'Private number: the call reached X; absent in click2Call, callnotify, callVerify / 呼入时间（隐私号）';
COMMENT ON COLUMN rtc.cdrs.call_out_start_time IS 'click2Call, callnotify, callVerify: dialing A began / 呼叫 A 开始时间';
COMMENT ON COLUMN rtc.cdrs.call_out_alerting_time IS 'click2Call, callnotify, callVerify: A''s phone rang / A 振铃时间';
COMMENT ON COLUMN rtc.cdrs.call_out_answer_time IS 'click2Call, callnotify, callVerify: A answered; start of talk in callnotify and callVerify / A 应答时间';
COMMENT ON COLUMN rtc.cdrs.fwd_start_time IS 'click2Call, private number: dialing B began; no B in callnotify and callVerify / 呼叫 B 开始时间';
COMMENT ON COLUMN rtc.cdrs.fwd_alerting_time IS 'click2Call, private number: B''s phone rang / B 振铃时间';
COMMENT ON COLUMN rtc.cdrs.fwd_answer_time IS 'click2Call, private number: B answered; start of talk / B 应答时间，即通话开始';
COMMENT ON COLUMN rtc.cdrs.call_end_time IS 'End of the call, in all scenarios / 呼叫结束时间';
COMMENT ON COLUMN rtc.cdrs.fail_time IS 'When the call failed, inbound or outbound, in all scenarios / 呼叫失败时间';
COMMENT ON COLUMN rtc.cdrs.dyn_ivr_start_time IS 'callnotify: dynamic IVR began / 动态 IVR 开始时间（语音通知）';
COMMENT ON COLUMN rtc.cdrs.record_start_time IS 'click2Call, private number: recording began / 录音开始时间';
COMMENT ON COLUMN rtc.cdrs.direction IS 'Voice: 0 = outgoing from the platform; private number: 0 = somebody calls A, 1 = A calls, 2 = abnormal, such as no binding / 呼叫方向';
COMMENT ON COLUMN rtc.cdrs.call_out_unasw_rsn IS 'Q.850 cause of the leg to A; 0 when not applicable, also in failed calls / A 侧未接通 Q.850 原因值';
COMMENT ON COLUMN rtc.cdrs.fwd_unasw_rsn IS 'Q.850 cause of the leg to B; sent in callnotify and callVerify too, though they have no B / B 侧未接通 Q.850 原因值';
COMMENT ON COLUMN rtc.cdrs.ul_fail_reason IS 'Release point (ulFailReason table), 0 = normal; in all scenarios / 呼叫拆线点';
COMMENT ON COLUMN rtc.cdrs.sip_status_code IS 'SIP status of the failure, 0 when none; in all scenarios / 失败时的 SIP 状态码';
COMMENT ON COLUMN rtc.cdrs.record_flag IS '0 not recorded, 1 recorded; in all scenarios / 是否录音';
COMMENT ON COLUMN rtc.cdrs.tts_play_times IS 'How often TTS was used; 0 in click2Call / TTS 播放次数';
COMMENT ON COLUMN rtc.cdrs.tts_trans_duration IS 'Time the TTS server needed, seconds / TTS 转换时长（秒）';
COMMENT ON COLUMN rtc.cdrs.session_id IS 'Id of the call, the same as in the API answer and the events; private number: may hold phone numbers / 会话标识；隐私号场景可能含号码';
COMMENT ON COLUMN rtc.cdrs.icid IS 'The platform''s id of the CDR, empty text when absent / 话单标识，缺省为空串';
COMMENT ON COLUMN rtc.cdrs.sp_id IS 'The customer''s cloud account / 客户云账号';
COMMENT ON COLUMN rtc.cdrs.app_key IS 'appKey as the CDR says it / 话单中的 appKey';
COMMENT ON COLUMN rtc.cdrs.bind_num IS 'The company''s fixed-line number that placed the call; private number: the X number / 绑定号码；隐私号为 X 号码';
COMMENT ON COLUMN rtc.cdrs.caller_num IS 'click2Call, callnotify, callVerify: number shown to A; private number: whoever called X / 主叫：前三种场景为主显号码，隐私号为真实主叫';
COMMENT ON COLUMN rtc.cdrs.callee_num IS 'click2Call, callnotify, callVerify: A, the first party called; private number: X, the number dialed / 被叫：前三种场景为 A，隐私号为 X';
COMMENT ON COLUMN rtc.cdrs.fwd_display_num IS 'click2Call, private number: number shown to B / 对 B 显示的号码';
COMMENT ON COLUMN rtc.cdrs.fwd_dst_num IS 'click2Call, private number: B / B 号码';
COMMENT ON COLUMN rtc.cdrs.service_type IS '001 = callnotify and callVerify, 002 = click2Call; private number: 003 AX, 004 AXB or X, 005 AXE, 007 AXYB / 业务类型';
COMMENT ON COLUMN rtc.cdrs.host_name IS 'Host of the platform that made the CDR / 生成话单的主机';
COMMENT ON COLUMN rtc.cdrs.user_data IS 'Echo of the request''s userData / 请求中 userData 的回传';
COMMENT ON COLUMN rtc.cdrs.subscription_id IS 'Private number: id of the binding; may hold phone numbers / 隐私号绑定标识';
COMMENT ON COLUMN rtc.cdrs.dyn_ivr_path IS 'callnotify: keys pressed in the dynamic IVR, joined by hyphens, as 0-2-3 / 动态 IVR 按键路径';
COMMENT ON COLUMN rtc.cdrs.record_domain IS 'click2Call, private number: host that stores the recording / 录音存储域名';
COMMENT ON COLUMN rtc.cdrs.record_bucket_name IS 'click2Call, private number: directory of the recording / 录音目录';
COMMENT ON COLUMN rtc.cdrs.record_object_name IS 'click2Call, private number: file name of the recording / 录音文件名';
COMMENT ON COLUMN rtc.cdrs.record_file_download_url IS 'click2Call, private number: download address, when domain and name are empty / 录音下载地址';
COMMENT ON COLUMN rtc.cdrs.signed_by IS 'appKey of the verified X-AKSK header, else NULL / 验签通过的 appKey，未验签为空';
COMMENT ON COLUMN rtc.cdrs.extra IS 'Fields without a column (areaCode, callType …) and values that do not fit theirs, as sent / 其余字段与不合列类型的值，原样保存';
COMMENT ON COLUMN rtc.cdrs.extend_number IS 'Private number, AXE: the extension that was keyed / AXE 分机号';
COMMENT ON COLUMN rtc.cdrs.notify_mode IS 'Private number, X mode: always Block / X 模式通知方式';
COMMENT ON COLUMN rtc.cdrs.call_rel_direction IS 'Private number, X mode: 1 = the caller hung up, 2 = the callee / X 模式挂机方';
COMMENT ON COLUMN rtc.cdrs.erased_at IS 'When personal data were erased from the row; whatever comes under its key is a duplicate / 个人信息清除时间';

-- Everything before 2024 has one partition each, so that old or invented times cannot make many. Zones are written out:
-- a bound without one would be read in the zone of the session.
CREATE TABLE rtc.call_events_old PARTITION OF rtc.call_events FOR VALUES FROM (MINVALUE) TO ('2024-01-01 00:00:00+00');
CREATE TABLE rtc.cdrs_old PARTITION OF rtc.cdrs FOR VALUES FROM (MINVALUE) TO ('2024-01-01 00:00:00+00');

-- Notices ------------------------------------------------------------------------------------------------------------

CREATE TABLE rtc.notices (
  received_at timestamptz NOT NULL,
  last_received_at timestamptz NOT NULL,
  stored_at timestamptz NOT NULL DEFAULT now(),
  erased_at timestamptz,
  seen_count integer NOT NULL DEFAULT 1,
  notice_key uuid PRIMARY KEY,
  event_type text NOT NULL,
  signed_by text,
  body jsonb NOT NULL
);
CREATE INDEX notices_received_at ON rtc.notices (received_at);
COMMENT ON TABLE rtc.notices IS 'Callbacks that are neither a status event nor CDRs, such as numStatus of the private-number product / 其他通知，如隐私号的号码状态通知';
COMMENT ON COLUMN rtc.notices.received_at IS 'When it first came / 首次收到时间';
COMMENT ON COLUMN rtc.notices.last_received_at IS 'When the same came last: a notice has no time of its own / 最近收到时间';
COMMENT ON COLUMN rtc.notices.seen_count IS 'How often the same came / 收到次数';
COMMENT ON COLUMN rtc.notices.stored_at IS 'When the row was stored / 入库时间';
COMMENT ON COLUMN rtc.notices.erased_at IS 'When personal data were erased from the row / 个人信息清除时间';
COMMENT ON COLUMN rtc.notices.notice_key IS 'Keyed digest (128 bits) of the notice: the same one again is counted and adds no row / 通知摘要，重复的只计数';
COMMENT ON COLUMN rtc.notices.event_type IS 'eventType as sent / 事件类型';
COMMENT ON COLUMN rtc.notices.signed_by IS 'appKey of the verified X-AKSK header, else NULL / 验签通过的 appKey，未验签为空';
COMMENT ON COLUMN rtc.notices.body IS 'The whole body as parsed / 通知正文';
