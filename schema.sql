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

CREATE TABLE rtc.bill_summary (
  hour timestamp with time zone NOT NULL,
  calls bigint NOT NULL,
  a_legs_billed bigint NOT NULL,
  a_minutes bigint NOT NULL,
  b_legs_billed bigint NOT NULL,
  b_minutes bigint NOT NULL,
  leg_seconds bigint NOT NULL,
  app_key text,
  scenario text,
  bind_num text,
  CONSTRAINT bill_summary_hour_fkey FOREIGN KEY (hour) REFERENCES rtc.summary_hours(hour) ON DELETE CASCADE
);
CREATE INDEX bill_summary_hour ON rtc.bill_summary USING btree (hour);
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
CREATE INDEX call_events_called ON ONLY rtc.call_events USING btree ("left"(called, 32)) WHERE (event_type = 'callout'::text);
CREATE INDEX call_events_caller ON ONLY rtc.call_events USING btree ("left"(caller, 32)) WHERE (event_type = 'callin'::text);
CREATE INDEX call_events_digits ON ONLY rtc.call_events USING btree (session_id, occurred_at) WHERE (event_type = 'collectInfo'::text);
CREATE INDEX call_events_occurred_at ON ONLY rtc.call_events USING btree (occurred_at);
CREATE INDEX call_events_stored_at ON ONLY rtc.call_events USING brin (stored_at) WITH (autosummarize='on');
CREATE INDEX call_events_user_data ON ONLY rtc.call_events USING btree ("left"(user_data, 64)) WHERE ((event_type = 'callout'::text) AND (user_data IS NOT NULL));
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

CREATE TABLE rtc.call_summary (
  hour timestamp with time zone NOT NULL,
  first_at timestamp with time zone NOT NULL,
  last_at timestamp with time zone NOT NULL,
  changes_at timestamp with time zone,
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
  without_cdr timestamp with time zone[],
  CONSTRAINT call_summary_hour_fkey FOREIGN KEY (hour) REFERENCES rtc.summary_hours(hour) ON DELETE CASCADE
);
CREATE INDEX call_summary_hour ON rtc.call_summary USING btree (hour);
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
CREATE INDEX cdrs_callee_num ON ONLY rtc.cdrs USING btree ("left"(callee_num, 32));
CREATE INDEX cdrs_caller_num ON ONLY rtc.cdrs USING btree ("left"(caller_num, 32)) WHERE (call_in_time IS NOT NULL);
CREATE INDEX cdrs_cdr_time ON ONLY rtc.cdrs USING btree (cdr_time);
CREATE INDEX cdrs_fwd_dst_num ON ONLY rtc.cdrs USING btree ("left"(fwd_dst_num, 32)) WHERE (fwd_dst_num IS NOT NULL);
CREATE INDEX cdrs_started_at ON ONLY rtc.cdrs USING brin (COALESCE(call_in_time, call_out_start_time, fwd_start_time, cdr_time)) WITH (autosummarize='on', pages_per_range='32');
CREATE INDEX cdrs_stored_at ON ONLY rtc.cdrs USING brin (stored_at) WITH (autosummarize='on');
CREATE INDEX cdrs_user_data ON ONLY rtc.cdrs USING btree ("left"(user_data, 64)) WHERE (user_data IS NOT NULL);
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
  finished_at timestamp with time zone,
  events_until timestamp with time zone,
  CONSTRAINT erasures_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE rtc.erasures IS 'Runs of erasing a number: what was changed, never the number / 号码清除记录，不含号码';
COMMENT ON COLUMN rtc.erasures.id IS 'Number of the run / 编号';
COMMENT ON COLUMN rtc.erasures.erased_at IS 'When the run began / 开始时间';
COMMENT ON COLUMN rtc.erasures.erased_by IS 'Login that did it / 执行人（登录名）';
COMMENT ON COLUMN rtc.erasures.pseudonym IS 'Random text that stands in the place of the number; nobody keeps what links them / 替代号码的随机化名，不保留对应关系';
COMMENT ON COLUMN rtc.erasures.counts IS 'Rows changed in each table / 各表变更行数';
COMMENT ON COLUMN rtc.erasures.finished_at IS 'When it had been through all tables; NULL: it was interrupted, and has to be run again / 完成时间，为空表示中断';
COMMENT ON COLUMN rtc.erasures.events_until IS 'No erased event, and no erased CDR whose key held the number, is later than this: later ones need not be compared / 已清除事件及键中含号码的已清除话单的最晚时间';

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
ALTER TABLE rtc.keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY keys_digest ON rtc.keys FOR SELECT USING ((purpose = 'digest'::text));
COMMENT ON TABLE rtc.keys IS 'Secret keys of this database: whoever reads one can find phone numbers behind digests by trying them / 本库密钥：可据此穷举出摘要对应的号码';
COMMENT ON COLUMN rtc.keys.created_at IS 'When it was made / 生成时间';
COMMENT ON COLUMN rtc.keys.purpose IS 'digest = HMAC key of event_key, record_key and body_key; ref = key of call_ref, a_ref, b_ref / 用途：digest 用于去重摘要，ref 用于引用';
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
  erased_at timestamp with time zone,
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
COMMENT ON COLUMN rtc.quarantine.erased_at IS 'When personal data were erased from the entry / 个人信息清除时间';

CREATE TABLE rtc.record_summary (
  hour timestamp with time zone NOT NULL,
  last_at timestamp with time zone NOT NULL,
  records bigint NOT NULL,
  kind text NOT NULL,
  app_key text,
  CONSTRAINT record_summary_hour_fkey FOREIGN KEY (hour) REFERENCES rtc.summary_hours(hour) ON DELETE CASCADE
);
CREATE INDEX record_summary_hour ON rtc.record_summary USING btree (hour);
COMMENT ON TABLE rtc.record_summary IS 'Events and CDRs by the hour of their own time / 按记录时间汇总的条数';
COMMENT ON COLUMN rtc.record_summary.hour IS 'Beginning of the hour / 小时起点';
COMMENT ON COLUMN rtc.record_summary.last_at IS 'Last of them / 末次';
COMMENT ON COLUMN rtc.record_summary.records IS 'How many / 条数';
COMMENT ON COLUMN rtc.record_summary.kind IS 'status or fee / 类别';
COMMENT ON COLUMN rtc.record_summary.app_key IS 'appKey of the application; of an event that names none, that of the CDR / 应用的 appKey';

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

CREATE TABLE rtc.summary_hours (
  hour timestamp with time zone NOT NULL,
  valid_until timestamp with time zone NOT NULL,
  CONSTRAINT summary_hours_pkey PRIMARY KEY (hour)
);
COMMENT ON TABLE rtc.summary_hours IS 'Hours that are summarised; without its row here an hour is counted from the base. Deleting all rows is harmless / 已汇总的小时；删除后自动重算';
COMMENT ON COLUMN rtc.summary_hours.hour IS 'Beginning of the hour / 小时起点';
COMMENT ON COLUMN rtc.summary_hours.valid_until IS 'When a call in progress will count as over although nothing more was heard of it / 有效期：通话中的呼叫届时视为结束';

CREATE TABLE rtc.summary_state (
  only_row boolean DEFAULT true NOT NULL,
  stored_until timestamp with time zone NOT NULL,
  seen_until timestamp with time zone NOT NULL,
  seen_xid xid8 NOT NULL,
  first_hour timestamp with time zone,
  meanings text NOT NULL,
  CONSTRAINT summary_state_only_row CHECK (only_row),
  CONSTRAINT summary_state_pkey PRIMARY KEY (only_row)
);
COMMENT ON TABLE rtc.summary_state IS 'How far the summaries know what was stored / 汇总进度';
COMMENT ON COLUMN rtc.summary_state.only_row IS 'There is one row / 仅一行';
COMMENT ON COLUMN rtc.summary_state.stored_until IS 'Rows stored before are in the summaries / 此前入库的记录已计入汇总';
COMMENT ON COLUMN rtc.summary_state.seen_until IS 'stored_until when all transactions are over that ran at the last refresh / 上次刷新时在途事务结束后的 stored_until';
COMMENT ON COLUMN rtc.summary_state.seen_xid IS 'Those transactions are all before this one / 上述事务均早于此事务号';
COMMENT ON COLUMN rtc.summary_state.first_hour IS 'No call began before, as far as there are rows / 最早可能的呼叫开始时间';
COMMENT ON COLUMN rtc.summary_state.meanings IS 'Digest of the applications and codes that they were counted with / 汇总所依据的应用与代码表摘要';

CREATE SCHEMA ops;

CREATE VIEW ops.apps (
  app_key -- text
  name -- text
  scenario -- text
);
COMMENT ON VIEW ops.apps IS 'Applications as their owner described them / 应用登记';
COMMENT ON COLUMN ops.apps.app_key IS 'appKey of the application; of an event the verified signer''s, else that of the CDR / 应用的 appKey';
COMMENT ON COLUMN ops.apps.name IS 'Name for people / 应用名称';
COMMENT ON COLUMN ops.apps.scenario IS 'click2Call, callnotify, callVerify, privateNumber; playback = notification or verification; NULL = not known / 业务场景；playback 为语音通知或语音验证码';

CREATE VIEW ops.billing_daily (
  day -- date
  app_key -- text
  scenario -- text
  bind_num -- text
  calls -- bigint
  a_legs_billed -- bigint
  a_minutes -- bigint
  b_legs_billed -- bigint
  b_minutes -- bigint
  billed_minutes -- bigint
  leg_seconds -- bigint
);
COMMENT ON VIEW ops.billing_daily IS 'Billed minutes by day, from CDRs: every answered leg, started minutes, at least one. Days are those of Asia/Shanghai on which calls ended, so that they match the bill / 按日计费分钟数：每个已接通的段按分钟进位计费；日期为北京时间呼叫结束日，与账单一致';
COMMENT ON COLUMN ops.billing_daily.day IS 'Day in Asia/Shanghai; filter by it / 北京时间日期，请按此过滤';
COMMENT ON COLUMN ops.billing_daily.app_key IS 'appKey of the application; of an event the verified signer''s, else that of the CDR / 应用的 appKey';
COMMENT ON COLUMN ops.billing_daily.scenario IS 'click2Call, callnotify, callVerify, privateNumber; playback = notification or verification; NULL = not known / 业务场景；playback 为语音通知或语音验证码';
COMMENT ON COLUMN ops.billing_daily.bind_num IS 'The company''s own number that placed the call, shown whole / 企业绑定号码，不脱敏';
COMMENT ON COLUMN ops.billing_daily.calls IS 'Calls with a CDR, answered or not / 有话单的呼叫数';
COMMENT ON COLUMN ops.billing_daily.a_legs_billed IS 'Answered legs A / 接通的 A 段数';
COMMENT ON COLUMN ops.billing_daily.a_minutes IS 'Billed minutes of legs A / A 段计费分钟';
COMMENT ON COLUMN ops.billing_daily.b_legs_billed IS 'Answered legs B / 接通的 B 段数';
COMMENT ON COLUMN ops.billing_daily.b_minutes IS 'Billed minutes of legs B / B 段计费分钟';
COMMENT ON COLUMN ops.billing_daily.billed_minutes IS 'Billed minutes of both / 计费分钟合计';
COMMENT ON COLUMN ops.billing_daily.leg_seconds IS 'Seconds of answered legs, not rounded up / 接通总秒数';

CREATE VIEW ops.callback_delay (
  day -- date
  hour -- timestamp with time zone
  kind -- text
  callbacks -- bigint
  delay_p50 -- numeric
  delay_p95 -- numeric
  delay_max -- numeric
  over_a_minute -- bigint
  over_an_hour -- bigint
);
COMMENT ON VIEW ops.callback_delay IS 'How long callbacks took from what they tell to the receiver, by hour. Give a day / 回调从事件发生到收到的时延（按小时）。查询请限定 day';
COMMENT ON COLUMN ops.callback_delay.day IS 'Day in Asia/Shanghai; filter by it / 北京时间日期，请按此过滤';
COMMENT ON COLUMN ops.callback_delay.hour IS 'Beginning of the hour / 小时起点';
COMMENT ON COLUMN ops.callback_delay.kind IS 'status = call status event, fee = CDR / 类别：状态或话单';
COMMENT ON COLUMN ops.callback_delay.callbacks IS 'Events or CDRs / 条数';
COMMENT ON COLUMN ops.callback_delay.delay_p50 IS 'Median delay, seconds / 时延中位数（秒）';
COMMENT ON COLUMN ops.callback_delay.delay_p95 IS '95 % took no longer, seconds / 95 分位时延（秒）';
COMMENT ON COLUMN ops.callback_delay.delay_max IS 'Longest, seconds / 最大时延（秒）';
COMMENT ON COLUMN ops.callback_delay.over_a_minute IS 'How many took more than a minute / 超过一分钟的条数';
COMMENT ON COLUMN ops.callback_delay.over_an_hour IS 'How many took more than an hour: re-sent ones / 超过一小时（重推）的条数';

