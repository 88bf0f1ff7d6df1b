-- Written from the catalogs by test/store/schema.test.ts. Change it with a migration, not here.

CREATE SCHEMA rtc;

CREATE TABLE rtc.apps (
  app_key text NOT NULL,
  name text,
  scenario text,
  CONSTRAINT apps_pkey PRIMARY KEY (app_key),
  CONSTRAINT apps_scenario CHECK ((scenario = ANY (ARRAY['click2Call'::text, 'callnotify'::text, 'callVerify'::text, 'privateNumber'::text])))
);
COMMENT ON TABLE rtc.apps IS 'What the owner tells about each application: CDRs alone do not tell notification from verification / 应用登记：话单本身无法区分语音通知与语音验证码';
COMMENT ON COLUMN rtc.apps.app_key IS 'appKey of the application / 应用的 appKey';
COMMENT ON COLUMN rtc.apps.name IS 'Name for people / 应用名称';
COMMENT ON COLUMN rtc.apps.scenario IS 'click2Call, callnotify, callVerify or privateNumber / 业务场景：语音回呼、语音通知、语音验证码、隐私保护通话';

CREATE TABLE rtc.call_events (
  occurred_at timestamp with time zone NOT NULL,
  received_at timestamp with time zone NOT NULL,
  stored_at timestamp with time zone DEFAULT now() NOT NULL,
  state_code integer,
  event_key uuid NOT NULL,
  session_id text NOT NULL,
  event_type text NOT NULL,
  caller text,
  called text,
  user_data text,
  digit_info text,
  party_type text,
  state_desc text,
  signed_by text,
  extra jsonb,
  erased_at timestamp with time zone,
  CONSTRAINT call_events_pkey PRIMARY KEY (session_id, event_key, occurred_at)
) PARTITION BY RANGE (occurred_at);
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
COMMENT ON COLUMN rtc.call_events.extra IS 'Fields without a column (private number: notifyMode, subscriptionId …) and values that do not fit theirs, as sent / 其余字段与不合列类型的值，原样保存';
COMMENT ON COLUMN rtc.call_events.erased_at IS 'When personal data were erased from the row / 个人信息清除时间';

CREATE TABLE rtc.call_events_old PARTITION OF rtc.call_events FOR VALUES FROM (MINVALUE) TO ('2024-01-01 00:00:00+00');