CREATE VIEW ops.calls (
  call_ref -- text
  session_id -- text
  app_key -- text
  scenario -- text
  a_number -- text
  b_number -- text
  shown_to_a -- text
  shown_to_b -- text
  a_ref -- text
  b_ref -- text
  bind_num -- text
  started_at -- timestamp with time zone
  ringing_at -- timestamp with time zone
  answered_at -- timestamp with time zone
  ended_at -- timestamp with time zone
  ring_seconds -- integer
  talk_seconds -- integer
  post_dial_delay_seconds -- integer
  outcome -- text
  reason -- text
  release_point -- integer
  a_q850 -- integer
  b_q850 -- integer
  sip_status -- integer
  hung_up_by -- text
  digits -- text
  has_recording -- boolean
  has_events -- boolean
  has_cdr -- boolean
  cdr_count -- bigint
);
COMMENT ON VIEW ops.calls IS 'One row per call: its latest CDR with what its events add, or its events alone when no CDR has come. Give a range of started_at, or a session_id / 每次呼叫一行：以最新话单为准并补充状态事件；尚无话单时仅依据状态事件。查询请限定 started_at 范围或 session_id';
COMMENT ON COLUMN ops.calls.call_ref IS 'Reference of the call, the same in every view: for joining, grouping and ops.ask_reveal / 呼叫引用，各视图一致，可用于关联与申请查看';
COMMENT ON COLUMN ops.calls.session_id IS 'The platform''s id of the call; NULL when it holds a phone number: use call_ref / 会话标识；含号码时为空，请用 call_ref';
COMMENT ON COLUMN ops.calls.app_key IS 'appKey of the application; of an event the verified signer''s, else that of the CDR / 应用的 appKey';
COMMENT ON COLUMN ops.calls.scenario IS 'click2Call, callnotify, callVerify, privateNumber; playback = notification or verification; NULL = not known / 业务场景；playback 为语音通知或语音验证码';
COMMENT ON COLUMN ops.calls.a_number IS 'A, masked: the party called first; private number: the caller / A 号码（脱敏）';
COMMENT ON COLUMN ops.calls.b_number IS 'B, masked: the second party of a callback or private-number call / B 号码（脱敏）';
COMMENT ON COLUMN ops.calls.shown_to_a IS 'Number A saw, or dialled in private number / A 看到（或拨打）的号码';
COMMENT ON COLUMN ops.calls.shown_to_b IS 'Number B saw / B 看到的号码';
COMMENT ON COLUMN ops.calls.a_ref IS 'Reference of A''s number, the same for the same number everywhere / A 号码引用，同一号码相同';
COMMENT ON COLUMN ops.calls.b_ref IS 'Reference of B''s number / B 号码引用';
COMMENT ON COLUMN ops.calls.bind_num IS 'The company''s own number that placed the call, shown whole / 企业绑定号码，不脱敏';
COMMENT ON COLUMN ops.calls.started_at IS 'When the call began; filter by it / 呼叫开始时间，请按此过滤';
COMMENT ON COLUMN ops.calls.ringing_at IS 'When the phone rang: B''s where B was dialled, else A''s / 振铃时间';
COMMENT ON COLUMN ops.calls.answered_at IS 'When it was answered: by B where the service has a B, else by A / 应答时间：有 B 的业务以 B 应答为准';
COMMENT ON COLUMN ops.calls.ended_at IS 'End of the call; NULL while it is in progress / 结束时间；通话中为空';
COMMENT ON COLUMN ops.calls.ring_seconds IS 'Seconds from ringing to the answer, else to the end / 振铃秒数';
COMMENT ON COLUMN ops.calls.talk_seconds IS 'Seconds from the answer to the end; NULL when not answered / 通话秒数，未接通为空';
COMMENT ON COLUMN ops.calls.post_dial_delay_seconds IS 'Seconds from dialling to ringing, else to the answer / 拨号到振铃（或应答）的秒数';
COMMENT ON COLUMN ops.calls.outcome IS 'in progress, answered, busy, no answer, rejected, cancelled, unreachable, failed or unknown / 结果：通话中、已接通、忙、无应答、拒接、取消、无法接通、失败、未知';
COMMENT ON COLUMN ops.calls.reason IS 'Text of the first code that says why / 原因说明';
COMMENT ON COLUMN ops.calls.release_point IS 'ulFailReason, see ops.release_points / 拆线点，见 ops.release_points';
COMMENT ON COLUMN ops.calls.a_q850 IS 'Q.850 cause of leg A, see ops.q850_causes / A 段 Q.850 原因值';
COMMENT ON COLUMN ops.calls.b_q850 IS 'Q.850 cause of leg B / B 段 Q.850 原因值';
COMMENT ON COLUMN ops.calls.sip_status IS 'SIP status of the failure, 0 = none / 失败的 SIP 状态码';
COMMENT ON COLUMN ops.calls.hung_up_by IS 'Side that hung up, as the platform says it / 挂机方';
COMMENT ON COLUMN ops.calls.digits IS 'Keys pressed; more than two are covered / 按键，超过两位已遮盖';
COMMENT ON COLUMN ops.calls.has_recording IS 'Whether it was recorded / 是否有录音';
COMMENT ON COLUMN ops.calls.has_events IS 'Whether status events have come / 是否有状态事件';
COMMENT ON COLUMN ops.calls.has_cdr IS 'Whether a CDR has come / 是否已收到话单';
COMMENT ON COLUMN ops.calls.cdr_count IS 'CDRs of the session; the last one received counts / 该会话的话单数，以最后收到的为准';

CREATE VIEW ops.cdrs (
  call_ref -- text
  session_id -- text
  icid -- text
  cdr_time -- timestamp with time zone
  direction -- integer
  sp_id -- text
  app_key -- text
  service_type -- text
  bind_num -- text
  caller_num -- text
  callee_num -- text
  fwd_display_num -- text
  fwd_dst_num -- text
  caller_ref -- text
  callee_ref -- text
  fwd_dst_ref -- text
  call_in_time -- timestamp with time zone
  call_out_start_time -- timestamp with time zone
  call_out_alerting_time -- timestamp with time zone
  call_out_answer_time -- timestamp with time zone
  call_out_unasw_rsn -- integer
  fwd_start_time -- timestamp with time zone
  fwd_alerting_time -- timestamp with time zone
  fwd_answer_time -- timestamp with time zone
  fwd_unasw_rsn -- integer
  call_end_time -- timestamp with time zone
  fail_time -- timestamp with time zone
  ul_fail_reason -- integer
  sip_status_code -- integer
  dyn_ivr_start_time -- timestamp with time zone
  dyn_ivr_path -- text
  record_flag -- integer
  record_start_time -- timestamp with time zone
  record_domain -- text
  record_bucket_name -- text
  record_object_name -- text
  record_file_download_url -- text
  tts_play_times -- integer
  tts_trans_duration -- integer
  host_name -- text
  user_data -- text
  subscription_id -- text
  extra -- jsonb
  signed_by -- text
  record_key -- uuid
  received_at -- timestamp with time zone
  stored_at -- timestamp with time zone
  erased_at -- timestamp with time zone
);
COMMENT ON VIEW ops.cdrs IS 'CDRs, masked, names as on the wire. Give a range of cdr_time or stored_at, or a session_id / 话单（已脱敏）';
COMMENT ON COLUMN ops.cdrs.call_ref IS 'Reference of the call, the same in every view: for joining, grouping and ops.ask_reveal / 呼叫引用，各视图一致，可用于关联与申请查看';
COMMENT ON COLUMN ops.cdrs.session_id IS 'The platform''s id of the call; NULL when it holds a phone number: use call_ref / 会话标识；含号码时为空，请用 call_ref';
COMMENT ON COLUMN ops.cdrs.icid IS 'The platform''s id of the CDR; *** when it seems to hold a number / 话单标识；疑似含号码时为 ***';
COMMENT ON COLUMN ops.cdrs.cdr_time IS 'End of the call, else the last time the CDR has; filter by it / 话单时间，请按此过滤';
COMMENT ON COLUMN ops.cdrs.direction IS '0 = outgoing from the platform (click2Call, callnotify, callVerify); 1 = inbound in private number / 呼叫方向';
COMMENT ON COLUMN ops.cdrs.sp_id IS 'The customer''s cloud account / 客户云账号';
COMMENT ON COLUMN ops.cdrs.app_key IS 'appKey of the application; of an event the verified signer''s, else that of the CDR / 应用的 appKey';
COMMENT ON COLUMN ops.cdrs.service_type IS '001 = callnotify and callVerify, 002 = click2Call, 003 and 004 = private number; text / 业务类型';
COMMENT ON COLUMN ops.cdrs.bind_num IS 'The company''s own number that placed the call, shown whole / 企业绑定号码，不脱敏';
COMMENT ON COLUMN ops.cdrs.caller_num IS 'Number shown to A, or A in private number, masked / 主叫（脱敏）';
COMMENT ON COLUMN ops.cdrs.callee_num IS 'A, or the number dialled in private number, masked / 被叫（脱敏）';
COMMENT ON COLUMN ops.cdrs.fwd_display_num IS 'Number shown to B, masked / 对 B 显示的号码（脱敏）';
COMMENT ON COLUMN ops.cdrs.fwd_dst_num IS 'B, masked / B 号码（脱敏）';
COMMENT ON COLUMN ops.cdrs.caller_ref IS 'Reference of caller_num / 主叫号码引用';
COMMENT ON COLUMN ops.cdrs.callee_ref IS 'Reference of callee_num / 被叫号码引用';
COMMENT ON COLUMN ops.cdrs.fwd_dst_ref IS 'Reference of fwd_dst_num / B 号码引用';
COMMENT ON COLUMN ops.cdrs.call_in_time IS 'Private number: A''s call came in; absent in click2Call, callnotify, callVerify / 呼入时间（隐私号）';
COMMENT ON COLUMN ops.cdrs.call_out_start_time IS 'click2Call, callnotify, callVerify: dialling A began / 呼叫 A 开始时间';
COMMENT ON COLUMN ops.cdrs.call_out_alerting_time IS 'click2Call, callnotify, callVerify: A''s phone rang / A 振铃时间';
COMMENT ON COLUMN ops.cdrs.call_out_answer_time IS 'click2Call, callnotify, callVerify: A answered; start of talk in callnotify and callVerify / A 应答时间';
COMMENT ON COLUMN ops.cdrs.call_out_unasw_rsn IS 'Q.850 cause of the leg to A; 0 when not applicable, also in failed calls / A 侧未接通 Q.850 原因值';
COMMENT ON COLUMN ops.cdrs.fwd_start_time IS 'click2Call, private number: dialling B began; no B in callnotify and callVerify / 呼叫 B 开始时间';
COMMENT ON COLUMN ops.cdrs.fwd_alerting_time IS 'click2Call, private number: B''s phone rang / B 振铃时间';
COMMENT ON COLUMN ops.cdrs.fwd_answer_time IS 'click2Call, private number: B answered; start of talk / B 应答时间，即通话开始';
COMMENT ON COLUMN ops.cdrs.fwd_unasw_rsn IS 'Q.850 cause of the leg to B; sent in callnotify and callVerify too, though they have no B / B 侧未接通 Q.850 原因值';
COMMENT ON COLUMN ops.cdrs.call_end_time IS 'End of the call, in all scenarios / 呼叫结束时间';
COMMENT ON COLUMN ops.cdrs.fail_time IS 'When the call failed, inbound or outbound, in all scenarios / 呼叫失败时间';
COMMENT ON COLUMN ops.cdrs.ul_fail_reason IS 'Release point (ulFailReason table), 0 = normal; in all scenarios / 呼叫拆线点';
COMMENT ON COLUMN ops.cdrs.sip_status_code IS 'SIP status of the failure, 0 when none; in all scenarios / 失败时的 SIP 状态码';
COMMENT ON COLUMN ops.cdrs.dyn_ivr_start_time IS 'callnotify: dynamic IVR began / 动态 IVR 开始时间（语音通知）';
COMMENT ON COLUMN ops.cdrs.dyn_ivr_path IS 'Keys pressed in the dynamic IVR; more than two are covered / 动态 IVR 按键，超过两位已遮盖';
COMMENT ON COLUMN ops.cdrs.record_flag IS '0 not recorded, 1 recorded; in all scenarios / 是否录音';
COMMENT ON COLUMN ops.cdrs.record_start_time IS 'click2Call, private number: recording began / 录音开始时间';
COMMENT ON COLUMN ops.cdrs.record_domain IS '*** when there is one / 有值时为 ***';
COMMENT ON COLUMN ops.cdrs.record_bucket_name IS '*** when there is one / 有值时为 ***';
COMMENT ON COLUMN ops.cdrs.record_object_name IS '*** when there is one / 有值时为 ***';
COMMENT ON COLUMN ops.cdrs.record_file_download_url IS '*** when there is one / 有值时为 ***';
COMMENT ON COLUMN ops.cdrs.tts_play_times IS 'How often TTS was used; 0 in click2Call / TTS 播放次数';
COMMENT ON COLUMN ops.cdrs.tts_trans_duration IS 'Time the TTS server needed, seconds / TTS 转换时长（秒）';
COMMENT ON COLUMN ops.cdrs.host_name IS 'Host of the platform that made the CDR / 生成话单的主机';
COMMENT ON COLUMN ops.cdrs.user_data IS '*** when the request had userData / 有 userData 时为 ***';
COMMENT ON COLUMN ops.cdrs.subscription_id IS '*** when there is one / 有值时为 ***';
COMMENT ON COLUMN ops.cdrs.extra IS 'Names of the fields without a column; values covered / 其余字段名，值已遮盖';
COMMENT ON COLUMN ops.cdrs.signed_by IS 'appKey of the verified X-AKSK header, else NULL / 验签通过的 appKey，未验签为空';
COMMENT ON COLUMN ops.cdrs.record_key IS 'Keyed digest (128 bits) of the CDR as sent; same key and another digest is a conflict; not a real UUID, the type is used because it is 16 bytes fixed / 话单摘要（128 位，仅借用 uuid 类型）';
COMMENT ON COLUMN ops.cdrs.received_at IS 'When the callback came / 收到回调的时间';
COMMENT ON COLUMN ops.cdrs.stored_at IS 'When the row was stored; a cursor for copying data out / 入库时间，可作为导出游标';
COMMENT ON COLUMN ops.cdrs.erased_at IS 'When personal data were erased / 个人信息清除时间';

CREATE VIEW ops.cdrs_without_events (
  day -- date
  call_ref -- text
  session_id -- text
  app_key -- text
  bind_num -- text
  ended_at -- timestamp with time zone
  received_at -- timestamp with time zone
);
COMMENT ON VIEW ops.cdrs_without_events IS 'CDRs of calls without any event: status callbacks were lost; only apps whose events came in the week before. Give a day / 缺状态事件的话单；仅统计前一周内有状态事件的应用。查询请限定 day';
COMMENT ON COLUMN ops.cdrs_without_events.day IS 'Day in Asia/Shanghai; filter by it / 北京时间日期，请按此过滤';
COMMENT ON COLUMN ops.cdrs_without_events.call_ref IS 'Reference of the call, the same in every view: for joining, grouping and ops.ask_reveal / 呼叫引用，各视图一致，可用于关联与申请查看';
COMMENT ON COLUMN ops.cdrs_without_events.session_id IS 'The platform''s id of the call; NULL when it holds a phone number: use call_ref / 会话标识；含号码时为空，请用 call_ref';
COMMENT ON COLUMN ops.cdrs_without_events.app_key IS 'appKey of the application; of an event the verified signer''s, else that of the CDR / 应用的 appKey';
COMMENT ON COLUMN ops.cdrs_without_events.bind_num IS 'The company''s own number that placed the call, shown whole / 企业绑定号码，不脱敏';
COMMENT ON COLUMN ops.cdrs_without_events.ended_at IS 'Time of the CDR / 话单时间';
COMMENT ON COLUMN ops.cdrs_without_events.received_at IS 'When the callback came / 收到回调的时间';

CREATE VIEW ops.concurrent_legs (
  day -- date
  hour -- timestamp with time zone
  app_key -- text
  peak_legs -- bigint
);
COMMENT ON VIEW ops.concurrent_legs IS 'Most legs at the same time in each hour, by app: compare with the voice ports that were bought. Give a day / 每小时最大并发段数，可与所购语音端口数比较。查询请限定 day';
COMMENT ON COLUMN ops.concurrent_legs.day IS 'Day in Asia/Shanghai; filter by it / 北京时间日期，请按此过滤';
COMMENT ON COLUMN ops.concurrent_legs.hour IS 'Beginning of the hour / 小时起点';
COMMENT ON COLUMN ops.concurrent_legs.app_key IS 'appKey of the application; of an event the verified signer''s, else that of the CDR / 应用的 appKey';
COMMENT ON COLUMN ops.concurrent_legs.peak_legs IS 'Most legs at one time, ringing ones too / 最大并发段数（含振铃）';

CREATE VIEW ops.digit_inputs (
  occurred_at -- timestamp with time zone
  call_ref -- text
  session_id -- text
  app_key -- text
  source -- text
  digits -- text
  keys -- integer
);
COMMENT ON VIEW ops.digit_inputs IS 'Keys pressed in voice notification and dynamic IVR; more than two are covered / 语音通知收号与动态 IVR 按键，超过两位已遮盖';
COMMENT ON COLUMN ops.digit_inputs.occurred_at IS 'When they were pressed; of a dynamic IVR the end of the call; filter by it / 按键时间，请按此过滤';
COMMENT ON COLUMN ops.digit_inputs.call_ref IS 'Reference of the call, the same in every view: for joining, grouping and ops.ask_reveal / 呼叫引用，各视图一致，可用于关联与申请查看';
COMMENT ON COLUMN ops.digit_inputs.session_id IS 'The platform''s id of the call; NULL when it holds a phone number: use call_ref / 会话标识；含号码时为空，请用 call_ref';
COMMENT ON COLUMN ops.digit_inputs.app_key IS 'appKey of the application; of an event the verified signer''s, else that of the CDR / 应用的 appKey';
COMMENT ON COLUMN ops.digit_inputs.source IS 'collectInfo = voice notification, dynamic IVR / 来源';
COMMENT ON COLUMN ops.digit_inputs.digits IS 'Keys pressed; more than two are covered / 按键，超过两位已遮盖';
COMMENT ON COLUMN ops.digit_inputs.keys IS 'How many; 0 = none in time / 按键个数';

CREATE VIEW ops.erasures (
  id -- bigint
  erased_at -- timestamp with time zone
  erased_by -- text
  pseudonym -- text
  counts -- jsonb
);
COMMENT ON VIEW ops.erasures IS 'Runs of erasing a number / 号码清除记录';
COMMENT ON COLUMN ops.erasures.id IS 'Number of the run / 编号';
COMMENT ON COLUMN ops.erasures.erased_at IS 'When personal data were erased / 个人信息清除时间';
COMMENT ON COLUMN ops.erasures.erased_by IS 'Login that did it / 执行人（登录名）';
COMMENT ON COLUMN ops.erasures.pseudonym IS 'Random text that stands in the place of the number; nobody keeps what links them / 替代号码的随机化名，不保留对应关系';
COMMENT ON COLUMN ops.erasures.counts IS 'Rows changed in each table / 各表变更行数';

CREATE VIEW ops.events (
  call_ref -- text
  session_id -- text
  occurred_at -- timestamp with time zone
  event_type -- text
  app_key -- text
  caller -- text
  called -- text
  caller_ref -- text
  called_ref -- text
  state_code -- integer
  reason -- text
  state_desc -- text
  party_type -- text
  digits -- text
  user_data -- text
  extra -- jsonb
  signed_by -- text
  event_key -- uuid
  received_at -- timestamp with time zone
  stored_at -- timestamp with time zone
  erased_at -- timestamp with time zone
);
COMMENT ON VIEW ops.events IS 'Call status events, masked. Give a range of occurred_at or stored_at, or a session_id / 呼叫状态事件（已脱敏）';
COMMENT ON COLUMN ops.events.call_ref IS 'Reference of the call, the same in every view: for joining, grouping and ops.ask_reveal / 呼叫引用，各视图一致，可用于关联与申请查看';
COMMENT ON COLUMN ops.events.session_id IS 'The platform''s id of the call; NULL when it holds a phone number: use call_ref / 会话标识；含号码时为空，请用 call_ref';
COMMENT ON COLUMN ops.events.occurred_at IS 'When it happened; filter by it / 事件发生时间，请按此过滤';
COMMENT ON COLUMN ops.events.event_type IS 'callin, callout, alerting, answer, collectInfo (callnotify only), disconnect, or a new one; as sent / 事件类型，原样保存';
COMMENT ON COLUMN ops.events.app_key IS 'appKey of the application; of an event the verified signer''s, else that of the CDR / 应用的 appKey';
COMMENT ON COLUMN ops.events.caller IS 'Calling number of the leg, masked / 本段主叫（脱敏）';
COMMENT ON COLUMN ops.events.called IS 'Called number of the leg, masked / 本段被叫（脱敏）';
COMMENT ON COLUMN ops.events.caller_ref IS 'Reference of the calling number / 主叫号码引用';
COMMENT ON COLUMN ops.events.called_ref IS 'Reference of the called number / 被叫号码引用';
COMMENT ON COLUMN ops.events.state_code IS 'disconnect: why it was hung up (stateCode table); click2Call: per leg; callnotify 8008 = no digit keyed in time / 挂机原因值';
COMMENT ON COLUMN ops.events.reason IS 'Text of the state code / 挂机原因说明';
COMMENT ON COLUMN ops.events.state_desc IS '*** when there was a text; see reason / 有描述时为 ***，请看 reason';
COMMENT ON COLUMN ops.events.party_type IS 'Side that hung up, as the platform says it / 挂机方';
COMMENT ON COLUMN ops.events.digits IS 'Keys pressed; more than two are covered / 按键，超过两位已遮盖';
COMMENT ON COLUMN ops.events.user_data IS '*** when the request had userData / 有 userData 时为 ***';
COMMENT ON COLUMN ops.events.extra IS 'Names of the fields without a column; values covered / 其余字段名，值已遮盖';
COMMENT ON COLUMN ops.events.signed_by IS 'appKey of the verified X-AKSK header, else NULL; events carry no appKey of their own / 验签通过的 appKey，未验签为空';
COMMENT ON COLUMN ops.events.event_key IS 'Keyed digest (128 bits) of the event as sent; not a real UUID, the type is used because it is 16 bytes fixed / 事件摘要（128 位，仅借用 uuid 类型）';
COMMENT ON COLUMN ops.events.received_at IS 'When the callback came / 收到回调的时间';
COMMENT ON COLUMN ops.events.stored_at IS 'When the row was stored; a cursor for copying data out / 入库时间，可作为导出游标';
COMMENT ON COLUMN ops.events.erased_at IS 'When personal data were erased / 个人信息清除时间';

CREATE VIEW ops.frequent_callees (
  day -- date
  callee_ref -- text
  callee -- text
  app_key -- text
  calls -- bigint
  answered -- bigint
  first_at -- timestamp with time zone
  last_at -- timestamp with time zone
);
COMMENT ON VIEW ops.frequent_callees IS 'Numbers dialled more than once on a day of Asia/Shanghai, by app. Give a day / 同一天（北京时间）被呼叫多次的号码。查询请限定 day';
COMMENT ON COLUMN ops.frequent_callees.day IS 'Day in Asia/Shanghai; filter by it / 北京时间日期，请按此过滤';
COMMENT ON COLUMN ops.frequent_callees.callee_ref IS 'Reference of the number / 号码引用';
COMMENT ON COLUMN ops.frequent_callees.callee IS 'Number, masked / 号码（脱敏）';
COMMENT ON COLUMN ops.frequent_callees.app_key IS 'appKey of the application; of an event the verified signer''s, else that of the CDR / 应用的 appKey';
COMMENT ON COLUMN ops.frequent_callees.calls IS 'How often it was dialled / 呼叫次数';
COMMENT ON COLUMN ops.frequent_callees.answered IS 'How often it answered / 接通次数';
COMMENT ON COLUMN ops.frequent_callees.first_at IS 'First time / 首次';
COMMENT ON COLUMN ops.frequent_callees.last_at IS 'Last time / 末次';

CREATE VIEW ops.hangup_reasons (
  code -- integer
  en -- text
  zh -- text
  outcome -- text
);
COMMENT ON VIEW ops.hangup_reasons IS 'State codes of disconnect events / 通话挂机原因值';
COMMENT ON COLUMN ops.hangup_reasons.code IS 'The code as the platform sends it / 平台发送的代码';
COMMENT ON COLUMN ops.hangup_reasons.en IS 'Meaning in English / 英文含义';
COMMENT ON COLUMN ops.hangup_reasons.zh IS 'Meaning in Chinese / 中文含义';
COMMENT ON COLUMN ops.hangup_reasons.outcome IS 'How an unanswered call with this code ended; NULL when the code only points elsewhere / 未接通时对应的结果；仅指向其他代码时为空';

CREATE VIEW ops.legs (
  call_ref -- text
  session_id -- text
  app_key -- text
  scenario -- text
  leg -- text
  number -- text
  number_ref -- text
  shown_number -- text
  bind_num -- text
  call_started_at -- timestamp with time zone
  started_at -- timestamp with time zone
  ringing_at -- timestamp with time zone
  answered_at -- timestamp with time zone
  ended_at -- timestamp with time zone
  post_dial_delay_seconds -- integer
  seconds -- integer
  billed_minutes -- integer
  q850 -- integer
  has_cdr -- boolean
);
COMMENT ON VIEW ops.legs IS 'One row per leg: A = the party called first (private number: the caller), B = the second. The platform''s console counts legs. Give a range of call_started_at / 每段一行：A 为先呼叫的一方（隐私号为主叫），B 为后呼叫的一方；平台控制台按段统计。查询请限定 call_started_at 范围';
COMMENT ON COLUMN ops.legs.call_ref IS 'Reference of the call, the same in every view: for joining, grouping and ops.ask_reveal / 呼叫引用，各视图一致，可用于关联与申请查看';
COMMENT ON COLUMN ops.legs.session_id IS 'The platform''s id of the call; NULL when it holds a phone number: use call_ref / 会话标识；含号码时为空，请用 call_ref';
COMMENT ON COLUMN ops.legs.app_key IS 'appKey of the application; of an event the verified signer''s, else that of the CDR / 应用的 appKey';
COMMENT ON COLUMN ops.legs.scenario IS 'click2Call, callnotify, callVerify, privateNumber; playback = notification or verification; NULL = not known / 业务场景；playback 为语音通知或语音验证码';
COMMENT ON COLUMN ops.legs.leg IS 'A or B / A 或 B';
COMMENT ON COLUMN ops.legs.number IS 'Number of the party, masked / 该方号码（脱敏）';
COMMENT ON COLUMN ops.legs.number_ref IS 'Reference of the number / 号码引用';
COMMENT ON COLUMN ops.legs.shown_number IS 'Number the party saw / 该方看到的号码';
COMMENT ON COLUMN ops.legs.bind_num IS 'The company''s own number that placed the call, shown whole / 企业绑定号码，不脱敏';
COMMENT ON COLUMN ops.legs.call_started_at IS 'When the call began; filter by it / 呼叫开始时间，请按此过滤';
COMMENT ON COLUMN ops.legs.started_at IS 'When dialling began, or the call came in / 开始呼叫或呼入的时间';
COMMENT ON COLUMN ops.legs.ringing_at IS 'When it rang / 振铃时间';
COMMENT ON COLUMN ops.legs.answered_at IS 'When it was answered; leg A of private number: when B answered / 应答时间';
COMMENT ON COLUMN ops.legs.ended_at IS 'End of the call; NULL while it is in progress / 结束时间；通话中为空';
COMMENT ON COLUMN ops.legs.post_dial_delay_seconds IS 'Seconds from dialling to ringing, else to the answer / 拨号到振铃（或应答）的秒数';
COMMENT ON COLUMN ops.legs.seconds IS 'Seconds from the answer to the end; NULL when not answered / 接通秒数';
COMMENT ON COLUMN ops.legs.billed_minutes IS 'Started minutes, at least one; NULL when not answered / 计费分钟数';
COMMENT ON COLUMN ops.legs.q850 IS 'Q.850 cause / Q.850 原因值';
COMMENT ON COLUMN ops.legs.has_cdr IS 'Whether a CDR has come / 是否已收到话单';