CREATE TABLE rtc.cdrs (
  cdr_time timestamp with time zone NOT NULL,
  received_at timestamp with time zone NOT NULL,
  stored_at timestamp with time zone DEFAULT now() NOT NULL,
  call_in_time timestamp with time zone,
  call_out_start_time timestamp with time zone,
  call_out_alerting_time timestamp with time zone,
  call_out_answer_time timestamp with time zone,
  fwd_start_time timestamp with time zone,
  fwd_alerting_time timestamp with time zone,
  fwd_answer_time timestamp with time zone,
  call_end_time timestamp with time zone,
  fail_time timestamp with time zone,
  dyn_ivr_start_time timestamp with time zone,
  record_start_time timestamp with time zone,
  direction integer,
  call_out_unasw_rsn integer,
  fwd_unasw_rsn integer,
  ul_fail_reason integer,
  sip_status_code integer,
  record_flag integer,
  tts_play_times integer,
  tts_trans_duration integer,
  record_key uuid NOT NULL,
  session_id text NOT NULL,
  icid text DEFAULT ''::text NOT NULL,
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
  dyn_ivr_path text,
  record_domain text,
  record_bucket_name text,
  record_object_name text,
  record_file_download_url text,
  signed_by text,
  extra jsonb,
  erased_at timestamp with time zone,
  CONSTRAINT cdrs_pkey PRIMARY KEY (session_id, icid, cdr_time)
) PARTITION BY RANGE (cdr_time);
COMMENT ON TABLE rtc.cdrs IS 'One row per CDR (feeLst record), all times UTC; partitioned by cdr_time, no default partition / 话单，每条一行，时间均为 UTC，按 cdr_time 分区';
COMMENT ON COLUMN rtc.cdrs.cdr_time IS 'First present of callEndTime, failTime, fwdAnswerTime, fwdAlertingTime, fwdStartTime, callOutAnswerTime, callOutAlertingTime, callOutStartTime, callInTime / 分区时间：按此顺序取第一个有值的时间';
COMMENT ON COLUMN rtc.cdrs.received_at IS 'When the callback came to the receiver, kept through the spool / 收到回调的时间';
COMMENT ON COLUMN rtc.cdrs.stored_at IS 'When the row was stored (start of the transaction); a cursor for copying data out needs an overlap / 入库时间';
COMMENT ON COLUMN rtc.cdrs.call_in_time IS 'Private number: A''s call came in; absent in click2Call, callnotify, callVerify / 呼入时间（隐私号）';
COMMENT ON COLUMN rtc.cdrs.call_out_start_time IS 'click2Call, callnotify, callVerify: dialling A began / 呼叫 A 开始时间';
COMMENT ON COLUMN rtc.cdrs.call_out_alerting_time IS 'click2Call, callnotify, callVerify: A''s phone rang / A 振铃时间';
COMMENT ON COLUMN rtc.cdrs.call_out_answer_time IS 'click2Call, callnotify, callVerify: A answered; start of talk in callnotify and callVerify / A 应答时间';
COMMENT ON COLUMN rtc.cdrs.fwd_start_time IS 'click2Call, private number: dialling B began; no B in callnotify and callVerify / 呼叫 B 开始时间';
COMMENT ON COLUMN rtc.cdrs.fwd_alerting_time IS 'click2Call, private number: B''s phone rang / B 振铃时间';
COMMENT ON COLUMN rtc.cdrs.fwd_answer_time IS 'click2Call, private number: B answered; start of talk / B 应答时间，即通话开始';
COMMENT ON COLUMN rtc.cdrs.call_end_time IS 'End of the call, in all scenarios / 呼叫结束时间';
COMMENT ON COLUMN rtc.cdrs.fail_time IS 'When the call failed, inbound or outbound, in all scenarios / 呼叫失败时间';
COMMENT ON COLUMN rtc.cdrs.dyn_ivr_start_time IS 'callnotify: dynamic IVR began / 动态 IVR 开始时间（语音通知）';
COMMENT ON COLUMN rtc.cdrs.record_start_time IS 'click2Call, private number: recording began / 录音开始时间';
COMMENT ON COLUMN rtc.cdrs.direction IS '0 = outgoing from the platform (click2Call, callnotify, callVerify); 1 = inbound in private number / 呼叫方向';
COMMENT ON COLUMN rtc.cdrs.call_out_unasw_rsn IS 'Q.850 cause of the leg to A; 0 when not applicable, also in failed calls / A 侧未接通 Q.850 原因值';
COMMENT ON COLUMN rtc.cdrs.fwd_unasw_rsn IS 'Q.850 cause of the leg to B; sent in callnotify and callVerify too, though they have no B / B 侧未接通 Q.850 原因值';
COMMENT ON COLUMN rtc.cdrs.ul_fail_reason IS 'Release point (ulFailReason table), 0 = normal; in all scenarios / 呼叫拆线点';
COMMENT ON COLUMN rtc.cdrs.sip_status_code IS 'SIP status of the failure, 0 when none; in all scenarios / 失败时的 SIP 状态码';
COMMENT ON COLUMN rtc.cdrs.record_flag IS '0 not recorded, 1 recorded; in all scenarios / 是否录音';
COMMENT ON COLUMN rtc.cdrs.tts_play_times IS 'How often TTS was used; 0 in click2Call / TTS 播放次数';
COMMENT ON COLUMN rtc.cdrs.tts_trans_duration IS 'Time the TTS server needed, seconds / TTS 转换时长（秒）';
COMMENT ON COLUMN rtc.cdrs.record_key IS 'Keyed digest (128 bits) of the CDR as sent; same key and another digest is a conflict; not a real UUID, the type is used because it is 16 bytes fixed / 话单摘要（128 位，仅借用 uuid 类型）';
COMMENT ON COLUMN rtc.cdrs.session_id IS 'Id of the call, the same as in the API answer and the events; private number: may hold phone numbers / 会话标识；隐私号场景可能含号码';
COMMENT ON COLUMN rtc.cdrs.icid IS 'The platform''s id of the CDR, empty text when absent / 话单标识，缺省为空串';
COMMENT ON COLUMN rtc.cdrs.sp_id IS 'The customer''s cloud account / 客户云账号';
COMMENT ON COLUMN rtc.cdrs.app_key IS 'appKey as the CDR says it / 话单中的 appKey';
COMMENT ON COLUMN rtc.cdrs.bind_num IS 'The company''s fixed-line number that placed the call; private number: the X number / 绑定号码；隐私号为 X 号码';
COMMENT ON COLUMN rtc.cdrs.caller_num IS 'click2Call, callnotify, callVerify: number shown to A; private number: A / 主叫：前三种场景为主显号码，隐私号为 A';
COMMENT ON COLUMN rtc.cdrs.callee_num IS 'click2Call, callnotify, callVerify: A, the first party called; private number: the number A dialled / 被叫：前三种场景为 A';
COMMENT ON COLUMN rtc.cdrs.fwd_display_num IS 'click2Call, private number: number shown to B / 对 B 显示的号码';
COMMENT ON COLUMN rtc.cdrs.fwd_dst_num IS 'click2Call, private number: B / B 号码';
COMMENT ON COLUMN rtc.cdrs.service_type IS '001 = callnotify and callVerify, 002 = click2Call, 003 and 004 = private number; text / 业务类型';
COMMENT ON COLUMN rtc.cdrs.host_name IS 'Host of the platform that made the CDR / 生成话单的主机';
COMMENT ON COLUMN rtc.cdrs.user_data IS 'Echo of the request''s userData / 请求中 userData 的回传';
COMMENT ON COLUMN rtc.cdrs.subscription_id IS 'Private number: id of the binding; may hold phone numbers / 隐私号绑定标识';
COMMENT ON COLUMN rtc.cdrs.dyn_ivr_path IS 'callnotify: keys pressed in the dynamic IVR, joined by hyphens, as 0-2-3 / 动态 IVR 按键路径';
COMMENT ON COLUMN rtc.cdrs.record_domain IS 'click2Call, private number: host that stores the recording / 录音存储域名';
COMMENT ON COLUMN rtc.cdrs.record_bucket_name IS 'click2Call, private number: directory of the recording / 录音目录';
COMMENT ON COLUMN rtc.cdrs.record_object_name IS 'click2Call, private number: file name of the recording / 录音文件名';
COMMENT ON COLUMN rtc.cdrs.record_file_download_url IS 'click2Call, private number: download address, when domain and name are empty / 录音下载地址';
COMMENT ON COLUMN rtc.cdrs.signed_by IS 'appKey of the verified X-AKSK header, else NULL / 验签通过的 appKey，未验签为空';
COMMENT ON COLUMN rtc.cdrs.extra IS 'Fields without a column (private number: areaCode, callType …) and values that do not fit theirs, as sent / 其余字段与不合列类型的值，原样保存';
COMMENT ON COLUMN rtc.cdrs.erased_at IS 'When personal data were erased from the row; a re-sent CDR that meets such a row is a duplicate / 个人信息清除时间';