CREATE VIEW ops.missing_cdrs (
  day -- date
  call_ref -- text
  session_id -- text
  app_key -- text
  scenario -- text
  started_at -- timestamp with time zone
  ended_at -- timestamp with time zone
  last_event_at -- timestamp with time zone
  presumed -- boolean
  resends_left -- integer
);
COMMENT ON VIEW ops.missing_cdrs IS 'Calls that ended without a CDR: a disconnect for every leg and ten minutes gone, or no event for 25 hours; only apps that had CDRs in the week before. Give a day / 已结束但缺话单的呼叫：各段均已挂机且过去十分钟，或 25 小时无事件；仅统计前一周内有话单的应用。查询请限定 day';
COMMENT ON COLUMN ops.missing_cdrs.day IS 'Day in Asia/Shanghai; filter by it / 北京时间日期，请按此过滤';
COMMENT ON COLUMN ops.missing_cdrs.call_ref IS 'Reference of the call, the same in every view: for joining, grouping and ops.ask_reveal / 呼叫引用，各视图一致，可用于关联与申请查看';
COMMENT ON COLUMN ops.missing_cdrs.session_id IS 'The platform''s id of the call; NULL when it holds a phone number: use call_ref / 会话标识；含号码时为空，请用 call_ref';
COMMENT ON COLUMN ops.missing_cdrs.app_key IS 'appKey of the application; of an event the verified signer''s, else that of the CDR / 应用的 appKey';
COMMENT ON COLUMN ops.missing_cdrs.scenario IS 'click2Call, callnotify, callVerify, privateNumber; playback = notification or verification; NULL = not known / 业务场景；playback 为语音通知或语音验证码';
COMMENT ON COLUMN ops.missing_cdrs.started_at IS 'When dialling began, or the call came in / 开始呼叫或呼入的时间';
COMMENT ON COLUMN ops.missing_cdrs.ended_at IS 'Last disconnect; NULL when presumed / 挂机时间；推定时为空';
COMMENT ON COLUMN ops.missing_cdrs.last_event_at IS 'Last event seen / 最后事件时间';
COMMENT ON COLUMN ops.missing_cdrs.presumed IS 'No disconnect was seen for every leg, but 25 hours have gone / 未见全部挂机，按 25 小时无事件推定';
COMMENT ON COLUMN ops.missing_cdrs.resends_left IS 'At most so many more times the platform will send the CDR / 平台最多还会重推的次数';

CREATE VIEW ops.placed_calls (
  id -- bigint
  placed_at -- timestamp with time zone
  call_ref -- text
  session_id -- text
  app_key -- text
  scenario -- text
  display_nbr -- text
  callee_nbr -- text
  callee_ref -- text
  user_data -- text
  http_status -- integer
  result_code -- text
  result_desc -- text
  erased_at -- timestamp with time zone
);
COMMENT ON VIEW ops.placed_calls IS 'Calls placed from here, masked / 经本系统发起的呼叫（已脱敏）';
COMMENT ON COLUMN ops.placed_calls.id IS 'Number of the row / 编号';
COMMENT ON COLUMN ops.placed_calls.placed_at IS 'When it was asked for / 发起时间';
COMMENT ON COLUMN ops.placed_calls.call_ref IS 'Reference of the call, the same in every view: for joining, grouping and ops.ask_reveal / 呼叫引用，各视图一致，可用于关联与申请查看';
COMMENT ON COLUMN ops.placed_calls.session_id IS 'The platform''s id of the call; NULL when it holds a phone number: use call_ref / 会话标识；含号码时为空，请用 call_ref';
COMMENT ON COLUMN ops.placed_calls.app_key IS 'appKey of the application; of an event the verified signer''s, else that of the CDR / 应用的 appKey';
COMMENT ON COLUMN ops.placed_calls.scenario IS 'click2Call, callnotify, callVerify, privateNumber; playback = notification or verification; NULL = not known / 业务场景；playback 为语音通知或语音验证码';
COMMENT ON COLUMN ops.placed_calls.display_nbr IS 'Number shown to the callee, masked / 主显号码（脱敏）';
COMMENT ON COLUMN ops.placed_calls.callee_nbr IS 'Number called, masked / 被叫号码（脱敏）';
COMMENT ON COLUMN ops.placed_calls.callee_ref IS 'Reference of the number called / 被叫号码引用';
COMMENT ON COLUMN ops.placed_calls.user_data IS '*** when the request had userData / 有 userData 时为 ***';
COMMENT ON COLUMN ops.placed_calls.http_status IS 'HTTP status of the answer; NULL when none came / 平台应答的 HTTP 状态码';
COMMENT ON COLUMN ops.placed_calls.result_code IS 'resultcode of the answer, 0 = success / 结果码';
COMMENT ON COLUMN ops.placed_calls.result_desc IS 'resultdesc of the answer, long digits covered / 结果描述';
COMMENT ON COLUMN ops.placed_calls.erased_at IS 'When personal data were erased / 个人信息清除时间';

CREATE VIEW ops.q850_causes (
  code -- integer
  en -- text
  zh -- text
  outcome -- text
);
COMMENT ON VIEW ops.q850_causes IS 'Q.850 causes of legs that were not answered / Q.850 原因值';
COMMENT ON COLUMN ops.q850_causes.code IS 'The code as the platform sends it / 平台发送的代码';
COMMENT ON COLUMN ops.q850_causes.en IS 'Meaning in English / 英文含义';
COMMENT ON COLUMN ops.q850_causes.zh IS 'Meaning in Chinese / 中文含义';
COMMENT ON COLUMN ops.q850_causes.outcome IS 'How an unanswered call with this code ended; NULL when the code only points elsewhere / 未接通时对应的结果；仅指向其他代码时为空';

CREATE VIEW ops.quarantine_open (
  id -- bigint
  kind -- text
  reason -- text
  record_index -- integer
  body_size -- integer
  first_seen_at -- timestamp with time zone
  last_seen_at -- timestamp with time zone
  seen_count -- integer
  app_key -- text
  errors -- jsonb
  skeleton -- jsonb
);
COMMENT ON VIEW ops.quarantine_open IS 'Records and bodies that could not be stored and wait for somebody; shape only / 待处理的隔离记录，仅显示结构';
COMMENT ON COLUMN ops.quarantine_open.id IS 'Number of the entry / 编号';
COMMENT ON COLUMN ops.quarantine_open.kind IS 'status, fee, unknown (unreadable) or unauthenticated / 类别';
COMMENT ON COLUMN ops.quarantine_open.reason IS 'Short code of the reason; conflict = a CDR with the key of a stored one and other content / 原因代码；conflict 为同键不同内容的话单';
COMMENT ON COLUMN ops.quarantine_open.record_index IS 'Place in feeLst, from 0; NULL for a status event or a whole body / 在 feeLst 中的序号';
COMMENT ON COLUMN ops.quarantine_open.body_size IS 'Bytes of the original, of which body may be only the beginning / 原文字节数';
COMMENT ON COLUMN ops.quarantine_open.first_seen_at IS 'When the callback first came; a replayed record is stored with it as received_at / 首次收到时间，重放时作为 received_at';
COMMENT ON COLUMN ops.quarantine_open.last_seen_at IS 'When the same came last / 最近收到时间';
COMMENT ON COLUMN ops.quarantine_open.seen_count IS 'How often it came / 收到次数';
COMMENT ON COLUMN ops.quarantine_open.app_key IS 'appKey of the verified signature / 验签通过的 appKey';
COMMENT ON COLUMN ops.quarantine_open.errors IS 'Places of the errors, never values / 出错位置';
COMMENT ON COLUMN ops.quarantine_open.skeleton IS 'Names, types and lengths of the body; NULL when it is no JSON / 结构骨架';

CREATE VIEW ops.recordings (
  call_ref -- text
  session_id -- text
  app_key -- text
  scenario -- text
  bind_num -- text
  call_started_at -- timestamp with time zone
  recording_started_at -- timestamp with time zone
  ended_at -- timestamp with time zone
  likely_gone -- boolean
);
COMMENT ON VIEW ops.recordings IS 'Calls that were recorded; the address is shown by ops.reveal only / 有录音的呼叫，录音地址仅可经 ops.reveal 查看';
COMMENT ON COLUMN ops.recordings.call_ref IS 'Reference of the call, the same in every view: for joining, grouping and ops.ask_reveal / 呼叫引用，各视图一致，可用于关联与申请查看';
COMMENT ON COLUMN ops.recordings.session_id IS 'The platform''s id of the call; NULL when it holds a phone number: use call_ref / 会话标识；含号码时为空，请用 call_ref';
COMMENT ON COLUMN ops.recordings.app_key IS 'appKey of the application; of an event the verified signer''s, else that of the CDR / 应用的 appKey';
COMMENT ON COLUMN ops.recordings.scenario IS 'click2Call, callnotify, callVerify, privateNumber; playback = notification or verification; NULL = not known / 业务场景；playback 为语音通知或语音验证码';
COMMENT ON COLUMN ops.recordings.bind_num IS 'The company''s own number that placed the call, shown whole / 企业绑定号码，不脱敏';
COMMENT ON COLUMN ops.recordings.call_started_at IS 'When the call began; filter by it / 呼叫开始时间，请按此过滤';
COMMENT ON COLUMN ops.recordings.recording_started_at IS 'When recording began / 录音开始时间';
COMMENT ON COLUMN ops.recordings.ended_at IS 'End of the call; filter by it / 呼叫结束时间，请按此过滤';
COMMENT ON COLUMN ops.recordings.likely_gone IS 'Older than the 7 days for which the platform keeps recordings / 已超过平台 7 天保存期';

CREATE VIEW ops.release_points (
  code -- integer
  en -- text
  zh -- text
  outcome -- text
);
COMMENT ON VIEW ops.release_points IS 'Release points of CDRs / 呼叫拆线点';
COMMENT ON COLUMN ops.release_points.code IS 'The code as the platform sends it / 平台发送的代码';
COMMENT ON COLUMN ops.release_points.en IS 'Meaning in English / 英文含义';
COMMENT ON COLUMN ops.release_points.zh IS 'Meaning in Chinese / 中文含义';
COMMENT ON COLUMN ops.release_points.outcome IS 'How an unanswered call with this code ended; NULL when the code only points elsewhere / 未接通时对应的结果；仅指向其他代码时为空';

CREATE VIEW ops.repeated_cdrs (
  call_ref -- text
  session_id -- text
  app_key -- text
  icid -- text
  cdr_time -- timestamp with time zone
  call_end_time -- timestamp with time zone
  ul_fail_reason -- integer
  seconds -- integer
  received_at -- timestamp with time zone
  counts -- boolean
  cdr_count -- bigint
);
COMMENT ON VIEW ops.repeated_cdrs IS 'Sessions with more than one CDR: corrections, and the same call reported twice. Give a range of cdr_time / 同一会话的多条话单。查询请限定 cdr_time 范围';
COMMENT ON COLUMN ops.repeated_cdrs.call_ref IS 'Reference of the call, the same in every view: for joining, grouping and ops.ask_reveal / 呼叫引用，各视图一致，可用于关联与申请查看';
COMMENT ON COLUMN ops.repeated_cdrs.session_id IS 'The platform''s id of the call; NULL when it holds a phone number: use call_ref / 会话标识；含号码时为空，请用 call_ref';
COMMENT ON COLUMN ops.repeated_cdrs.app_key IS 'appKey of the application; of an event the verified signer''s, else that of the CDR / 应用的 appKey';
COMMENT ON COLUMN ops.repeated_cdrs.icid IS 'The platform''s id of the CDR; *** when it seems to hold a number / 话单标识；疑似含号码时为 ***';
COMMENT ON COLUMN ops.repeated_cdrs.cdr_time IS 'Time of the CDR; filter by it / 话单时间，请按此过滤';
COMMENT ON COLUMN ops.repeated_cdrs.call_end_time IS 'End of the call, in all scenarios / 呼叫结束时间';
COMMENT ON COLUMN ops.repeated_cdrs.ul_fail_reason IS 'Release point (ulFailReason table), 0 = normal; in all scenarios / 呼叫拆线点';
COMMENT ON COLUMN ops.repeated_cdrs.seconds IS 'Seconds from the answer to the end / 接通秒数';
COMMENT ON COLUMN ops.repeated_cdrs.received_at IS 'When the callback came / 收到回调的时间';
COMMENT ON COLUMN ops.repeated_cdrs.counts IS 'Whether it is the one that ops.calls shows / 是否为生效的话单';
COMMENT ON COLUMN ops.repeated_cdrs.cdr_count IS 'CDRs of the session; the last one received counts / 该会话的话单数，以最后收到的为准';

CREATE VIEW ops.reveals (
  asked_at -- timestamp with time zone
  asked_by -- text
  call_ref -- text
  why -- text
  revealed_at -- timestamp with time zone
);
COMMENT ON VIEW ops.reveals IS 'Who asked to see numbers, when and why / 号码明文查看记录';
COMMENT ON COLUMN ops.reveals.asked_at IS 'When / 申请时间';
COMMENT ON COLUMN ops.reveals.asked_by IS 'Login that asked / 申请人（登录名）';
COMMENT ON COLUMN ops.reveals.call_ref IS 'Reference of the call, the same in every view: for joining, grouping and ops.ask_reveal / 呼叫引用，各视图一致，可用于关联与申请查看';
COMMENT ON COLUMN ops.reveals.why IS 'Reason given, long digits covered / 申请理由';
COMMENT ON COLUMN ops.reveals.revealed_at IS 'When the numbers were first shown, unless that was rolled back / 首次查看时间';

CREATE VIEW ops.service_types (
  code -- text
  en -- text
  zh -- text
  scenario -- text
);
COMMENT ON VIEW ops.service_types IS 'Service types of CDRs / 业务类型';
COMMENT ON COLUMN ops.service_types.code IS 'The code as the platform sends it / 平台发送的代码';
COMMENT ON COLUMN ops.service_types.en IS 'Meaning in English / 英文含义';
COMMENT ON COLUMN ops.service_types.zh IS 'Meaning in Chinese / 中文含义';
COMMENT ON COLUMN ops.service_types.scenario IS 'click2Call, callnotify, callVerify, privateNumber; playback = notification or verification; NULL = not known / 业务场景；playback 为语音通知或语音验证码';

CREATE VIEW ops.silence (
  hour -- timestamp with time zone
  kind -- text
  callbacks -- bigint
  expected -- double precision
  silent -- boolean
);
COMMENT ON VIEW ops.silence IS 'The last 48 full hours: how much came, and the median of the same weekday and hour of four weeks / 最近 48 小时的到达量与前四周同一时段的中位数';
COMMENT ON COLUMN ops.silence.hour IS 'Beginning of the hour / 小时起点';
COMMENT ON COLUMN ops.silence.kind IS 'status = call status event, fee = CDR / 类别：状态或话单';
COMMENT ON COLUMN ops.silence.callbacks IS 'Events or CDRs of the hour / 该小时条数';
COMMENT ON COLUMN ops.silence.expected IS 'Median of the same hour 1 to 4 weeks before / 前四周同一时段中位数';
COMMENT ON COLUMN ops.silence.silent IS 'Nothing came although 20 or more were expected / 预期不少于 20 条却为 0';

CREATE VIEW ops.subscriptions (
  app_key -- text
  name -- text
  sessions -- bigint
  events -- bigint
  cdrs -- bigint
  last_event_at -- timestamp with time zone
  last_cdr_at -- timestamp with time zone
  finding -- text
);
COMMENT ON VIEW ops.subscriptions IS 'Which kinds of callback came for each app in the last week / 各应用最近一周收到的回调种类';
COMMENT ON COLUMN ops.subscriptions.app_key IS 'appKey of the application; of an event the verified signer''s, else that of the CDR / 应用的 appKey';
COMMENT ON COLUMN ops.subscriptions.name IS 'Name of the application / 应用名称';
COMMENT ON COLUMN ops.subscriptions.sessions IS 'Sessions seen in the last 7 days / 最近 7 天会话数';
COMMENT ON COLUMN ops.subscriptions.events IS 'Events / 状态事件数';
COMMENT ON COLUMN ops.subscriptions.cdrs IS 'CDRs / 话单数';
COMMENT ON COLUMN ops.subscriptions.last_event_at IS 'Last event of these days / 最近事件时间';
COMMENT ON COLUMN ops.subscriptions.last_cdr_at IS 'Last CDR of these days / 最近话单时间';
COMMENT ON COLUMN ops.subscriptions.finding IS 'What that means / 结论';

CREATE VIEW rtc.all_calls (
  session_id -- text
  has_cdr -- boolean
  superseded -- boolean
  has_events -- boolean
  cdr_count -- bigint
  icid -- text
  app_key -- text
  bind_num -- text
  scenario -- text
  is_private -- boolean
  has_b -- boolean
  a_num -- text
  b_num -- text
  shown_to_a -- text
  shown_to_b -- text
  started_at -- timestamp with time zone
  ringing_at -- timestamp with time zone
  answered_at -- timestamp with time zone
  ended_at -- timestamp with time zone
  last_seen_at -- timestamp with time zone
  received_at -- timestamp with time zone
  a_started_at -- timestamp with time zone
  a_ringing_at -- timestamp with time zone
  a_answered_at -- timestamp with time zone
  a_ended_at -- timestamp with time zone
  b_started_at -- timestamp with time zone
  b_ringing_at -- timestamp with time zone
  b_answered_at -- timestamp with time zone
  b_ended_at -- timestamp with time zone
  a_there -- boolean
  a_delay -- integer
  a_seconds -- integer
  a_minutes -- integer
  b_there -- boolean
  b_delay -- integer
  b_seconds -- integer
  b_minutes -- integer
  ring_seconds -- integer
  talk_seconds -- integer
  post_dial_delay_seconds -- integer
  outcome -- text
  reason -- text
  release_point -- integer
  a_q850 -- integer
  b_q850 -- integer
  sip_status -- integer
  state_code -- integer
  hung_up_by -- text
  digits -- text
  has_recording -- boolean
  recording_started_at -- timestamp with time zone
);
COMMENT ON VIEW rtc.all_calls IS 'One row per CDR and one per session seen in events, unmasked; superseded = a later one tells of the same call; internal / 呼叫明细（未脱敏，内部使用）';

CREATE VIEW rtc.call_legs (
  session_id -- text
  has_cdr -- boolean
  superseded -- boolean
  app_key -- text
  scenario -- text
  bind_num -- text
  call_started_at -- timestamp with time zone
  call_ended_at -- timestamp with time zone
  leg -- text
  is_there -- boolean
  num -- text
  shown -- text
  started_at -- timestamp with time zone
  ringing_at -- timestamp with time zone
  answered_at -- timestamp with time zone
  ended_at -- timestamp with time zone
  q850 -- integer
  post_dial_delay_seconds -- integer
  seconds -- integer
  billed_minutes -- integer
);
COMMENT ON VIEW rtc.call_legs IS 'Legs of rtc.all_calls; internal / 呼叫的各段（内部使用）';

CREATE VIEW rtc.day_calls (
  day -- date
  day_start -- timestamp with time zone
  day_end -- timestamp with time zone
  session_id -- text
  has_cdr -- boolean
  superseded -- boolean
  has_events -- boolean
  cdr_count -- bigint
  icid -- text
  app_key -- text
  bind_num -- text
  scenario -- text
  is_private -- boolean
  has_b -- boolean
  a_num -- text
  b_num -- text
  shown_to_a -- text
  shown_to_b -- text
  started_at -- timestamp with time zone
  ringing_at -- timestamp with time zone
  answered_at -- timestamp with time zone
  ended_at -- timestamp with time zone
  last_seen_at -- timestamp with time zone
  received_at -- timestamp with time zone
  a_started_at -- timestamp with time zone
  a_ringing_at -- timestamp with time zone
  a_answered_at -- timestamp with time zone
  a_ended_at -- timestamp with time zone
  b_started_at -- timestamp with time zone
  b_ringing_at -- timestamp with time zone
  b_answered_at -- timestamp with time zone
  b_ended_at -- timestamp with time zone
  a_there -- boolean
  a_delay -- integer
  a_seconds -- integer
  a_minutes -- integer
  b_there -- boolean
  b_delay -- integer
  b_seconds -- integer
  b_minutes -- integer
  ring_seconds -- integer
  talk_seconds -- integer
  post_dial_delay_seconds -- integer
  outcome -- text
  reason -- text
  release_point -- integer
  a_q850 -- integer
  b_q850 -- integer
  sip_status -- integer
  state_code -- integer
  hung_up_by -- text
  digits -- text
  has_recording -- boolean
  recording_started_at -- timestamp with time zone
);
COMMENT ON VIEW rtc.day_calls IS 'rtc.all_calls by the day on which a call began, without superseded ones; internal / 按日的呼叫明细（内部使用）';

CREATE VIEW rtc.days (
  day -- date
  day_start -- timestamp with time zone
  day_end -- timestamp with time zone
);
COMMENT ON VIEW rtc.days IS 'Days in Asia/Shanghai of months that have rows; internal / 有数据月份的北京时间日期（内部使用）';

CREATE VIEW rtc.masked_calls (
  call_ref -- text
  session_id -- text
  app_key -- text
  scenario -- text
  a_number -- text
  b_number -- text
  shown_to_a -- text
  shown_to_b -- text
  a_ref -- text
  b_ref -- text
  bind_num -- text
  started_at -- timestamp with time zone
  ringing_at -- timestamp with time zone
  answered_at -- timestamp with time zone
  ended_at -- timestamp with time zone
  ring_seconds -- integer
  talk_seconds -- integer
  post_dial_delay_seconds -- integer
  outcome -- text
  reason -- text
  release_point -- integer
  a_q850 -- integer
  b_q850 -- integer
  sip_status -- integer
  hung_up_by -- text
  digits -- text
  has_recording -- boolean
  has_events -- boolean
  has_cdr -- boolean
  cdr_count -- bigint
  raw_session_id -- text
  superseded -- boolean
);
COMMENT ON VIEW rtc.masked_calls IS 'rtc.all_calls with masks; internal / 脱敏呼叫（内部使用）';

CREATE VIEW rtc.masked_cdrs (
  call_ref -- text
  session_id -- text
  icid -- text
  cdr_time -- timestamp with time zone
  direction -- integer
  sp_id -- text
  app_key -- text
  service_type -- text
  bind_num -- text
  caller_num -- text
  callee_num -- text
  fwd_display_num -- text
  fwd_dst_num -- text
  caller_ref -- text
  callee_ref -- text
  fwd_dst_ref -- text
  call_in_time -- timestamp with time zone
  call_out_start_time -- timestamp with time zone
  call_out_alerting_time -- timestamp with time zone
  call_out_answer_time -- timestamp with time zone
  call_out_unasw_rsn -- integer
  fwd_start_time -- timestamp with time zone
  fwd_alerting_time -- timestamp with time zone
  fwd_answer_time -- timestamp with time zone
  fwd_unasw_rsn -- integer
  call_end_time -- timestamp with time zone
  fail_time -- timestamp with time zone
  ul_fail_reason -- integer
  sip_status_code -- integer
  dyn_ivr_start_time -- timestamp with time zone
  dyn_ivr_path -- text
  record_flag -- integer
  record_start_time -- timestamp with time zone
  record_domain -- text
  record_bucket_name -- text
  record_object_name -- text
  record_file_download_url -- text
  tts_play_times -- integer
  tts_trans_duration -- integer
  host_name -- text
  user_data -- text
  subscription_id -- text
  extra -- jsonb
  signed_by -- text
  record_key -- uuid
  received_at -- timestamp with time zone
  stored_at -- timestamp with time zone
  erased_at -- timestamp with time zone
  raw_session_id -- text
  superseded -- boolean
);
COMMENT ON VIEW rtc.masked_cdrs IS 'rtc.cdrs with masks; internal / 脱敏话单（内部使用）';

CREATE VIEW rtc.masked_events (
  call_ref -- text
  session_id -- text
  occurred_at -- timestamp with time zone
  event_type -- text
  app_key -- text
  caller -- text
  called -- text
  caller_ref -- text
  called_ref -- text
  state_code -- integer
  reason -- text
  state_desc -- text
  party_type -- text
  digits -- text
  user_data -- text
  extra -- jsonb
  signed_by -- text
  event_key -- uuid
  received_at -- timestamp with time zone
  stored_at -- timestamp with time zone
  erased_at -- timestamp with time zone
  raw_session_id -- text
  superseded -- boolean
);
COMMENT ON VIEW rtc.masked_events IS 'rtc.call_events with masks; internal / 脱敏事件（内部使用）';

CREATE VIEW rtc.masked_legs (
  call_ref -- text
  session_id -- text
  app_key -- text
  scenario -- text
  leg -- text
  number -- text
  number_ref -- text
  shown_number -- text
  bind_num -- text
  call_started_at -- timestamp with time zone
  started_at -- timestamp with time zone
  ringing_at -- timestamp with time zone
  answered_at -- timestamp with time zone
  ended_at -- timestamp with time zone
  post_dial_delay_seconds -- integer
  seconds -- integer
  billed_minutes -- integer
  q850 -- integer
  has_cdr -- boolean
  raw_session_id -- text
  superseded -- boolean
);
COMMENT ON VIEW rtc.masked_legs IS 'rtc.call_legs with masks; internal / 脱敏的各段（内部使用）';