CREATE TABLE rtc.cdrs_old PARTITION OF rtc.cdrs FOR VALUES FROM (MINVALUE) TO ('2024-01-01 00:00:00+00');

CREATE TABLE rtc.erasures (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  erased_at timestamp with time zone DEFAULT now() NOT NULL,
  erased_by text NOT NULL,
  pseudonym text NOT NULL,
  counts jsonb NOT NULL,
  CONSTRAINT erasures_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE rtc.erasures IS 'Runs of erasing a number: what was changed, never the number / 号码清除记录，不含号码';
COMMENT ON COLUMN rtc.erasures.id IS 'Number of the run / 编号';
COMMENT ON COLUMN rtc.erasures.erased_at IS 'When / 清除时间';
COMMENT ON COLUMN rtc.erasures.erased_by IS 'Login that did it / 执行人（登录名）';
COMMENT ON COLUMN rtc.erasures.pseudonym IS 'Random text that stands in the place of the number; nobody keeps what links them / 替代号码的随机化名，不保留对应关系';
COMMENT ON COLUMN rtc.erasures.counts IS 'Rows changed in each table / 各表变更行数';

CREATE TABLE rtc.hangup_reasons (
  code integer NOT NULL,
  en text NOT NULL,
  zh text NOT NULL,
  outcome text,
  CONSTRAINT hangup_reasons_outcome CHECK ((outcome = ANY (ARRAY['answered'::text, 'busy'::text, 'no answer'::text, 'rejected'::text, 'cancelled'::text, 'unreachable'::text, 'failed'::text]))),
  CONSTRAINT hangup_reasons_pkey PRIMARY KEY (code)
);
COMMENT ON TABLE rtc.hangup_reasons IS 'State codes of disconnect events / 通话挂机原因值';
COMMENT ON COLUMN rtc.hangup_reasons.code IS 'The code as the platform sends it / 平台发送的代码';
COMMENT ON COLUMN rtc.hangup_reasons.en IS 'Meaning in English / 英文含义';
COMMENT ON COLUMN rtc.hangup_reasons.zh IS 'Meaning in Chinese / 中文含义';
COMMENT ON COLUMN rtc.hangup_reasons.outcome IS 'How an unanswered call with this code ended; NULL when the code only points elsewhere / 未接通时对应的结果；仅指向其他代码时为空';

CREATE TABLE rtc.keys (
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  purpose text NOT NULL,
  key bytea NOT NULL,
  CONSTRAINT keys_key_length CHECK ((octet_length(key) = 32)),
  CONSTRAINT keys_pkey PRIMARY KEY (purpose)
);
COMMENT ON TABLE rtc.keys IS 'Secret keys of this database: whoever reads one can find phone numbers behind digests by trying them / 本库密钥：可据此穷举出摘要对应的号码';
COMMENT ON COLUMN rtc.keys.created_at IS 'When it was made / 生成时间';
COMMENT ON COLUMN rtc.keys.purpose IS 'digest = HMAC key of event_key, record_key and body_key / 用途：digest 为去重摘要的密钥';
COMMENT ON COLUMN rtc.keys.key IS '32 random bytes; changing it makes every re-sent record look new / 32 字节随机数，更换后去重失效';

CREATE TABLE rtc.placed_calls (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  placed_at timestamp with time zone DEFAULT now() NOT NULL,
  http_status integer,
  session_id text,
  app_key text NOT NULL,
  scenario text NOT NULL,
  display_nbr text NOT NULL,
  callee_nbr text NOT NULL,
  user_data text,
  result_code text,
  result_desc text,
  erased_at timestamp with time zone,
  CONSTRAINT placed_calls_pkey PRIMARY KEY (id),
  CONSTRAINT placed_calls_scenario CHECK ((scenario = ANY (ARRAY['click2Call'::text, 'callnotify'::text, 'callVerify'::text, 'privateNumber'::text])))
);
CREATE INDEX placed_calls_session_id ON rtc.placed_calls USING btree (session_id) WHERE (session_id IS NOT NULL);
COMMENT ON TABLE rtc.placed_calls IS 'Calls placed through the platform''s API from here; the verification code is never stored / 经本系统发起的呼叫，不保存验证码';
COMMENT ON COLUMN rtc.placed_calls.id IS 'Number of the row / 编号';
COMMENT ON COLUMN rtc.placed_calls.placed_at IS 'When it was asked for / 发起时间';
COMMENT ON COLUMN rtc.placed_calls.http_status IS 'HTTP status of the answer; NULL when none came / 平台应答的 HTTP 状态码';
COMMENT ON COLUMN rtc.placed_calls.session_id IS 'sessionId of the answer; NULL when the platform refused / 平台返回的会话标识';
COMMENT ON COLUMN rtc.placed_calls.app_key IS 'appKey it was placed with / 使用的 appKey';
COMMENT ON COLUMN rtc.placed_calls.scenario IS 'click2Call, callnotify, callVerify or privateNumber / 业务场景';
COMMENT ON COLUMN rtc.placed_calls.display_nbr IS 'displayNbr: number shown to the callee / 主显号码';
COMMENT ON COLUMN rtc.placed_calls.callee_nbr IS 'calleeNbr: number called / 被叫号码';
COMMENT ON COLUMN rtc.placed_calls.user_data IS 'userData of the request / 请求中的 userData';
COMMENT ON COLUMN rtc.placed_calls.result_code IS 'resultcode of the answer, 0 = success / 结果码';
COMMENT ON COLUMN rtc.placed_calls.result_desc IS 'resultdesc of the answer / 结果描述';
COMMENT ON COLUMN rtc.placed_calls.erased_at IS 'When personal data were erased from the row / 个人信息清除时间';

CREATE TABLE rtc.q850_causes (
  code integer NOT NULL,
  en text NOT NULL,
  zh text NOT NULL,
  outcome text,
  CONSTRAINT q850_causes_outcome CHECK ((outcome = ANY (ARRAY['answered'::text, 'busy'::text, 'no answer'::text, 'rejected'::text, 'cancelled'::text, 'unreachable'::text, 'failed'::text]))),
  CONSTRAINT q850_causes_pkey PRIMARY KEY (code)
);
COMMENT ON TABLE rtc.q850_causes IS 'Q.850 causes of legs that were not answered / Q.850 原因值';
COMMENT ON COLUMN rtc.q850_causes.code IS 'The code as the platform sends it / 平台发送的代码';
COMMENT ON COLUMN rtc.q850_causes.en IS 'Meaning in English / 英文含义';
COMMENT ON COLUMN rtc.q850_causes.zh IS 'Meaning in Chinese / 中文含义';
COMMENT ON COLUMN rtc.q850_causes.outcome IS 'How an unanswered call with this code ended; NULL when the code only points elsewhere / 未接通时对应的结果；仅指向其他代码时为空';

CREATE TABLE rtc.quarantine (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  first_seen_at timestamp with time zone NOT NULL,
  last_seen_at timestamp with time zone NOT NULL,
  resolved_at timestamp with time zone,
  seen_count integer DEFAULT 1 NOT NULL,
  record_index integer,
  body_size integer NOT NULL,
  body_key uuid NOT NULL,
  kind text NOT NULL,
  reason text NOT NULL,
  resolution text,
  signed_by text,
  errors jsonb DEFAULT '[]'::jsonb NOT NULL,
  body bytea NOT NULL,
  CONSTRAINT quarantine_kind CHECK ((kind = ANY (ARRAY['status'::text, 'fee'::text, 'unknown'::text, 'unauthenticated'::text]))),
  CONSTRAINT quarantine_pkey PRIMARY KEY (id),
  CONSTRAINT quarantine_same UNIQUE (body_key, reason, kind)
);
CREATE INDEX quarantine_last_seen_at ON rtc.quarantine USING btree (last_seen_at);
COMMENT ON TABLE rtc.quarantine IS 'Records and bodies that could not be stored, with the reason; the same one again is counted, not added / 隔离区：无法入库的记录及原因，重复的只计数';
COMMENT ON COLUMN rtc.quarantine.id IS 'Number of the entry / 编号';
COMMENT ON COLUMN rtc.quarantine.first_seen_at IS 'When the callback first came; a replayed record is stored with it as received_at / 首次收到时间，重放时作为 received_at';
COMMENT ON COLUMN rtc.quarantine.last_seen_at IS 'When the same came last / 最近收到时间';
COMMENT ON COLUMN rtc.quarantine.resolved_at IS 'When it was dealt with. The same again within 24 hours leaves it closed (the platform re-sends CDRs for hours), later it opens again / 处理时间；24 小时内重发不会重新打开';
COMMENT ON COLUMN rtc.quarantine.seen_count IS 'How often it came / 收到次数';
COMMENT ON COLUMN rtc.quarantine.record_index IS 'Place in feeLst, from 0; NULL for a status event or a whole body / 在 feeLst 中的序号';
COMMENT ON COLUMN rtc.quarantine.body_size IS 'Bytes of the original, of which body may be only the beginning / 原文字节数';
COMMENT ON COLUMN rtc.quarantine.body_key IS 'Keyed digest (128 bits) by which the same is known again; the type is used because it is 16 bytes fixed / 原文摘要';
COMMENT ON COLUMN rtc.quarantine.kind IS 'status, fee, unknown (unreadable) or unauthenticated / 类别';
COMMENT ON COLUMN rtc.quarantine.reason IS 'Short code of the reason; conflict = a CDR with the key of a stored one and other content / 原因代码；conflict 为同键不同内容的话单';
COMMENT ON COLUMN rtc.quarantine.resolution IS 'How it was dealt with / 处理结果';
COMMENT ON COLUMN rtc.quarantine.signed_by IS 'appKey of the verified X-AKSK header, for replay / 验签通过的 appKey';
COMMENT ON COLUMN rtc.quarantine.errors IS 'List of {pointer, message}: the place of the error, never the value / 出错位置，不含值';
COMMENT ON COLUMN rtc.quarantine.body IS 'The record''s JSON as parsed, or the raw bytes of a body that could not be read / 记录 JSON 或无法解析的原文';

CREATE TABLE rtc.release_points (
  code integer NOT NULL,
  en text NOT NULL,
  zh text NOT NULL,
  outcome text,
  CONSTRAINT release_points_outcome CHECK ((outcome = ANY (ARRAY['answered'::text, 'busy'::text, 'no answer'::text, 'rejected'::text, 'cancelled'::text, 'unreachable'::text, 'failed'::text]))),
  CONSTRAINT release_points_pkey PRIMARY KEY (code)
);
COMMENT ON TABLE rtc.release_points IS 'Release points of CDRs, ranges written out / 呼叫拆线点，区间已展开';
COMMENT ON COLUMN rtc.release_points.code IS 'The code as the platform sends it / 平台发送的代码';
COMMENT ON COLUMN rtc.release_points.en IS 'Meaning in English / 英文含义';
COMMENT ON COLUMN rtc.release_points.zh IS 'Meaning in Chinese / 中文含义';
COMMENT ON COLUMN rtc.release_points.outcome IS 'How an unanswered call with this code ended; NULL when the code only points elsewhere / 未接通时对应的结果；仅指向其他代码时为空';

CREATE TABLE rtc.reveals (
  ticket uuid DEFAULT gen_random_uuid() NOT NULL,
  asked_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
  asked_by text NOT NULL,
  asked_from inet,
  asked_in xid8 NOT NULL,
  call_ref text NOT NULL,
  why text NOT NULL,
  revealed_at timestamp with time zone,
  erased_at timestamp with time zone,
  CONSTRAINT reveals_pkey PRIMARY KEY (ticket)
);
CREATE INDEX reveals_asked ON rtc.reveals USING btree (asked_by, asked_at);
COMMENT ON TABLE rtc.reveals IS 'Who asked to see the numbers of a call, and why; written before they are shown / 号码明文查看申请记录';
COMMENT ON COLUMN rtc.reveals.ticket IS 'What ops.reveal takes / 凭据';
COMMENT ON COLUMN rtc.reveals.asked_at IS 'When / 申请时间';
COMMENT ON COLUMN rtc.reveals.asked_by IS 'Login that asked / 申请人（登录名）';
COMMENT ON COLUMN rtc.reveals.asked_from IS 'Address of the client, NULL on a local socket / 客户端地址';
COMMENT ON COLUMN rtc.reveals.asked_in IS 'Transaction that asked: the same one may not reveal, else a rollback would hide it / 申请事务号';
COMMENT ON COLUMN rtc.reveals.call_ref IS 'The call / 呼叫引用';
COMMENT ON COLUMN rtc.reveals.why IS 'Reason given / 申请理由';
COMMENT ON COLUMN rtc.reveals.revealed_at IS 'When the numbers were first shown, unless that was rolled back / 首次查看时间';
COMMENT ON COLUMN rtc.reveals.erased_at IS 'When personal data were erased from the reason / 个人信息清除时间';

CREATE TABLE rtc.service_types (
  code text NOT NULL,
  en text NOT NULL,
  zh text NOT NULL,
  scenario text NOT NULL,
  CONSTRAINT service_types_pkey PRIMARY KEY (code)
);
COMMENT ON TABLE rtc.service_types IS 'Service types of CDRs / 业务类型';
COMMENT ON COLUMN rtc.service_types.code IS 'The code as the platform sends it / 平台发送的代码';
COMMENT ON COLUMN rtc.service_types.en IS 'Meaning in English / 英文含义';
COMMENT ON COLUMN rtc.service_types.zh IS 'Meaning in Chinese / 中文含义';
COMMENT ON COLUMN rtc.service_types.scenario IS 'Scenario that follows from it; playback = notification or verification / 对应的业务场景';

CREATE OR REPLACE FUNCTION rtc.ensure_period(parent text, at timestamp with time zone, by text, OUT period_start timestamp with time zone, OUT period_end timestamp with time zone, OUT created boolean)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '1s'
 SET "TimeZone" TO 'UTC'
AS $function$
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

  -- Twice: first without the advisory lock, then, when nothing covers the time, again under it.
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
      PERFORM pg_advisory_xact_lock(hashtextextended('rtc.ensure_period', 0));
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
$function$;
REVOKE EXECUTE ON FUNCTION rtc.ensure_period(parent text, at timestamp with time zone, by text, OUT period_start timestamp with time zone, OUT period_end timestamp with time zone, OUT created boolean) FROM PUBLIC;
COMMENT ON FUNCTION rtc.ensure_period(parent text, at timestamp with time zone, by text, OUT period_start timestamp with time zone, OUT period_end timestamp with time zone, OUT created boolean) IS 'Creates the partition of call_events or cdrs for a time, if it is missing / 按需创建分区';

CREATE OR REPLACE FUNCTION rtc.sip_outcome(status integer)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  SELECT CASE
    WHEN status IN (486, 600) THEN 'busy'
    WHEN status = 408 THEN 'no answer'
    WHEN status = 480 THEN 'unreachable'
    WHEN status IN (603, 607, 608) THEN 'rejected'
    WHEN status = 487 THEN 'cancelled'
    WHEN status BETWEEN 400 AND 699 THEN 'failed'
  END
$function$;
COMMENT ON FUNCTION rtc.sip_outcome(status integer) IS 'How a call ended that failed with this SIP status; NULL for 0 and for what is no failure / SIP 失败状态码对应的结果';