CREATE OR REPLACE FUNCTION ops.ask_reveal(call_ref text, why text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_variable
DECLARE
  hourly CONSTANT integer := 30;
  asked integer;
  given uuid;
BEGIN
  IF call_ref IS NULL OR call_ref !~ '^[0-9a-f]{16}$' THEN
    RAISE 'ops.ask_reveal: a call_ref has 16 hex digits' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF why IS NULL OR length(trim(why)) < 5 OR length(why) > 500 THEN
    RAISE 'ops.ask_reveal: say why, in 5 to 500 characters' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- One at a time per login: asks of open transactions do not count each other.
  PERFORM pg_advisory_xact_lock(hashtextextended('rtc.reveals ' || session_user, 0));
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
$function$;
REVOKE EXECUTE ON FUNCTION ops.ask_reveal(call_ref text, why text) FROM PUBLIC;
COMMENT ON FUNCTION ops.ask_reveal(call_ref text, why text) IS 'Asks to see the numbers of a call and says why; gives a ticket for ops.reveal. At most 30 an hour for each login / 申请查看号码明文并说明理由，返回凭据；每个登录名每小时最多 30 次';

CREATE OR REPLACE FUNCTION ops.call_stats("from" timestamp with time zone, "to" timestamp with time zone, bucket text DEFAULT 'day'::text, time_zone text DEFAULT 'Asia/Shanghai'::text)
 RETURNS TABLE(bucket_start timestamp with time zone, app_key text, scenario text, bind_num text, attempts bigint, answered bigint, asr numeric, effective bigint, ner numeric, busy bigint, no_answer bigint, rejected bigint, unreachable bigint, cancelled bigint, failed bigint, unknown bigint, in_progress bigint, talk_seconds bigint, acd_seconds numeric, legs bigint, legs_answered bigint, leg_asr numeric, post_dial_delay_p50 numeric, post_dial_delay_p95 numeric, billed_minutes bigint)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET jit TO 'off'
 SET work_mem TO '64MB'
AS $function$
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
$function$;
REVOKE EXECUTE ON FUNCTION ops.call_stats("from" timestamp with time zone, "to" timestamp with time zone, bucket text, time_zone text) FROM PUBLIC;
COMMENT ON FUNCTION ops.call_stats("from" timestamp with time zone, "to" timestamp with time zone, bucket text, time_zone text) IS 'Calls that began in a range, by bucket (hour, day, week, month, or a length as 15 minutes) of a time zone, app, scenario and bind_num. attempts: calls that are over; answered, asr = answered / attempts; effective = answered + busy + no_answer + rejected + unreachable, ner = effective / attempts; talk_seconds, acd_seconds = talk_seconds / answered; legs, legs_answered, leg_asr: the same by leg, as the platform''s console counts; post_dial_delay_p50, _p95: seconds from dialling to ringing, per leg; billed_minutes of both legs / 按时间段、应用、场景与绑定号码统计呼叫：attempts 为已结束呼叫数，asr 为接通率，ner 为网络有效率，acd_seconds 为平均通话秒数，legs 各列按段统计（与平台控制台一致），post_dial_delay 为拨号到振铃秒数，billed_minutes 为计费分钟';

CREATE OR REPLACE FUNCTION ops.calls_by_user_data(user_data text, "from" timestamp with time zone DEFAULT (now() - '30 days'::interval), "to" timestamp with time zone DEFAULT (now() + '1 day'::interval))
 RETURNS SETOF ops.calls
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET jit TO 'off'
AS $function$
DECLARE
  wanted CONSTANT text := user_data;
  until CONSTANT timestamptz := "to" + interval '26 hours';
  sessions text[];
BEGIN
  sessions := ARRAY(
    SELECT c.session_id FROM rtc.cdrs c
    WHERE left(c.user_data, 64) = left(wanted, 64) AND c.user_data = wanted AND c.cdr_time >= "from" AND c.cdr_time < until
    UNION
    SELECT e.session_id FROM rtc.call_events e
    WHERE left(e.user_data, 64) = left(wanted, 64) AND e.user_data = wanted AND e.event_type = 'callout'
      AND e.occurred_at >= "from" AND e.occurred_at < until);
  RAISE LOG 'rtc: % looked up the calls of a userData: % sessions', session_user, cardinality(sessions);
  RETURN QUERY SELECT * FROM rtc.calls_of_sessions(sessions, "from", "to");
END
$function$;
REVOKE EXECUTE ON FUNCTION ops.calls_by_user_data(user_data text, "from" timestamp with time zone, "to" timestamp with time zone) FROM PUBLIC;
COMMENT ON FUNCTION ops.calls_by_user_data(user_data text, "from" timestamp with time zone, "to" timestamp with time zone) IS 'Masked calls of a userData that you know already; the last 30 days unless told otherwise. Logged / 按已知 userData 查询呼叫（结果脱敏），默认最近 30 天；有日志';

CREATE OR REPLACE FUNCTION ops.calls_of(number text, "from" timestamp with time zone DEFAULT (now() - '30 days'::interval), "to" timestamp with time zone DEFAULT (now() + '1 day'::interval))
 RETURNS SETOF ops.calls
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET jit TO 'off'
AS $function$
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
$function$;
REVOKE EXECUTE ON FUNCTION ops.calls_of(number text, "from" timestamp with time zone, "to" timestamp with time zone) FROM PUBLIC;
COMMENT ON FUNCTION ops.calls_of(number text, "from" timestamp with time zone, "to" timestamp with time zone) IS 'Masked calls of a number that you know already, however it was written; the last 30 days unless told otherwise. Logged / 按已知号码查询呼叫（结果脱敏），默认最近 30 天；有日志';

CREATE OR REPLACE FUNCTION ops.failures("from" timestamp with time zone, "to" timestamp with time zone, of_app text DEFAULT NULL::text, of_bind_num text DEFAULT NULL::text)
 RETURNS TABLE(outcome text, reason text, release_point integer, a_q850 integer, b_q850 integer, sip_status integer, state_code integer, calls bigint, share numeric, first_at timestamp with time zone, last_at timestamp with time zone)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET jit TO 'off'
 SET work_mem TO '64MB'
AS $function$
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
$function$;
REVOKE EXECUTE ON FUNCTION ops.failures("from" timestamp with time zone, "to" timestamp with time zone, of_app text, of_bind_num text) FROM PUBLIC;
COMMENT ON FUNCTION ops.failures("from" timestamp with time zone, "to" timestamp with time zone, of_app text, of_bind_num text) IS 'Why the calls that began in a range were not answered: outcome, reason in both languages, all codes, calls, share of the failures listed, first_at and last_at; of one app or bind_num if wanted / 未接通原因统计：结果、中英文原因、各代码、次数、占比、首末时间，可限定应用或绑定号码';

CREATE OR REPLACE FUNCTION ops.reveal(ticket uuid, started_at timestamp with time zone DEFAULT NULL::timestamp with time zone)
 RETURNS TABLE(call_ref text, session_id text, a_number text, b_number text, shown_to_a text, shown_to_b text, user_data text, digits text, recording text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
DECLARE
  asked rtc.reveals;
  ref_key bytea;
  newest timestamptz;
  oldest timestamptz;
  upper_bound timestamptz;
  lower_bound timestamptz;
  found_session text;
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

  SELECT k.key INTO STRICT ref_key FROM rtc.keys k WHERE k.purpose = 'ref';
  IF reveal.started_at IS NOT NULL THEN
    newest := reveal.started_at + interval '26 hours';
    oldest := reveal.started_at - interval '1 hour';
  ELSE
    SELECT greatest((SELECT max(cdr_time) FROM rtc.cdrs), (SELECT max(occurred_at) FROM rtc.call_events)) + interval '1 second',
        least((SELECT min(cdr_time) FROM rtc.cdrs), (SELECT min(occurred_at) FROM rtc.call_events))
      INTO newest, oldest;
  END IF;
  upper_bound := newest;
  WHILE found_session IS NULL AND upper_bound > oldest LOOP
    lower_bound := upper_bound - interval '31 days';
    SELECT c.session_id INTO found_session FROM rtc.cdrs c
    WHERE c.cdr_time >= lower_bound AND c.cdr_time < upper_bound AND rtc.ref(ref_key, 'session', c.session_id) = asked.call_ref LIMIT 1;
    IF found_session IS NULL THEN
      SELECT e.session_id INTO found_session FROM rtc.call_events e
      WHERE e.occurred_at >= lower_bound AND e.occurred_at < upper_bound AND rtc.ref(ref_key, 'session', e.session_id) = asked.call_ref LIMIT 1;
    END IF;
    upper_bound := lower_bound;
  END LOOP;

  RETURN QUERY
  SELECT asked.call_ref, a.session_id, a.a_num, a.b_num, a.shown_to_a, a.shown_to_b,
    coalesce(
      (SELECT max(c.user_data) FROM rtc.cdrs c WHERE c.session_id = a.session_id AND c.icid = a.icid AND c.cdr_time = a.ended_at),
      (SELECT max(e.user_data) FROM rtc.call_events e WHERE e.session_id = a.session_id)),
    coalesce(
      (SELECT string_agg(e.digit_info, ' ' ORDER BY e.occurred_at, e.received_at) FROM rtc.call_events e WHERE e.session_id = a.session_id),
      (SELECT max(c.dyn_ivr_path) FROM rtc.cdrs c WHERE c.session_id = a.session_id)),
    (SELECT max(coalesce(c.record_file_download_url, concat_ws('/', c.record_domain, c.record_bucket_name, c.record_object_name)))
      FROM rtc.cdrs c WHERE c.session_id = a.session_id AND c.record_flag = 1)
  FROM rtc.all_calls a
  WHERE a.session_id = found_session AND NOT a.superseded;
END
$function$;
REVOKE EXECUTE ON FUNCTION ops.reveal(ticket uuid, started_at timestamp with time zone) FROM PUBLIC;
COMMENT ON FUNCTION ops.reveal(ticket uuid, started_at timestamp with time zone) IS 'Shows the numbers, userData, keys and recording address of the call, in a later transaction, for ten minutes, to the login that asked; started_at of the call makes it fast / 凭凭据查看号码、userData、按键与录音地址：须在申请提交之后的事务中、十分钟内、由同一登录名执行；给出 started_at 可加快查找';

CREATE OR REPLACE FUNCTION ops.skeleton(body bytea)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE PARALLEL RESTRICTED
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  RETURN ops.skeleton(convert_from(body, 'UTF8')::jsonb, 0);
EXCEPTION WHEN OTHERS THEN
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION ops.skeleton(body bytea) IS 'The same of a body; NULL when it is no JSON / 请求体结构骨架，非 JSON 时为空';

CREATE OR REPLACE FUNCTION ops.skeleton(value jsonb, depth integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
COMMENT ON FUNCTION ops.skeleton(value jsonb, depth integer) IS 'Names, types and lengths of a JSON value / JSON 结构骨架，不含内容';

CREATE OR REPLACE FUNCTION rtc.bill_of("from" timestamp with time zone, "to" timestamp with time zone, hours timestamp with time zone[])
 RETURNS SETOF rtc.bill_summary
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET jit TO 'off'
 SET work_mem TO '64MB'
AS $function$
DECLARE
  own CONSTANT timestamptz[] := ARRAY(SELECT h FROM unnest(hours) AS h WHERE h >= "from" AND h <= "to" - interval '1 hour');
BEGIN
  RETURN QUERY SELECT s.* FROM rtc.bill_summary s WHERE s.hour = ANY(own);
  IF cardinality(own) * interval '1 hour' = "to" - "from" THEN
    RETURN;
  END IF;
  RETURN QUERY SELECT c.* FROM rtc.gaps("from", "to", own) g CROSS JOIN LATERAL rtc.count_bill(g.gap_start, g.gap_end) c;
END
$function$;
REVOKE EXECUTE ON FUNCTION rtc.bill_of("from" timestamp with time zone, "to" timestamp with time zone, hours timestamp with time zone[]) FROM PUBLIC;
COMMENT ON FUNCTION rtc.bill_of("from" timestamp with time zone, "to" timestamp with time zone, hours timestamp with time zone[]) IS 'What ops.billing_daily adds up / ops.billing_daily 的数据';

CREATE OR REPLACE FUNCTION rtc.bucket_of(at timestamp with time zone, bucket text, time_zone text)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
  SELECT CASE WHEN bucket ~ '^[a-z]+$' THEN date_trunc(bucket, at AT TIME ZONE time_zone)
    ELSE date_bin(bucket::interval, at AT TIME ZONE time_zone, timestamp '2001-01-01') END AT TIME ZONE time_zone
$function$;
REVOKE EXECUTE ON FUNCTION rtc.bucket_of(at timestamp with time zone, bucket text, time_zone text) FROM PUBLIC;
COMMENT ON FUNCTION rtc.bucket_of(at timestamp with time zone, bucket text, time_zone text) IS 'Beginning of the bucket that a time lies in; internal / 时间所在的桶';

CREATE OR REPLACE FUNCTION rtc.calls_between("from" timestamp with time zone, "to" timestamp with time zone)
 RETURNS SETOF rtc.all_calls
 LANGUAGE sql
 STABLE
AS $function$
  SELECT * FROM rtc.calls_with_cdr("from", "to")
  UNION ALL
  SELECT * FROM rtc.calls_without_cdr("from", "to")
$function$;
REVOKE EXECUTE ON FUNCTION rtc.calls_between("from" timestamp with time zone, "to" timestamp with time zone) FROM PUBLIC;
COMMENT ON FUNCTION rtc.calls_between("from" timestamp with time zone, "to" timestamp with time zone) IS 'rtc.all_calls that began in a range, without superseded ones; internal / 某时段开始的呼叫（内部使用）';

CREATE OR REPLACE FUNCTION rtc.calls_of_sessions(sessions text[], "from" timestamp with time zone, "to" timestamp with time zone)
 RETURNS SETOF ops.calls
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  SELECT m.call_ref, m.session_id, m.app_key, m.scenario, m.a_number, m.b_number, m.shown_to_a, m.shown_to_b, m.a_ref, m.b_ref,
    m.bind_num, m.started_at, m.ringing_at, m.answered_at, m.ended_at, m.ring_seconds, m.talk_seconds,
    m.post_dial_delay_seconds, m.outcome, m.reason, m.release_point, m.a_q850, m.b_q850, m.sip_status, m.hung_up_by,
    m.digits, m.has_recording, m.has_events, m.has_cdr, m.cdr_count
  FROM (SELECT DISTINCT s AS session_id FROM unnest(sessions) AS s) s
  CROSS JOIN LATERAL (
    SELECT * FROM rtc.masked_calls c
    WHERE c.raw_session_id = s.session_id AND NOT c.superseded AND c.started_at >= "from" AND c.started_at < "to"
    OFFSET 0
  ) m
  ORDER BY m.started_at
$function$;
REVOKE EXECUTE ON FUNCTION rtc.calls_of_sessions(sessions text[], "from" timestamp with time zone, "to" timestamp with time zone) FROM PUBLIC;
COMMENT ON FUNCTION rtc.calls_of_sessions(sessions text[], "from" timestamp with time zone, "to" timestamp with time zone) IS 'Masked calls of some sessions; internal / 指定会话的脱敏呼叫（内部使用）';

CREATE OR REPLACE FUNCTION rtc.calls_with_cdr("from" timestamp with time zone, "to" timestamp with time zone)
 RETURNS SETOF rtc.all_calls
 LANGUAGE sql
 STABLE
AS $function$
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
$function$;
REVOKE EXECUTE ON FUNCTION rtc.calls_with_cdr("from" timestamp with time zone, "to" timestamp with time zone) FROM PUBLIC;
COMMENT ON FUNCTION rtc.calls_with_cdr("from" timestamp with time zone, "to" timestamp with time zone) IS 'Calls with a CDR that began in a range; internal / 某时段开始且有话单的呼叫（内部使用）';

CREATE OR REPLACE FUNCTION rtc.calls_without_cdr("from" timestamp with time zone, "to" timestamp with time zone)
 RETURNS SETOF rtc.all_calls
 LANGUAGE sql
 STABLE
AS $function$
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
$function$;
REVOKE EXECUTE ON FUNCTION rtc.calls_without_cdr("from" timestamp with time zone, "to" timestamp with time zone) FROM PUBLIC;
COMMENT ON FUNCTION rtc.calls_without_cdr("from" timestamp with time zone, "to" timestamp with time zone) IS 'Calls without a CDR that began in a range; internal / 某时段开始且无话单的呼叫（内部使用）';

CREATE OR REPLACE FUNCTION rtc.cdrs_without_events_of("from" timestamp with time zone, "to" timestamp with time zone)
 RETURNS TABLE(call_ref text, session_id text, app_key text, bind_num text, ended_at timestamp with time zone, received_at timestamp with time zone)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET jit TO 'off'
 SET work_mem TO '64MB'
AS $function$
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
$function$;
REVOKE EXECUTE ON FUNCTION rtc.cdrs_without_events_of("from" timestamp with time zone, "to" timestamp with time zone) FROM PUBLIC;
COMMENT ON FUNCTION rtc.cdrs_without_events_of("from" timestamp with time zone, "to" timestamp with time zone) IS 'A day of ops.cdrs_without_events / ops.cdrs_without_events 一天的数据';

CREATE OR REPLACE FUNCTION rtc.concurrent_legs_of("from" timestamp with time zone, "to" timestamp with time zone)
 RETURNS TABLE(hour timestamp with time zone, app_key text, peak_legs bigint)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET jit TO 'off'
 SET work_mem TO '64MB'
AS $function$
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
$function$;
REVOKE EXECUTE ON FUNCTION rtc.concurrent_legs_of("from" timestamp with time zone, "to" timestamp with time zone) FROM PUBLIC;
COMMENT ON FUNCTION rtc.concurrent_legs_of("from" timestamp with time zone, "to" timestamp with time zone) IS 'A day of ops.concurrent_legs / ops.concurrent_legs 一天的数据';

CREATE OR REPLACE FUNCTION rtc.count_bill("from" timestamp with time zone, "to" timestamp with time zone)
 RETURNS SETOF rtc.bill_summary
 LANGUAGE sql
 STABLE
AS $function$
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
$function$;
REVOKE EXECUTE ON FUNCTION rtc.count_bill("from" timestamp with time zone, "to" timestamp with time zone) FROM PUBLIC;
COMMENT ON FUNCTION rtc.count_bill("from" timestamp with time zone, "to" timestamp with time zone) IS 'CDRs that ended in a range, counted; internal / 计费计数（内部使用）';

CREATE OR REPLACE FUNCTION rtc.count_calls("from" timestamp with time zone, "to" timestamp with time zone, bucket text, time_zone text)
 RETURNS SETOF rtc.call_summary
 LANGUAGE sql
 STABLE
AS $function$
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
$function$;
REVOKE EXECUTE ON FUNCTION rtc.count_calls("from" timestamp with time zone, "to" timestamp with time zone, bucket text, time_zone text) FROM PUBLIC;
COMMENT ON FUNCTION rtc.count_calls("from" timestamp with time zone, "to" timestamp with time zone, bucket text, time_zone text) IS 'Calls that began in a range, counted; internal / 呼叫计数（内部使用）';

CREATE OR REPLACE FUNCTION rtc.count_records("from" timestamp with time zone, "to" timestamp with time zone)
 RETURNS SETOF rtc.record_summary
 LANGUAGE sql
 STABLE
AS $function$
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
$function$;
REVOKE EXECUTE ON FUNCTION rtc.count_records("from" timestamp with time zone, "to" timestamp with time zone) FROM PUBLIC;
COMMENT ON FUNCTION rtc.count_records("from" timestamp with time zone, "to" timestamp with time zone) IS 'Events and CDRs of a range, counted; internal / 记录计数（内部使用）';

CREATE OR REPLACE FUNCTION rtc.drop_period(partition text, before timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '100ms'
AS $function$
#variable_conflict use_variable
BEGIN
  IF before IS NULL OR before > now() - interval '1 day' THEN
    RAISE 'rtc.drop_period: what is younger than a day stays' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF NOT pg_try_advisory_xact_lock(hashtextextended('rtc.retention', 0)) THEN
    RAISE 'rtc.drop_period: another process is at it' USING ERRCODE = 'lock_not_available';
  END IF;
  PERFORM FROM rtc.periods() p
    WHERE p.partition = drop_period.partition AND p.period_start IS NOT NULL AND p.period_end <= before;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  EXECUTE format('DROP TABLE rtc.%I', partition);
  RETURN true;
END
$function$;
REVOKE EXECUTE ON FUNCTION rtc.drop_period(partition text, before timestamp with time zone) FROM PUBLIC;
COMMENT ON FUNCTION rtc.drop_period(partition text, before timestamp with time zone) IS 'Drops a partition whose rows are all older than a time / 删除早于某时间的整个分区';

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

CREATE OR REPLACE FUNCTION rtc.erased_events(events jsonb)
 RETURNS SETOF uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  SELECT n.event_key
  FROM jsonb_to_recordset(events) AS n (event_key uuid, session_id text, occurred_at timestamp, event_type text,
    state_code integer, caller text, called text, digit_info text, party_type text)
  -- OFFSET 0 keeps it one look-up per event.
  WHERE EXISTS (
    SELECT FROM rtc.call_events e
    WHERE e.session_id = n.session_id AND e.occurred_at = n.occurred_at AT TIME ZONE 'UTC' AND e.erased_at IS NOT NULL
      AND e.event_type = n.event_type AND e.state_code IS NOT DISTINCT FROM n.state_code
      AND (e.caller IS NOT DISTINCT FROM n.caller OR e.caller LIKE '%erased-%')
      AND (e.called IS NOT DISTINCT FROM n.called OR e.called LIKE '%erased-%')
      AND (e.digit_info IS NOT DISTINCT FROM n.digit_info OR e.digit_info LIKE '%erased-%')
      AND (e.party_type IS NOT DISTINCT FROM n.party_type OR e.party_type LIKE '%erased-%')
    OFFSET 0)
$function$;
REVOKE EXECUTE ON FUNCTION rtc.erased_events(events jsonb) FROM PUBLIC;
COMMENT ON FUNCTION rtc.erased_events(events jsonb) IS 'Which of these events were stored before and erased / 判断事件是否为已清除事件的重发';

CREATE OR REPLACE FUNCTION rtc.erased_until()
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$ SELECT to_char(max(events_until) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') FROM rtc.erasures $function$;
REVOKE EXECUTE ON FUNCTION rtc.erased_until() FROM PUBLIC;
COMMENT ON FUNCTION rtc.erased_until() IS 'The latest time that an erased event, or an erased CDR whose key held the number, may have, UTC / 已清除事件及键中含号码的已清除话单的最晚时间';

CREATE OR REPLACE FUNCTION rtc.event_rank(event_type text)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE event_type WHEN 'callin'::text THEN 1 WHEN 'callout'::text THEN 2 WHEN 'alerting'::text THEN 3 WHEN 'answer'::text THEN 4 WHEN 'collectInfo'::text THEN 5 WHEN 'disconnect'::text THEN 7 ELSE 6 END;
COMMENT ON FUNCTION rtc.event_rank(event_type text) IS 'Place of an event in a call / 事件先后次序';

CREATE OR REPLACE FUNCTION rtc.frequent_callees_of("from" timestamp with time zone, "to" timestamp with time zone)
 RETURNS TABLE(callee_ref text, callee text, app_key text, calls bigint, answered bigint, first_at timestamp with time zone, last_at timestamp with time zone)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET jit TO 'off'
 SET work_mem TO '64MB'
AS $function$
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
$function$;
REVOKE EXECUTE ON FUNCTION rtc.frequent_callees_of("from" timestamp with time zone, "to" timestamp with time zone) FROM PUBLIC;
COMMENT ON FUNCTION rtc.frequent_callees_of("from" timestamp with time zone, "to" timestamp with time zone) IS 'A day of ops.frequent_callees / ops.frequent_callees 一天的数据';

CREATE OR REPLACE FUNCTION rtc.gaps("from" timestamp with time zone, "to" timestamp with time zone, hours timestamp with time zone[])
 RETURNS TABLE(gap_start timestamp with time zone, gap_end timestamp with time zone)
 LANGUAGE sql
 STABLE
AS $function$
  SELECT greatest(g.gap_start, d.day_start), least(g.gap_end, d.day_end)
  FROM (
    SELECT coalesce(lag(h + interval '1 hour') OVER (ORDER BY h), "from") AS gap_start, h AS gap_end
    FROM unnest(hours || "to") AS h
  ) g
  JOIN rtc.days d ON d.day_start < g.gap_end AND d.day_end > g.gap_start
  WHERE g.gap_start < g.gap_end
$function$;
REVOKE EXECUTE ON FUNCTION rtc.gaps("from" timestamp with time zone, "to" timestamp with time zone, hours timestamp with time zone[]) FROM PUBLIC;
COMMENT ON FUNCTION rtc.gaps("from" timestamp with time zone, "to" timestamp with time zone, hours timestamp with time zone[]) IS 'What is left of a range without some hours; internal / 时段中未汇总的部分';

CREATE OR REPLACE FUNCTION rtc.histogram("values" integer[])
 RETURNS integer[]
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  SELECT array_agg(p.item ORDER BY h.value, p.place)
  FROM (SELECT v AS value, count(*)::integer AS n FROM unnest("values") AS v WHERE v IS NOT NULL GROUP BY v) h
  CROSS JOIN LATERAL (VALUES (1, h.value), (2, h.n)) AS p (place, item)
$function$;
REVOKE EXECUTE ON FUNCTION rtc.histogram("values" integer[]) FROM PUBLIC;
COMMENT ON FUNCTION rtc.histogram("values" integer[]) IS 'Distinct values with their number; internal / 取值与次数';

CREATE OR REPLACE FUNCTION rtc.holds_number(session_id text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN ((session_id ~ '\+[0-9]|(^|[^0-9])(?!20[0-9]{12}([^0-9]|$))[0-9]{7}'::text) AND (session_id !~ '^([0-9]{1,6}_[0-9]{1,10}_[0-9]{1,10}_[0-9]{14}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})(@[a-zA-Z]([a-zA-Z.-]|[0-9]{1,6}(?![0-9]))*)?$'::text));
COMMENT ON FUNCTION rtc.holds_number(session_id text) IS 'Whether a session id may embed a phone number / 会话标识是否可能含号码';

CREATE OR REPLACE FUNCTION rtc.mask_digits(digits text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (length(translate(digits, '-'::text, ''::text)) > 2) THEN '***'::text ELSE digits END;
COMMENT ON FUNCTION rtc.mask_digits(digits text) IS 'Up to two keys are a choice in a menu, more may be a PIN / 按键脱敏，超过两位可能是密码';

CREATE OR REPLACE FUNCTION rtc.mask_icid(icid text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (icid ~ '\+[0-9]|(^|[^0-9])(00)?(86)?(1[3-9][0-9]{9}|0[0-9]{9,11})([^0-9]|$)'::text) THEN '***'::text ELSE icid END;
COMMENT ON FUNCTION rtc.mask_icid(icid text) IS 'An icid is shown unless it looks as if it held a phone number / 疑似含号码的话单标识脱敏';

CREATE OR REPLACE FUNCTION rtc.mask_number(number text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN ((number IS NULL) OR (number = ''::text)) THEN number WHEN (number ~ '^(\+?86)?1[3-9][0-9]{9}$'::text) THEN (("left"(number, (length(number) - 8)) || '****'::text) || "right"(number, 4)) WHEN (number ~ '^\+?(86)?1[0-9]{2}\*{4}[0-9]{4}$'::text) THEN number WHEN (number ~ '^\+86[0-9]{9,}$'::text) THEN ('+86****'::text || "right"(number, 2)) WHEN (number ~ '^\+?[0-9]{9,}$'::text) THEN ('****'::text || "right"(number, 2)) ELSE '****'::text END;
COMMENT ON FUNCTION rtc.mask_number(number text) IS '+86138****0021; short, foreign and fixed-line numbers show less / 号码脱敏';

CREATE OR REPLACE FUNCTION rtc.mask_number(number text, own text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (number = own) THEN number ELSE rtc.mask_number(number) END;
COMMENT ON FUNCTION rtc.mask_number(number text, own text) IS 'The same; the company''s own number of the record is shown / 号码脱敏，企业自有号码除外';

CREATE OR REPLACE FUNCTION rtc.mask_text(t text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(t, '\+?([0-9０-９]{5,}|[0-9０-９]([ ．.()（）-]{0,2}[0-9０-９]){6,})'::text, '***'::text, 'g'::text);
COMMENT ON FUNCTION rtc.mask_text(t text) IS 'Text in which no run of five digits is left, and none of seven in groups / 遮盖文本中的长数字串';

CREATE OR REPLACE FUNCTION rtc.mask_values(fields jsonb)
 RETURNS jsonb
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (jsonb_typeof(fields) = 'object'::text) THEN (SELECT jsonb_object_agg(rtc.mask_text(name.name), '***') AS jsonb_object_agg FROM jsonb_object_keys(mask_values.fields) name(name)) WHEN (fields IS NOT NULL) THEN '"***"'::jsonb ELSE NULL::jsonb END;
COMMENT ON FUNCTION rtc.mask_values(fields jsonb) IS 'Names of fields without their values / 仅保留字段名';

CREATE OR REPLACE FUNCTION rtc.meanings()
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
  SELECT encode(sha256(convert_to(jsonb_build_array(
    (SELECT jsonb_agg(jsonb_build_array(a.app_key, a.scenario) ORDER BY a.app_key) FROM rtc.apps a),
    (SELECT jsonb_agg(to_jsonb(c) ORDER BY c.code) FROM rtc.hangup_reasons c),
    (SELECT jsonb_agg(to_jsonb(c) ORDER BY c.code) FROM rtc.q850_causes c),
    (SELECT jsonb_agg(to_jsonb(c) ORDER BY c.code) FROM rtc.release_points c),
    (SELECT jsonb_agg(to_jsonb(c) ORDER BY c.code) FROM rtc.service_types c))::text, 'UTF8')), 'hex')
$function$;
REVOKE EXECUTE ON FUNCTION rtc.meanings() FROM PUBLIC;
COMMENT ON FUNCTION rtc.meanings() IS 'Digest of applications and codes; internal / 应用与代码表的摘要（内部使用）';

CREATE OR REPLACE FUNCTION rtc.minutes_between(a timestamp with time zone, b timestamp with time zone)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN ((a IS NOT NULL) AND (b IS NOT NULL)) THEN (LEAST(GREATEST((1)::numeric, ceil((EXTRACT(epoch FROM (b - a)) / (60)::numeric))), (2147483647)::numeric))::integer ELSE NULL::integer END;
COMMENT ON FUNCTION rtc.minutes_between(a timestamp with time zone, b timestamp with time zone) IS 'Started minutes from a to b, at least 1 / 两个时间之间的计费分钟数';

CREATE OR REPLACE FUNCTION rtc.missing_cdrs_of("from" timestamp with time zone, "to" timestamp with time zone, hours timestamp with time zone[])
 RETURNS TABLE(call_ref text, session_id text, app_key text, scenario text, started_at timestamp with time zone, ended_at timestamp with time zone, last_event_at timestamp with time zone, presumed boolean, resends_left integer)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET jit TO 'off'
 SET work_mem TO '64MB'
AS $function$
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
$function$;
REVOKE EXECUTE ON FUNCTION rtc.missing_cdrs_of("from" timestamp with time zone, "to" timestamp with time zone, hours timestamp with time zone[]) FROM PUBLIC;
COMMENT ON FUNCTION rtc.missing_cdrs_of("from" timestamp with time zone, "to" timestamp with time zone, hours timestamp with time zone[]) IS 'A day of ops.missing_cdrs / ops.missing_cdrs 一天的数据';

CREATE OR REPLACE FUNCTION rtc.number_forms(number text)
 RETURNS text[]
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  SELECT ARRAY[number, n.plain, '+' || n.plain, '86' || n.plain, '+86' || n.plain, '00' || n.plain, '0086' || n.plain]
  FROM (SELECT rtc.plain_number(number) AS plain) n
$function$;
REVOKE EXECUTE ON FUNCTION rtc.number_forms(number text) FROM PUBLIC;
COMMENT ON FUNCTION rtc.number_forms(number text) IS 'The ways in which a number may have been written / 号码的各种写法';

CREATE OR REPLACE FUNCTION rtc.periods()
 RETURNS TABLE(parent text, partition text, period_start timestamp with time zone, period_end timestamp with time zone)
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO'
AS $function$
  SELECT p.relname::text, c.relname::text, b.bounds[1]::timestamptz, b.bounds[2]::timestamptz
    FROM pg_inherits i
    JOIN pg_class c ON c.oid = i.inhrelid
    JOIN pg_class p ON p.oid = i.inhparent
    JOIN pg_namespace n ON n.oid = p.relnamespace
   CROSS JOIN LATERAL regexp_match(pg_get_expr(c.relpartbound, c.oid),
     'FROM \((?:MINVALUE|''([^'']+)'')\) TO \((?:MAXVALUE|''([^'']+)'')\)') AS b (bounds)
   WHERE n.nspname = 'rtc' AND p.relname IN ('call_events', 'cdrs') AND p.relkind = 'p'
   ORDER BY 1, 4
$function$;
COMMENT ON FUNCTION rtc.periods() IS 'Partitions of call_events and cdrs with what they cover; period_start is NULL for _old / 分区及其时间范围';

CREATE OR REPLACE FUNCTION rtc.plain_number(number text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(number, '^(\+|00)?(86(?=1[3-9][0-9]{9}$))?'::text, ''::text);
COMMENT ON FUNCTION rtc.plain_number(number text) IS 'The number without +, 00, and without 86 before a mobile one / 归一化号码';

CREATE OR REPLACE FUNCTION rtc.records_of("from" timestamp with time zone, "to" timestamp with time zone)
 RETURNS SETOF rtc.record_summary
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET jit TO 'off'
AS $function$
DECLARE
  hours CONSTANT timestamptz[] := rtc.summarized("from", "to");
BEGIN
  RETURN QUERY SELECT s.* FROM rtc.record_summary s WHERE s.hour = ANY(hours);
  RETURN QUERY SELECT c.* FROM rtc.gaps("from", "to", hours) g CROSS JOIN LATERAL rtc.count_records(g.gap_start, g.gap_end) c;
END
$function$;
REVOKE EXECUTE ON FUNCTION rtc.records_of("from" timestamp with time zone, "to" timestamp with time zone) FROM PUBLIC;
COMMENT ON FUNCTION rtc.records_of("from" timestamp with time zone, "to" timestamp with time zone) IS 'Events and CDRs by hour and app / 按小时与应用的记录数';

CREATE OR REPLACE FUNCTION rtc.ref(key bytea, kind text, value text)
 RETURNS text
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN "left"(encode(sha256((key || convert_to(((kind || ':'::text) || value), 'UTF8'::name))), 'hex'::text), 16);
COMMENT ON FUNCTION rtc.ref(key bytea, kind text, value text) IS 'Reference of a value under a key / 带密钥的引用';

CREATE OR REPLACE FUNCTION rtc.refresh_summaries(at_most integer DEFAULT 24)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET jit TO 'off'
 SET work_mem TO '64MB'
 SET "TimeZone" TO 'UTC'
AS $function$
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
$function$;
REVOKE EXECUTE ON FUNCTION rtc.refresh_summaries(at_most integer) FROM PUBLIC;
COMMENT ON FUNCTION rtc.refresh_summaries(at_most integer) IS 'Brings the summaries up to date; says how many hours it counted / 更新汇总，返回计算的小时数';

CREATE OR REPLACE FUNCTION rtc.remove_self_test(of_session text, at timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  DELETE FROM rtc.call_events WHERE session_id = of_session AND occurred_at = at AND event_type = 'selftest';
  RETURN FOUND;
END
$function$;
REVOKE EXECUTE ON FUNCTION rtc.remove_self_test(of_session text, at timestamp with time zone) FROM PUBLIC;
COMMENT ON FUNCTION rtc.remove_self_test(of_session text, at timestamp with time zone) IS 'Removes the event of a self-test / 删除自检事件';

CREATE OR REPLACE FUNCTION rtc.seconds_between(a timestamp with time zone, b timestamp with time zone)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN ((a IS NOT NULL) AND (b IS NOT NULL)) THEN (LEAST(GREATEST((0)::numeric, EXTRACT(epoch FROM (b - a))), (2147483647)::numeric))::integer ELSE NULL::integer END;
COMMENT ON FUNCTION rtc.seconds_between(a timestamp with time zone, b timestamp with time zone) IS 'Whole seconds from a to b, at least 0 / 两个时间之间的秒数';

CREATE OR REPLACE FUNCTION rtc.sessions_of("from" timestamp with time zone, "to" timestamp with time zone)
 RETURNS TABLE(app_key text, sessions bigint)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET jit TO 'off'
 SET work_mem TO '64MB'
AS $function$
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
$function$;
REVOKE EXECUTE ON FUNCTION rtc.sessions_of("from" timestamp with time zone, "to" timestamp with time zone) FROM PUBLIC;
COMMENT ON FUNCTION rtc.sessions_of("from" timestamp with time zone, "to" timestamp with time zone) IS 'Calls that began in a range, by app / 按应用统计的呼叫数';

CREATE OR REPLACE FUNCTION rtc.sip_outcome(status integer)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (status = ANY (ARRAY[486, 600])) THEN 'busy'::text WHEN (status = 408) THEN 'no answer'::text WHEN (status = 480) THEN 'unreachable'::text WHEN (status = ANY (ARRAY[603, 607, 608])) THEN 'rejected'::text WHEN (status = 487) THEN 'cancelled'::text WHEN ((status >= 400) AND (status <= 699)) THEN 'failed'::text ELSE NULL::text END;
COMMENT ON FUNCTION rtc.sip_outcome(status integer) IS 'How a call ended that failed with this SIP status; NULL for 0 and for what is no failure / SIP 失败状态码对应的结果';

CREATE OR REPLACE FUNCTION rtc.summarized("from" timestamp with time zone, "to" timestamp with time zone)
 RETURNS timestamp with time zone[]
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET jit TO 'off'
AS $function$
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
$function$;
REVOKE EXECUTE ON FUNCTION rtc.summarized("from" timestamp with time zone, "to" timestamp with time zone) FROM PUBLIC;
COMMENT ON FUNCTION rtc.summarized("from" timestamp with time zone, "to" timestamp with time zone) IS 'Hours whose summary holds / 汇总有效的小时';

CREATE OR REPLACE FUNCTION rtc.tidy(what text, before timestamp with time zone, batch integer DEFAULT 5000)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '1s'
AS $function$
#variable_conflict use_variable
DECLARE
  old_end CONSTANT timestamptz := '2024-01-01 00:00:00+00';
  last_time timestamptz;
  last_id bigint;
  deleted integer := 0;
BEGIN
  IF what IS NULL OR what NOT IN ('call_events', 'cdrs', 'placed_calls', 'reveals') THEN
    RAISE 'rtc.tidy: no such table' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF before IS NULL OR before > now() - (CASE what WHEN 'reveals' THEN interval '179 days' ELSE interval '1 day' END) THEN
    RAISE 'rtc.tidy: what is younger stays' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF batch IS NULL OR batch NOT BETWEEN 1 AND 100000 THEN
    RAISE 'rtc.tidy: a batch is 1 to 100000' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF NOT pg_try_advisory_xact_lock(hashtextextended('rtc.retention', 0)) THEN
    RAISE 'rtc.tidy: another process is at it' USING ERRCODE = 'lock_not_available';
  END IF;

  CASE what
    WHEN 'call_events' THEN
      SELECT max(x.t) INTO last_time FROM (SELECT e.occurred_at AS t FROM rtc.call_events e
        WHERE e.occurred_at < least(before, old_end) ORDER BY e.occurred_at LIMIT batch) x;
      DELETE FROM rtc.call_events e WHERE e.occurred_at <= last_time AND e.occurred_at < old_end;
    WHEN 'cdrs' THEN
      SELECT max(x.t) INTO last_time FROM (SELECT c.cdr_time AS t FROM rtc.cdrs c
        WHERE c.cdr_time < least(before, old_end) ORDER BY c.cdr_time LIMIT batch) x;
      DELETE FROM rtc.cdrs c WHERE c.cdr_time <= last_time AND c.cdr_time < old_end;
    WHEN 'placed_calls' THEN
      -- Ids follow the time but for calls placed at once.
      SELECT max(x.id) INTO last_id FROM (SELECT p.id, p.placed_at FROM rtc.placed_calls p ORDER BY p.id LIMIT batch) x
        WHERE x.placed_at < before;
      DELETE FROM rtc.placed_calls p WHERE p.id <= last_id AND p.placed_at < before;
    WHEN 'reveals' THEN
      SELECT max(x.t) INTO last_time FROM (SELECT r.asked_at AS t FROM rtc.reveals r
        WHERE r.asked_at < before ORDER BY r.asked_at LIMIT batch) x;
      DELETE FROM rtc.reveals r WHERE r.asked_at <= last_time;
  END CASE;
  GET DIAGNOSTICS deleted = ROW_COUNT;
  RETURN deleted;
END
$function$;
REVOKE EXECUTE ON FUNCTION rtc.tidy(what text, before timestamp with time zone, batch integer) FROM PUBLIC;
COMMENT ON FUNCTION rtc.tidy(what text, before timestamp with time zone, batch integer) IS 'Deletes old rows of _old, placed_calls or reveals, a batch at a time / 分批删除过期数据';

CREATE OR REPLACE FUNCTION rtc.touched_hours(since timestamp with time zone)
 RETURNS SETOF timestamp with time zone
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET jit TO 'off'
AS $function$
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
$function$;
REVOKE EXECUTE ON FUNCTION rtc.touched_hours(since timestamp with time zone) FROM PUBLIC;
COMMENT ON FUNCTION rtc.touched_hours(since timestamp with time zone) IS 'Hours that rows stored since a time may have changed / 之后入库的记录所影响的小时';
