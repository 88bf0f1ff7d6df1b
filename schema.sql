-- Written from the catalogs by test/store/schema.test.ts. Change it with a migration, not here.

CREATE SCHEMA rtc;
CREATE SCHEMA ops;
CREATE SCHEMA app;
CREATE SCHEMA feed;

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
  erased_at timestamp with time zone,
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
CREATE INDEX call_events_occurred_at ON ONLY rtc.call_events USING btree (occurred_at);
COMMENT ON TABLE rtc.call_events IS 'One row per call status event, as pushed; partitioned by occurred_at (UTC), no default partition / 呼叫状态事件，每个事件一行，按 occurred_at 分区';
COMMENT ON COLUMN rtc.call_events.occurred_at IS 'Field timestamp: time of the event on the platform, UTC, one-second resolution; in all scenarios / 事件发生时间（UTC），各场景都有';
COMMENT ON COLUMN rtc.call_events.received_at IS 'When the callback came to the receiver, kept through the spool / 收到回调的时间';
COMMENT ON COLUMN rtc.call_events.stored_at IS 'When the row was stored (start of the transaction); a cursor for copying data out needs an overlap / 入库时间';
COMMENT ON COLUMN rtc.call_events.erased_at IS 'When personal data were erased from the row; the same event sent again is a duplicate / 个人信息清除时间';
COMMENT ON COLUMN rtc.call_events.state_code IS 'disconnect: why it was hung up (stateCode table); click2Call: per leg; callnotify 8008 = no digit keyed in time / 挂机原因值';
COMMENT ON COLUMN rtc.call_events.call_rel_direction IS 'Private number, X mode, disconnect: 1 = the caller hung up, 2 = the callee / X 模式挂机方';
COMMENT ON COLUMN rtc.call_events.event_key IS 'Keyed digest (128 bits) of the event as sent; not a real UUID, the type is used because it is 16 bytes fixed / 事件摘要（128 位，仅借用 uuid 类型）';
COMMENT ON COLUMN rtc.call_events.session_id IS 'Id of the call, the same as in the API answer and the CDR; click2Call: both legs share it; private number: may hold phone numbers / 会话标识；隐私号场景可能含号码';
COMMENT ON COLUMN rtc.call_events.event_type IS 'callin, callout, alerting, answer, collectInfo (callnotify only), disconnect, or a new one; as sent / 事件类型，原样保存';
COMMENT ON COLUMN rtc.call_events.caller IS 'Calling number of this leg: the number shown in click2Call leg 1, callnotify and callVerify; A in private number; absent in collectInfo / 本段主叫';
COMMENT ON COLUMN rtc.call_events.called IS 'Called number of this leg: A in click2Call leg 1, callnotify and callVerify, B in click2Call leg 2; private number: the number dialled / 本段被叫';
COMMENT ON COLUMN rtc.call_events.user_data IS 'Echo of the request''s userData when it had any, in all scenarios / 请求中 userData 的回传';
COMMENT ON COLUMN rtc.call_events.digit_info IS 'collectInfo of callnotify: the keys pressed, text / 语音通知收号结果';
COMMENT ON COLUMN rtc.call_events.party_type IS 'disconnect of click2Call when partyTypeRequiredInDisconnect was true: which side hung up / 语音回呼：挂机方';
COMMENT ON COLUMN rtc.call_events.state_desc IS 'disconnect: English text for state_code / 挂机原因描述';
COMMENT ON COLUMN rtc.call_events.subscription_id IS 'Private number: id of the binding; may hold phone numbers / 隐私号绑定标识';
COMMENT ON COLUMN rtc.call_events.notify_mode IS 'Private number, X mode: Notify, or Block when the platform waits for a decision / X 模式通知方式';
COMMENT ON COLUMN rtc.call_events.signed_by IS 'appKey of the verified X-AKSK header, else NULL; events carry no appKey of their own / 验签通过的 appKey，未验签为空';
COMMENT ON COLUMN rtc.call_events.extra IS 'Fields without a column and values that do not fit theirs, as sent / 其余字段与不合列类型的值，原样保存';

CREATE TABLE rtc.call_events_old PARTITION OF rtc.call_events FOR VALUES FROM (MINVALUE) TO ('2024-01-01 00:00:00+00');

CREATE TABLE rtc.calls_private (
  folded_at timestamp with time zone NOT NULL,
  facts_from timestamp with time zone NOT NULL,
  call_ref uuid NOT NULL,
  session_id text NOT NULL,
  a_number text,
  b_number text,
  shown_to_a text,
  shown_to_b text,
  bind_num text,
  user_data text,
  subscription_id text,
  extension text,
  digits text,
  record_domain text,
  record_bucket_name text,
  record_object_name text,
  record_file_download_url text,
  CONSTRAINT calls_private_pkey PRIMARY KEY (call_ref)
);
CREATE UNIQUE INDEX calls_private_session_id ON rtc.calls_private USING btree (session_id);
COMMENT ON TABLE rtc.calls_private IS 'What of a call is personal data; written by the fold, only when it changes / 呼叫的个人信息部分';
COMMENT ON COLUMN rtc.calls_private.folded_at IS 'When the row was written / 写入时间';
COMMENT ON COLUMN rtc.calls_private.facts_from IS 'Earliest key time of its facts: partitions before it need not be searched, and when retention has come so far the call stays as it is / 其事实的最早分区时间';
COMMENT ON COLUMN rtc.calls_private.call_ref IS 'The call, as in ops.calls / 呼叫引用';
COMMENT ON COLUMN rtc.calls_private.session_id IS 'Id of the call as the platform sends it / 会话标识';
COMMENT ON COLUMN rtc.calls_private.a_number IS 'A, whole / A 号码';
COMMENT ON COLUMN rtc.calls_private.b_number IS 'B, whole / B 号码';
COMMENT ON COLUMN rtc.calls_private.shown_to_a IS 'Number A sees, whole / 对 A 显示的号码';
COMMENT ON COLUMN rtc.calls_private.shown_to_b IS 'Number B sees, whole / 对 B 显示的号码';
COMMENT ON COLUMN rtc.calls_private.bind_num IS 'The company''s number, or X, whole / 企业号码或 X 号码';
COMMENT ON COLUMN rtc.calls_private.user_data IS 'userData of the request / 请求中的 userData';
COMMENT ON COLUMN rtc.calls_private.subscription_id IS 'Private number: id of the binding / 隐私号绑定标识';
COMMENT ON COLUMN rtc.calls_private.extension IS 'Private number, AXE: the extension keyed / AXE 分机号';
COMMENT ON COLUMN rtc.calls_private.digits IS 'All keys pressed / 全部按键';
COMMENT ON COLUMN rtc.calls_private.record_domain IS 'Host that stores the recording / 录音存储域名';
COMMENT ON COLUMN rtc.calls_private.record_bucket_name IS 'Directory of the recording / 录音目录';
COMMENT ON COLUMN rtc.calls_private.record_object_name IS 'File name of the recording / 录音文件名';
COMMENT ON COLUMN rtc.calls_private.record_file_download_url IS 'Download address of the recording / 录音下载地址';

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
  erased_at timestamp with time zone,
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
CREATE INDEX cdrs_cdr_time ON ONLY rtc.cdrs USING btree (cdr_time);
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
COMMENT ON COLUMN rtc.cdrs.erased_at IS 'When personal data were erased from the row; whatever comes under its key is a duplicate / 个人信息清除时间';
COMMENT ON COLUMN rtc.cdrs.direction IS 'Voice: 0 = outgoing from the platform; private number: 0 = somebody calls A, 1 = A calls, 2 = abnormal, such as no binding / 呼叫方向';
COMMENT ON COLUMN rtc.cdrs.call_out_unasw_rsn IS 'Q.850 cause of the leg to A; 0 when not applicable, also in failed calls / A 侧未接通 Q.850 原因值';
COMMENT ON COLUMN rtc.cdrs.fwd_unasw_rsn IS 'Q.850 cause of the leg to B; sent in callnotify and callVerify too, though they have no B / B 侧未接通 Q.850 原因值';
COMMENT ON COLUMN rtc.cdrs.ul_fail_reason IS 'Release point (ulFailReason table), 0 = normal; in all scenarios / 呼叫拆线点';
COMMENT ON COLUMN rtc.cdrs.sip_status_code IS 'SIP status of the failure, 0 when none; in all scenarios / 失败时的 SIP 状态码';
COMMENT ON COLUMN rtc.cdrs.record_flag IS '0 not recorded, 1 recorded; in all scenarios / 是否录音';
COMMENT ON COLUMN rtc.cdrs.tts_play_times IS 'How often TTS was used; 0 in click2Call / TTS 播放次数';
COMMENT ON COLUMN rtc.cdrs.tts_trans_duration IS 'Time the TTS server needed, seconds / TTS 转换时长（秒）';
COMMENT ON COLUMN rtc.cdrs.call_rel_direction IS 'Private number, X mode: 1 = the caller hung up, 2 = the callee / X 模式挂机方';
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
COMMENT ON COLUMN rtc.cdrs.extend_number IS 'Private number, AXE: the extension that was keyed / AXE 分机号';
COMMENT ON COLUMN rtc.cdrs.notify_mode IS 'Private number, X mode: always Block / X 模式通知方式';
COMMENT ON COLUMN rtc.cdrs.dyn_ivr_path IS 'callnotify: keys pressed in the dynamic IVR, joined by hyphens, as 0-2-3 / 动态 IVR 按键路径';
COMMENT ON COLUMN rtc.cdrs.record_domain IS 'click2Call, private number: host that stores the recording / 录音存储域名';
COMMENT ON COLUMN rtc.cdrs.record_bucket_name IS 'click2Call, private number: directory of the recording / 录音目录';
COMMENT ON COLUMN rtc.cdrs.record_object_name IS 'click2Call, private number: file name of the recording / 录音文件名';
COMMENT ON COLUMN rtc.cdrs.record_file_download_url IS 'click2Call, private number: download address, when domain and name are empty / 录音下载地址';
COMMENT ON COLUMN rtc.cdrs.signed_by IS 'appKey of the verified X-AKSK header, else NULL / 验签通过的 appKey，未验签为空';
COMMENT ON COLUMN rtc.cdrs.extra IS 'Fields without a column (areaCode, callType …) and values that do not fit theirs, as sent / 其余字段与不合列类型的值，原样保存';

CREATE TABLE rtc.cdrs_old PARTITION OF rtc.cdrs FOR VALUES FROM (MINVALUE) TO ('2024-01-01 00:00:00+00');

CREATE TABLE rtc.dead_letters (
  "position" bigint NOT NULL,
  failed_at timestamp with time zone DEFAULT now() NOT NULL,
  tries integer NOT NULL,
  call_ref uuid NOT NULL,
  forwarder text NOT NULL,
  kind text NOT NULL,
  error text NOT NULL,
  CONSTRAINT dead_letters_pkey PRIMARY KEY (forwarder, "position")
);
COMMENT ON TABLE rtc.dead_letters IS 'Entries of the feed that were refused too often; rtc-receiver forward replay sends them again / 多次转发失败的条目';
COMMENT ON COLUMN rtc.dead_letters."position" IS 'The entry / 位点';
COMMENT ON COLUMN rtc.dead_letters.failed_at IS 'When it was given up / 放弃时间';
COMMENT ON COLUMN rtc.dead_letters.tries IS 'How often it was tried / 尝试次数';
COMMENT ON COLUMN rtc.dead_letters.call_ref IS 'The call / 呼叫引用';
COMMENT ON COLUMN rtc.dead_letters.forwarder IS 'As rtc.forwarders.name / 转发名称';
COMMENT ON COLUMN rtc.dead_letters.kind IS 'event, cdr, call, removed or erased / 类型';
COMMENT ON COLUMN rtc.dead_letters.error IS 'Last answer: HTTP status or code of the error, never a body / 最近一次错误';

CREATE TABLE rtc.erased_keys (
  erased_at timestamp with time zone DEFAULT now() NOT NULL,
  key_digest uuid NOT NULL,
  CONSTRAINT erased_keys_pkey PRIMARY KEY (key_digest)
);
CREATE INDEX erased_keys_erased_at ON rtc.erased_keys USING btree (erased_at);
COMMENT ON TABLE rtc.erased_keys IS 'Keyed digests of the keys of erased rows, kept for 30 days / 已清除记录的键摘要，保留 30 天';
COMMENT ON COLUMN rtc.erased_keys.erased_at IS 'When the row was erased / 清除时间';
COMMENT ON COLUMN rtc.erased_keys.key_digest IS 'Keyed digest (128 bits) of table and key; not a real UUID / 键摘要';

CREATE TABLE rtc.erasures (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  erased_at timestamp with time zone DEFAULT now() NOT NULL,
  finished_at timestamp with time zone,
  erased_by text NOT NULL,
  pseudonym text NOT NULL,
  counts jsonb NOT NULL,
  CONSTRAINT erasures_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE rtc.erasures IS 'Runs of erasing a number: what was changed, never the number / 号码清除记录，不含号码';
COMMENT ON COLUMN rtc.erasures.id IS 'Number of the run / 编号';
COMMENT ON COLUMN rtc.erasures.erased_at IS 'When the run began / 开始时间';
COMMENT ON COLUMN rtc.erasures.finished_at IS 'When it had been through all tables; NULL: it was interrupted and has to be run again / 完成时间，为空表示中断';
COMMENT ON COLUMN rtc.erasures.erased_by IS 'Login that did it / 执行人（登录名）';
COMMENT ON COLUMN rtc.erasures.pseudonym IS 'Random text that stands in the place of the number; nobody keeps what links them / 替代号码的随机化名，不保留对应关系';
COMMENT ON COLUMN rtc.erasures.counts IS 'Rows changed in each table / 各表变更行数';

CREATE TABLE rtc.feed (
  "position" bigint GENERATED BY DEFAULT AS IDENTITY NOT NULL,
  at timestamp with time zone DEFAULT now() NOT NULL,
  call_ref uuid NOT NULL,
  kind text,
  session_id text,
  fact_times timestamp with time zone[],
  event_keys uuid[],
  icids text[],
  CONSTRAINT feed_kind CHECK ((kind = ANY (ARRAY['call'::text, 'removed'::text, 'erased'::text]))),
  CONSTRAINT feed_pkey PRIMARY KEY ("position")
);
COMMENT ON TABLE rtc.feed IS 'What was stored or changed, in order; read it with the functions of schema feed / 变更流，请用 feed 模式的函数读取';
COMMENT ON COLUMN rtc.feed."position" IS 'Order. The facts of the row have the positions just before it; some numbers are left out / 位点；本行各事实的位点紧接其前，编号可能不连续';
COMMENT ON COLUMN rtc.feed.at IS 'When the row was made / 写入时间';
COMMENT ON COLUMN rtc.feed.call_ref IS 'The call, as in ops.calls / 呼叫引用';
COMMENT ON COLUMN rtc.feed.kind IS 'call = its content changed; removed = it is gone, by age or because it has no facts; erased = forget it and its facts, what is left of them follows; NULL: facts only / 类型，为空则仅有事实';
COMMENT ON COLUMN rtc.feed.session_id IS 'Session of the facts / 会话标识';
COMMENT ON COLUMN rtc.feed.fact_times IS 'Key times of the new facts, in this order / 新事实的分区时间';
COMMENT ON COLUMN rtc.feed.event_keys IS 'Of each its key, where it is an event / 事件摘要';
COMMENT ON COLUMN rtc.feed.icids IS 'Of each its icid, where it is a CDR / 话单标识';

CREATE TABLE rtc.fold_later (
  session_id text NOT NULL,
  due_at timestamp with time zone NOT NULL,
  fact_time timestamp with time zone,
  tries integer NOT NULL,
  error text,
  CONSTRAINT fold_later_pkey PRIMARY KEY (session_id)
);
CREATE INDEX fold_later_due_at ON rtc.fold_later USING btree (due_at);
COMMENT ON TABLE rtc.fold_later IS 'Sessions whose fold is put off / 推迟计算的会话';
COMMENT ON COLUMN rtc.fold_later.session_id IS 'The session / 会话标识';
COMMENT ON COLUMN rtc.fold_later.due_at IS 'When it is folded / 计划计算时间';
COMMENT ON COLUMN rtc.fold_later.fact_time IS 'As in rtc.unfolded / 同 rtc.unfolded';
COMMENT ON COLUMN rtc.fold_later.tries IS 'How often its fold has failed; 0 = it has so many facts that it is folded now and then only / 失败次数；0 表示事实过多，仅间隔计算';
COMMENT ON COLUMN rtc.fold_later.error IS 'SQLSTATE or name of the last error / 最近一次错误代码';

CREATE TABLE rtc.forwarders (
  "position" bigint NOT NULL,
  moved_at timestamp with time zone DEFAULT now() NOT NULL,
  held_until timestamp with time zone,
  holder uuid,
  name text NOT NULL,
  CONSTRAINT forwarders_pkey PRIMARY KEY (name)
);
COMMENT ON TABLE rtc.forwarders IS 'How far each forwarder has delivered, and which process works for it / 转发进度';
COMMENT ON COLUMN rtc.forwarders."position" IS 'Everything up to this position is delivered, or a dead letter / 已转发到的位点';
COMMENT ON COLUMN rtc.forwarders.moved_at IS 'When that was written last / 最近更新时间';
COMMENT ON COLUMN rtc.forwarders.held_until IS 'Until when the process that holds it may deliver without asking again / 租约到期时间';
COMMENT ON COLUMN rtc.forwarders.holder IS 'The process that holds it / 持有者';
COMMENT ON COLUMN rtc.forwarders.name IS 'service = FORWARD_URL of the receivers; others are names given to rtc-receiver listen / 名称';

CREATE TABLE rtc.hangup_reasons (
  code integer NOT NULL,
  product text NOT NULL,
  en text NOT NULL,
  zh text NOT NULL,
  outcome text,
  CONSTRAINT hangup_reasons_outcome CHECK ((outcome = ANY (ARRAY['answered'::text, 'busy'::text, 'no answer'::text, 'rejected'::text, 'cancelled'::text, 'unreachable'::text, 'failed'::text]))),
  CONSTRAINT hangup_reasons_pkey PRIMARY KEY (code, product),
  CONSTRAINT hangup_reasons_product CHECK ((product = ANY (ARRAY['both'::text, 'voice'::text, 'privateNumber'::text])))
);
COMMENT ON TABLE rtc.hangup_reasons IS 'State codes of disconnect events / 通话挂机原因值';
COMMENT ON COLUMN rtc.hangup_reasons.code IS 'The code as the platform sends it / 平台发送的代码';
COMMENT ON COLUMN rtc.hangup_reasons.product IS 'voice or privateNumber where the code means different things, else both / 产品；含义相同时为 both';
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
COMMENT ON COLUMN rtc.keys.purpose IS 'digest = event_key, notice_key, body_key, key_digest; ref = call_ref and references; ref_unsigned = references of what no verified signature covers / 用途';
COMMENT ON COLUMN rtc.keys.key IS '32 random bytes; changing one makes every re-sent record look new, or every reference another / 32 字节随机数，更换后去重与引用失效';

CREATE TABLE rtc.look_ups (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  asked_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
  asked_by text NOT NULL,
  asked_from inet,
  kind text NOT NULL,
  found integer NOT NULL,
  CONSTRAINT look_ups_kind CHECK ((kind = ANY (ARRAY['number'::text, 'user data'::text, 'subscription'::text, 'session'::text]))),
  CONSTRAINT look_ups_pkey PRIMARY KEY (id)
);
CREATE INDEX look_ups_asked_at ON rtc.look_ups USING btree (asked_at);
COMMENT ON TABLE rtc.look_ups IS 'Who looked up calls by a number or the like; what they looked for is not kept / 按号码等查询呼叫的记录，不保存查询内容';
COMMENT ON COLUMN rtc.look_ups.id IS 'Number of the row / 编号';
COMMENT ON COLUMN rtc.look_ups.asked_at IS 'When / 查询时间';
COMMENT ON COLUMN rtc.look_ups.asked_by IS 'Login that asked / 查询人（登录名）';
COMMENT ON COLUMN rtc.look_ups.asked_from IS 'Address of the client, NULL on a local socket / 客户端地址';
COMMENT ON COLUMN rtc.look_ups.kind IS 'By what: number, user data, subscription or session / 查询方式';
COMMENT ON COLUMN rtc.look_ups.found IS 'How many calls were found / 查到的呼叫数';

CREATE TABLE rtc.maintenance (
  task text NOT NULL,
  ran_at timestamp with time zone,
  reached timestamp with time zone,
  reached_id bigint,
  CONSTRAINT maintenance_pkey PRIMARY KEY (task)
);
COMMENT ON TABLE rtc.maintenance IS 'One row per task that one process at a time may do; it is locked meanwhile / 维护任务及其锁';
COMMENT ON COLUMN rtc.maintenance.task IS 'partitions, retention, fold, feed, erasure, statistics or peaks / 任务';
COMMENT ON COLUMN rtc.maintenance.ran_at IS 'When it last did something; fold: to within seconds / 最近执行时间';
COMMENT ON COLUMN rtc.maintenance.reached IS 'retention: facts with an earlier key time may be gone; fold: stored_at of the newest fact that is in ops.calls, to within seconds / 进度：清理截止时间；已计算的最新入库时间';
COMMENT ON COLUMN rtc.maintenance.reached_id IS 'fold: rows of rtc.unfolded up to this id are gone, but for those that committed late; where to look from; feed: positions up to this one are gone by age / fold：该编号及以前的 rtc.unfolded 行已处理；feed：该位点及以前的条目已过期清理';

CREATE TABLE rtc.notices (
  received_at timestamp with time zone NOT NULL,
  last_received_at timestamp with time zone NOT NULL,
  stored_at timestamp with time zone DEFAULT now() NOT NULL,
  erased_at timestamp with time zone,
  seen_count integer DEFAULT 1 NOT NULL,
  notice_key uuid NOT NULL,
  event_type text NOT NULL,
  signed_by text,
  body jsonb NOT NULL,
  CONSTRAINT notices_pkey PRIMARY KEY (notice_key)
);
CREATE INDEX notices_received_at ON rtc.notices USING btree (received_at);
COMMENT ON TABLE rtc.notices IS 'Callbacks that are neither a status event nor CDRs, such as numStatus of the private-number product / 其他通知，如隐私号的号码状态通知';
COMMENT ON COLUMN rtc.notices.received_at IS 'When it first came / 首次收到时间';
COMMENT ON COLUMN rtc.notices.last_received_at IS 'When the same came last: a notice has no time of its own / 最近收到时间';
COMMENT ON COLUMN rtc.notices.stored_at IS 'When the row was stored / 入库时间';
COMMENT ON COLUMN rtc.notices.erased_at IS 'When personal data were erased from the row / 个人信息清除时间';
COMMENT ON COLUMN rtc.notices.seen_count IS 'How often the same came / 收到次数';
COMMENT ON COLUMN rtc.notices.notice_key IS 'Keyed digest (128 bits) of the notice: the same one again is counted and adds no row / 通知摘要，重复的只计数';
COMMENT ON COLUMN rtc.notices.event_type IS 'eventType as sent / 事件类型';
COMMENT ON COLUMN rtc.notices.signed_by IS 'appKey of the verified X-AKSK header, else NULL / 验签通过的 appKey，未验签为空';
COMMENT ON COLUMN rtc.notices.body IS 'The whole body as parsed / 通知正文';

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
COMMENT ON COLUMN rtc.q850_causes.code IS 'The cause as the platform sends it / 平台发送的原因值';
COMMENT ON COLUMN rtc.q850_causes.en IS 'Meaning in English / 英文含义';
COMMENT ON COLUMN rtc.q850_causes.zh IS 'Meaning in Chinese / 中文含义';
COMMENT ON COLUMN rtc.q850_causes.outcome IS 'How an unanswered call with this cause ended; NULL when the cause only points elsewhere / 未接通时对应的结果；仅指向其他代码时为空';

CREATE TABLE rtc.quarantine (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  first_seen_at timestamp with time zone NOT NULL,
  last_seen_at timestamp with time zone NOT NULL,
  stored_at timestamp with time zone DEFAULT now() NOT NULL,
  resolved_at timestamp with time zone,
  seen_count bigint DEFAULT 1 NOT NULL,
  record_index integer,
  body_size integer NOT NULL,
  minutes_stored integer,
  minutes_received integer,
  body_key uuid NOT NULL,
  call_ref uuid,
  kind text NOT NULL,
  reason text NOT NULL,
  resolution text,
  signed_by text,
  differing text[],
  errors jsonb DEFAULT '[]'::jsonb NOT NULL,
  body bytea NOT NULL,
  CONSTRAINT quarantine_kind CHECK ((kind = ANY (ARRAY['status'::text, 'fee'::text, 'notice'::text, 'unknown'::text, 'unauthenticated'::text]))),
  CONSTRAINT quarantine_pkey PRIMARY KEY (id),
  CONSTRAINT quarantine_same UNIQUE (body_key, reason, kind)
);
CREATE INDEX quarantine_call_ref ON rtc.quarantine USING btree (call_ref) WHERE (call_ref IS NOT NULL);
CREATE INDEX quarantine_last_seen_at ON rtc.quarantine USING btree (last_seen_at);
CREATE INDEX quarantine_new_conflicts ON rtc.quarantine USING btree (id) WHERE ((reason = 'conflict'::text) AND (call_ref IS NULL) AND (resolved_at IS NULL));
CREATE INDEX quarantine_resolved_at ON rtc.quarantine USING btree (resolved_at) WHERE (resolved_at IS NOT NULL);
COMMENT ON TABLE rtc.quarantine IS 'Records and bodies that could not be stored, with the reason; the same one again is counted, not added / 隔离区：无法入库的记录及原因，重复的只计数';
COMMENT ON COLUMN rtc.quarantine.id IS 'Number of the entry / 编号';
COMMENT ON COLUMN rtc.quarantine.first_seen_at IS 'When the callback first came; a replayed record is stored with it as received_at / 首次收到时间，重放时作为 received_at';
COMMENT ON COLUMN rtc.quarantine.last_seen_at IS 'When the same came last / 最近收到时间';
COMMENT ON COLUMN rtc.quarantine.stored_at IS 'When it was stored last, by the clock of the database: none goes by age before / 最近入库时间（数据库时钟）';
COMMENT ON COLUMN rtc.quarantine.resolved_at IS 'When it was dealt with. The same again within 24 hours leaves it closed (the platform re-sends CDRs for hours), later it opens again / 处理时间；24 小时内重发不会重新打开';
COMMENT ON COLUMN rtc.quarantine.seen_count IS 'How often it came, equal records of one body counted each / 收到次数，同一报文中相同的记录分别计数';
COMMENT ON COLUMN rtc.quarantine.record_index IS 'Place in feeLst, from 0; NULL for a status event or a whole body / 在 feeLst 中的序号';
COMMENT ON COLUMN rtc.quarantine.body_size IS 'Bytes of the original, of which body may be only the beginning / 原文字节数';
COMMENT ON COLUMN rtc.quarantine.minutes_stored IS 'Conflict: billed minutes, both legs, by the stored CDR / 已存话单的计费分钟';
COMMENT ON COLUMN rtc.quarantine.minutes_received IS 'Conflict: billed minutes, both legs, by this one / 本话单的计费分钟';
COMMENT ON COLUMN rtc.quarantine.body_key IS 'Keyed digest (128 bits) by which the same is known again; the type is used because it is 16 bytes fixed / 原文摘要';
COMMENT ON COLUMN rtc.quarantine.call_ref IS 'Conflict: the call, as in ops.calls / 冲突话单对应的呼叫引用';
COMMENT ON COLUMN rtc.quarantine.kind IS 'status, fee, notice, unknown (unreadable) or unauthenticated / 类别';
COMMENT ON COLUMN rtc.quarantine.reason IS 'Short code of the reason; conflict = a CDR with the key of a stored one and other content / 原因代码；conflict 为同键不同内容的话单';
COMMENT ON COLUMN rtc.quarantine.resolution IS 'How it was dealt with / 处理结果';
COMMENT ON COLUMN rtc.quarantine.signed_by IS 'appKey of the verified X-AKSK header, for replay / 验签通过的 appKey';
COMMENT ON COLUMN rtc.quarantine.differing IS 'Conflict: names of the fields that differ from the stored CDR / 与已存话单不同的字段名';
COMMENT ON COLUMN rtc.quarantine.errors IS 'List of {pointer, message}: the place of the error, never the value / 出错位置，不含值';
COMMENT ON COLUMN rtc.quarantine.body IS 'The record''s JSON as parsed, or the raw bytes of a body that could not be read / 记录 JSON 或无法解析的原文';

CREATE TABLE rtc.quarantine_growth (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  entries bigint NOT NULL,
  bytes bigint NOT NULL,
  CONSTRAINT quarantine_growth_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE rtc.quarantine_growth IS 'Entries and bytes that came to rtc.quarantine, or went; the sum is what is there / 隔离区增减记录，合计即现有量';
COMMENT ON COLUMN rtc.quarantine_growth.id IS 'Number of the row / 编号';
COMMENT ON COLUMN rtc.quarantine_growth.entries IS 'Entries added, or removed if negative / 增减条数';
COMMENT ON COLUMN rtc.quarantine_growth.bytes IS 'Bytes of their bodies, and 512 for each entry: its row and its part of the indexes / 增减字节数，每条另计 512 字节';

CREATE TABLE rtc.redeliveries (
  hour timestamp with time zone NOT NULL,
  kind text NOT NULL,
  app_key text NOT NULL,
  count bigint NOT NULL,
  CONSTRAINT redeliveries_kind CHECK ((kind = ANY (ARRAY['status'::text, 'fee'::text]))),
  CONSTRAINT redeliveries_pkey PRIMARY KEY (hour, kind, app_key)
);
COMMENT ON TABLE rtc.redeliveries IS 'How often a record came that was stored already / 已入库记录的重复推送次数';
COMMENT ON COLUMN rtc.redeliveries.hour IS 'Full hour (UTC) in which it came again / 再次收到的整点小时（UTC）';
COMMENT ON COLUMN rtc.redeliveries.kind IS 'status or fee / 类别';
COMMENT ON COLUMN rtc.redeliveries.app_key IS 'appKey of the CDR, else of the verified signature, else empty / 应用的 appKey，未知为空串';
COMMENT ON COLUMN rtc.redeliveries.count IS 'How often / 次数';

CREATE TABLE rtc.release_points (
  code integer NOT NULL,
  product text NOT NULL,
  en text NOT NULL,
  zh text NOT NULL,
  outcome text,
  CONSTRAINT release_points_outcome CHECK ((outcome = ANY (ARRAY['answered'::text, 'busy'::text, 'no answer'::text, 'rejected'::text, 'cancelled'::text, 'unreachable'::text, 'failed'::text]))),
  CONSTRAINT release_points_pkey PRIMARY KEY (code, product),
  CONSTRAINT release_points_product CHECK ((product = ANY (ARRAY['both'::text, 'voice'::text, 'privateNumber'::text])))
);
COMMENT ON TABLE rtc.release_points IS 'Release points of CDRs, ranges written out / 呼叫拆线点，区间已展开';
COMMENT ON COLUMN rtc.release_points.code IS 'The code as the platform sends it / 平台发送的代码';
COMMENT ON COLUMN rtc.release_points.product IS 'voice or privateNumber where the code means different things, else both / 产品；含义相同时为 both';
COMMENT ON COLUMN rtc.release_points.en IS 'Meaning in English / 英文含义';
COMMENT ON COLUMN rtc.release_points.zh IS 'Meaning in Chinese / 中文含义';
COMMENT ON COLUMN rtc.release_points.outcome IS 'How an unanswered call with this code ended; NULL when the code only points elsewhere / 未接通时对应的结果；仅指向其他代码时为空';

CREATE TABLE rtc.replaced_cdrs (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  replaced_at timestamp with time zone DEFAULT now() NOT NULL,
  cdr_time timestamp with time zone NOT NULL,
  erased_at timestamp with time zone,
  call_ref uuid NOT NULL,
  session_id text NOT NULL,
  icid text NOT NULL,
  replaced_by text NOT NULL,
  cdr jsonb NOT NULL,
  CONSTRAINT replaced_cdrs_pkey PRIMARY KEY (id)
);
CREATE INDEX replaced_cdrs_replaced_at ON rtc.replaced_cdrs USING btree (replaced_at);
COMMENT ON TABLE rtc.replaced_cdrs IS 'Stored CDRs that an accepted one replaced / 被更正话单取代的原话单';
COMMENT ON COLUMN rtc.replaced_cdrs.id IS 'Number of the row / 编号';
COMMENT ON COLUMN rtc.replaced_cdrs.replaced_at IS 'When it was replaced / 取代时间';
COMMENT ON COLUMN rtc.replaced_cdrs.cdr_time IS 'Its key time / 分区时间';
COMMENT ON COLUMN rtc.replaced_cdrs.erased_at IS 'When personal data were erased from the row / 个人信息清除时间';
COMMENT ON COLUMN rtc.replaced_cdrs.call_ref IS 'The call, as in ops.calls / 呼叫引用';
COMMENT ON COLUMN rtc.replaced_cdrs.session_id IS 'Its session / 会话标识';
COMMENT ON COLUMN rtc.replaced_cdrs.icid IS 'Its icid / 话单标识';
COMMENT ON COLUMN rtc.replaced_cdrs.replaced_by IS 'Login that accepted the other one / 操作人（登录名）';
COMMENT ON COLUMN rtc.replaced_cdrs.cdr IS 'The replaced CDR in the platform''s names / 原话单内容';

CREATE TABLE rtc.revealers (
  login text NOT NULL,
  asked_at timestamp with time zone NOT NULL,
  CONSTRAINT revealers_pkey PRIMARY KEY (login)
);
COMMENT ON TABLE rtc.revealers IS 'Logins that asked to see numbers; locked while they ask / 申请过查看明文的登录名，申请时加锁';
COMMENT ON COLUMN rtc.revealers.login IS 'The login / 登录名';
COMMENT ON COLUMN rtc.revealers.asked_at IS 'When it asked last / 最近申请时间';

CREATE TABLE rtc.reveals (
  ticket uuid DEFAULT gen_random_uuid() NOT NULL,
  asked_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
  asked_by text NOT NULL,
  asked_from inet,
  asked_in xid8 NOT NULL,
  call_ref uuid NOT NULL,
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
  mode text,
  CONSTRAINT service_types_mode CHECK ((mode = ANY (ARRAY['AX'::text, 'AXB'::text, 'AXE'::text, 'AXYB'::text, 'X'::text]))),
  CONSTRAINT service_types_pkey PRIMARY KEY (code),
  CONSTRAINT service_types_scenario CHECK ((scenario = ANY (ARRAY['playback'::text, 'click2Call'::text, 'privateNumber'::text])))
);
COMMENT ON TABLE rtc.service_types IS 'Service types of CDRs / 业务类型';
COMMENT ON COLUMN rtc.service_types.code IS 'The code as the platform sends it / 平台发送的代码';
COMMENT ON COLUMN rtc.service_types.en IS 'Meaning in English / 英文含义';
COMMENT ON COLUMN rtc.service_types.zh IS 'Meaning in Chinese / 中文含义';
COMMENT ON COLUMN rtc.service_types.scenario IS 'Scenario that follows from it; playback = notification or verification / 对应的业务场景';
COMMENT ON COLUMN rtc.service_types.mode IS 'Private number: mode that follows from it; NULL for 004, which is X with a notifyMode and else AXB / 对应的隐私号模式；004 有 notifyMode 时为 X，否则为 AXB';

CREATE TABLE rtc.sip_statuses (
  code integer NOT NULL,
  en text NOT NULL,
  zh text NOT NULL,
  outcome text,
  CONSTRAINT sip_statuses_outcome CHECK ((outcome = ANY (ARRAY['answered'::text, 'busy'::text, 'no answer'::text, 'rejected'::text, 'cancelled'::text, 'unreachable'::text, 'failed'::text]))),
  CONSTRAINT sip_statuses_pkey PRIMARY KEY (code)
);
COMMENT ON TABLE rtc.sip_statuses IS 'SIP statuses of failed calls / 失败呼叫的 SIP 状态码';
COMMENT ON COLUMN rtc.sip_statuses.code IS 'The status / 状态码';
COMMENT ON COLUMN rtc.sip_statuses.en IS 'Meaning in English / 英文含义';
COMMENT ON COLUMN rtc.sip_statuses.zh IS 'Meaning in Chinese / 中文含义';
COMMENT ON COLUMN rtc.sip_statuses.outcome IS 'How a call ended that failed with this status / 以此状态失败的呼叫结果';

CREATE TABLE rtc.stale_hours (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  marked_at timestamp with time zone DEFAULT now() NOT NULL,
  hour timestamp with time zone NOT NULL,
  CONSTRAINT stale_hours_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE rtc.stale_hours IS 'Hours whose most concurrent legs have to be found again / 需要重新计算最大并发的小时';
COMMENT ON COLUMN rtc.stale_hours.id IS 'Number of the mark / 编号';
COMMENT ON COLUMN rtc.stale_hours.marked_at IS 'When legs of the hour changed / 通话段变化的时间';
COMMENT ON COLUMN rtc.stale_hours.hour IS 'The hour (UTC) / 小时（UTC）';

CREATE TABLE rtc.unfolded (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  stored_at timestamp with time zone DEFAULT now() NOT NULL,
  fact_time timestamp with time zone,
  event_key uuid,
  session_id text NOT NULL,
  icid text,
  CONSTRAINT unfolded_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE rtc.unfolded IS 'New facts, and sessions whose call has to be computed again / 新事实与待重新计算的会话';
COMMENT ON COLUMN rtc.unfolded.id IS 'Order in which they came / 序号';
COMMENT ON COLUMN rtc.unfolded.stored_at IS 'When the fact was stored (start of its transaction) / 入库时间';
COMMENT ON COLUMN rtc.unfolded.fact_time IS 'Key time of the fact: partitions before it need not be searched; NULL: unknown, all are / 事实的分区时间，为空则搜索全部分区';
COMMENT ON COLUMN rtc.unfolded.event_key IS 'A new event / 新事件';
COMMENT ON COLUMN rtc.unfolded.session_id IS 'The session / 会话标识';
COMMENT ON COLUMN rtc.unfolded.icid IS 'A new CDR; neither: only the call is to be computed / 新话单；两者皆空则仅重新计算呼叫';

CREATE TABLE ops.bill_changes (
  changed_at timestamp with time zone DEFAULT now() NOT NULL,
  call_ref uuid NOT NULL,
  app_key text,
  bind_num text,
  cause text NOT NULL,
  bill_day_before date,
  bill_day_after date,
  minutes_before integer,
  minutes_after integer,
  cdr_received_at timestamp with time zone,
  CONSTRAINT bill_changes_cause CHECK ((cause = ANY (ARRAY['late'::text, 'corrected'::text, 'accepted'::text, 'recomputed'::text]))),
  CONSTRAINT bill_changes_pkey PRIMARY KEY (call_ref, changed_at)
);
CREATE INDEX bill_changes_changed_at ON ops.bill_changes USING btree (changed_at);
COMMENT ON TABLE ops.bill_changes IS 'Calls whose billed minutes or day changed after a first CDR, or that came on the bill after its day; filter by changed_at / 计费分钟或日期发生变化的呼叫';
COMMENT ON COLUMN ops.bill_changes.changed_at IS 'When the bill changed here / 变化时间';
COMMENT ON COLUMN ops.bill_changes.call_ref IS 'The call, as in ops.calls / 呼叫引用';
COMMENT ON COLUMN ops.bill_changes.app_key IS 'appKey of the call / 应用的 appKey';
COMMENT ON COLUMN ops.bill_changes.bind_num IS 'The company''s number of the call / 企业号码';
COMMENT ON COLUMN ops.bill_changes.cause IS 'late: the first CDR came more than an hour after its day; corrected: another CDR of the call came; accepted: a conflicting CDR was accepted; recomputed: rules, codes or events changed / 原因：迟到、更正、人工接受、重新计算';
COMMENT ON COLUMN ops.bill_changes.bill_day_before IS 'Day it was billed on; NULL when it was not / 原计费日期';
COMMENT ON COLUMN ops.bill_changes.bill_day_after IS 'Day it is billed on / 现计费日期';
COMMENT ON COLUMN ops.bill_changes.minutes_before IS 'Billed minutes of both legs before; NULL without a CDR / 原计费分钟';
COMMENT ON COLUMN ops.bill_changes.minutes_after IS 'Billed minutes of both legs now / 现计费分钟';
COMMENT ON COLUMN ops.bill_changes.cdr_received_at IS 'When the CDR that counts now came / 收到现生效话单的时间';

CREATE TABLE ops.call_counts (
  hour timestamp with time zone NOT NULL,
  day date GENERATED ALWAYS AS (((hour AT TIME ZONE 'Asia/Shanghai'::text))::date) STORED NOT NULL,
  bill_day date,
  app_key text,
  scenario text,
  bind_num text,
  outcome text NOT NULL,
  reason_source text,
  reason_code integer,
  reason_en text,
  reason_zh text,
  has_events boolean NOT NULL,
  has_cdr boolean NOT NULL,
  is_merged boolean NOT NULL,
  attempts integer NOT NULL,
  effective integer NOT NULL,
  talks integer NOT NULL,
  talk_seconds bigint NOT NULL,
  legs integer NOT NULL,
  legs_answered integer NOT NULL,
  events integer NOT NULL,
  cdrs integer NOT NULL,
  a_legs_billed integer NOT NULL,
  a_minutes integer NOT NULL,
  b_legs_billed integer NOT NULL,
  b_minutes integer NOT NULL,
  billed_seconds bigint NOT NULL,
  estimated integer NOT NULL
);
CREATE INDEX call_counts_bill_day ON ops.call_counts USING btree (bill_day) WHERE has_cdr;
CREATE INDEX call_counts_day ON ops.call_counts USING btree (day);
CREATE INDEX call_counts_hour ON ops.call_counts USING btree (hour);
CREATE INDEX call_counts_unmerged ON ops.call_counts USING btree (hour) WHERE (NOT is_merged);
COMMENT ON TABLE ops.call_counts IS 'Calls that do not go on, counted by hour and by everything statistics ask for. Add up its rows: one that was appended since may be negative. Filter by hour, day or bill_day / 按小时及各维度的呼叫计数（不含进行中），须求和使用，未合并的行可能为负';
COMMENT ON COLUMN ops.call_counts.hour IS 'Full hour (UTC) in which the calls began / 呼叫开始的整点小时（UTC）';
COMMENT ON COLUMN ops.call_counts.day IS 'Day of the hour in Asia/Shanghai / 该小时的北京时间日期';
COMMENT ON COLUMN ops.call_counts.bill_day IS 'Day in Asia/Shanghai on which the calls ended; the bill goes by it / 呼叫结束的北京时间日期，即计费日期';
COMMENT ON COLUMN ops.call_counts.app_key IS 'appKey of the application / 应用的 appKey';
COMMENT ON COLUMN ops.call_counts.scenario IS 'Scenario of the calls / 业务场景';
COMMENT ON COLUMN ops.call_counts.bind_num IS 'The company''s number; private number: X, masked / 企业号码；隐私号为脱敏的 X 号码';
COMMENT ON COLUMN ops.call_counts.outcome IS 'How the calls went / 呼叫结果';
COMMENT ON COLUMN ops.call_counts.reason_source IS 'Calls not answered: which code the reason comes from / 未接通：原因来源';
COMMENT ON COLUMN ops.call_counts.reason_code IS 'Calls not answered: the code / 未接通：原因代码';
COMMENT ON COLUMN ops.call_counts.reason_en IS 'Calls not answered: why, English / 未接通：原因（英文）';
COMMENT ON COLUMN ops.call_counts.reason_zh IS 'Calls not answered: why, Chinese / 未接通：原因（中文）';
COMMENT ON COLUMN ops.call_counts.has_events IS 'Whether status events came / 是否有状态事件';
COMMENT ON COLUMN ops.call_counts.has_cdr IS 'Whether a CDR came / 是否有话单';
COMMENT ON COLUMN ops.call_counts.is_merged IS 'Whether the rows of its hour were made one by rtc.merge_counts / 是否已合并';
COMMENT ON COLUMN ops.call_counts.attempts IS 'Calls that are over, or whose end was never seen: denominator of ASR and NER; numerator of ASR where outcome is answered / 呼叫次数，ASR 与 NER 的分母；outcome 为 answered 时为 ASR 的分子';
COMMENT ON COLUMN ops.call_counts.effective IS 'Answered, busy, no answer, rejected, or cancelled after ringing: numerator of NER / 网络有效数，NER 的分子';
COMMENT ON COLUMN ops.call_counts.talks IS 'Answered calls whose end is known: denominator of ACD / 已接通且已知结束的呼叫数，ACD 的分母';
COMMENT ON COLUMN ops.call_counts.talk_seconds IS 'Seconds from the answer to the end of these: numerator of ACD / 通话总秒数，ACD 的分子';
COMMENT ON COLUMN ops.call_counts.legs IS 'Legs of the calls, which the platform''s console counts / 通话段数（与平台控制台口径一致）';
COMMENT ON COLUMN ops.call_counts.legs_answered IS 'Legs that were answered / 接通的通话段数';
COMMENT ON COLUMN ops.call_counts.events IS 'Status events of the calls / 状态事件数';
COMMENT ON COLUMN ops.call_counts.cdrs IS 'CDRs of the calls, repeated ones too / 话单数，含重复';
COMMENT ON COLUMN ops.call_counts.a_legs_billed IS 'Legs A that are billed / 计费的 A 段数';
COMMENT ON COLUMN ops.call_counts.a_minutes IS 'Billed minutes of legs A / A 段计费分钟';
COMMENT ON COLUMN ops.call_counts.b_legs_billed IS 'Legs B that are billed / 计费的 B 段数';
COMMENT ON COLUMN ops.call_counts.b_minutes IS 'Billed minutes of legs B / B 段计费分钟';
COMMENT ON COLUMN ops.call_counts.billed_seconds IS 'Seconds of billed legs, not rounded up / 计费段的实际秒数';
COMMENT ON COLUMN ops.call_counts.estimated IS 'Calls with a CDR whose minutes hang on a time that an event supplied / 计费分钟含推算的呼叫数';

CREATE TABLE ops.calls (
  call_ref uuid NOT NULL,
  session_id text,
  app_key text,
  sp_id text,
  scenario text,
  service_type text,
  mode text,
  direction integer,
  bound_party text,
  bind_num text,
  bind_ref text,
  a_number text,
  b_number text,
  shown_to_a text,
  shown_to_b text,
  a_ref text,
  b_ref text,
  user_data_ref text,
  subscription_ref text,
  user_data text,
  started_at timestamp with time zone NOT NULL,
  a_started_at timestamp with time zone,
  a_ringing_at timestamp with time zone,
  a_answered_at timestamp with time zone,
  a_ended_at timestamp with time zone,
  b_started_at timestamp with time zone,
  b_ringing_at timestamp with time zone,
  b_answered_at timestamp with time zone,
  b_ended_at timestamp with time zone,
  ringing_at timestamp with time zone,
  answered_at timestamp with time zone,
  ended_at timestamp with time zone,
  bill_day date,
  ring_seconds integer,
  talk_seconds integer,
  post_dial_delay_seconds integer,
  a_seconds integer,
  b_seconds integer,
  a_post_dial_delay_seconds integer,
  b_post_dial_delay_seconds integer,
  first_received_at timestamp with time zone NOT NULL,
  last_received_at timestamp with time zone NOT NULL,
  cdr_received_at timestamp with time zone,
  outcome text NOT NULL,
  is_live boolean NOT NULL,
  end_seen boolean NOT NULL,
  is_finished boolean NOT NULL,
  is_effective boolean NOT NULL,
  reason_code integer,
  reason_source text,
  reason_en text,
  reason_zh text,
  release_point integer,
  a_q850 integer,
  b_q850 integer,
  sip_status integer,
  state_code integer,
  hung_up_by text,
  party_type text,
  digits text,
  digit_count integer,
  recording text NOT NULL,
  recording_started_at timestamp with time zone,
  a_minutes integer,
  b_minutes integer,
  minutes_estimated boolean NOT NULL,
  event_count integer NOT NULL,
  cdr_count integer NOT NULL,
  version bigint NOT NULL,
  recheck_at timestamp with time zone,
  folded_at timestamp with time zone NOT NULL,
  CONSTRAINT calls_bound_party CHECK ((bound_party = ANY (ARRAY['A'::text, 'B'::text]))),
  CONSTRAINT calls_hung_up_by CHECK ((hung_up_by = ANY (ARRAY['A'::text, 'B'::text, 'platform'::text]))),
  CONSTRAINT calls_mode CHECK ((mode = ANY (ARRAY['AX'::text, 'AXB'::text, 'AXE'::text, 'AXYB'::text, 'X'::text]))),
  CONSTRAINT calls_outcome CHECK ((outcome = ANY (ARRAY['in progress'::text, 'answered'::text, 'busy'::text, 'no answer'::text, 'rejected'::text, 'cancelled'::text, 'unreachable'::text, 'failed'::text, 'unknown'::text]))),
  CONSTRAINT calls_pkey PRIMARY KEY (call_ref),
  CONSTRAINT calls_reason_source CHECK ((reason_source = ANY (ARRAY['release point'::text, 'state code'::text, 'Q.850'::text, 'SIP'::text]))),
  CONSTRAINT calls_recording CHECK ((recording = ANY (ARRAY['none'::text, 'there'::text, 'expired'::text])))
);
CREATE INDEX calls_a_ref ON ops.calls USING btree (a_ref, started_at) WHERE (a_ref IS NOT NULL);
CREATE INDEX calls_app_key ON ops.calls USING btree (app_key, started_at);
CREATE INDEX calls_b_ref ON ops.calls USING btree (b_ref, started_at) WHERE (b_ref IS NOT NULL);
CREATE INDEX calls_bill_day ON ops.calls USING btree (bill_day, app_key) WHERE (bill_day IS NOT NULL);
CREATE INDEX calls_bind_num ON ops.calls USING btree (bind_num, started_at);
CREATE INDEX calls_digits ON ops.calls USING btree (started_at) WHERE (digit_count IS NOT NULL);
CREATE INDEX calls_ended_at ON ops.calls USING btree (ended_at, started_at);
CREATE INDEX calls_live ON ops.calls USING btree (started_at) WHERE is_live;
CREATE INDEX calls_long ON ops.calls USING btree (started_at) WHERE (talk_seconds > 1800);
CREATE INDEX calls_one_sided ON ops.calls USING btree (started_at) WHERE ((NOT is_live) AND ((cdr_count = 0) OR (event_count = 0)));
CREATE INDEX calls_outcome ON ops.calls USING btree (outcome, started_at);
CREATE INDEX calls_reason ON ops.calls USING btree (reason_source, reason_code, started_at) WHERE (reason_code <> 0);
CREATE INDEX calls_recheck_at ON ops.calls USING btree (recheck_at) WHERE (recheck_at IS NOT NULL);
CREATE INDEX calls_recordings ON ops.calls USING btree (started_at) WHERE (recording <> 'none'::text);
CREATE INDEX calls_repeated ON ops.calls USING btree (started_at) WHERE (cdr_count > 1);
CREATE INDEX calls_session_id ON ops.calls USING btree (session_id) WHERE (session_id IS NOT NULL);
CREATE INDEX calls_started_at ON ops.calls USING btree (started_at) INCLUDE (a_ref, b_ref);
CREATE INDEX calls_subscription_ref ON ops.calls USING btree (subscription_ref, started_at) WHERE (subscription_ref IS NOT NULL);
CREATE INDEX calls_user_data_ref ON ops.calls USING btree (user_data_ref, started_at) WHERE (user_data_ref IS NOT NULL);
COMMENT ON TABLE ops.calls IS 'One row per call; filter by started_at, session_id, call_ref, app_key, bind_num, outcome, a_ref, b_ref / 呼叫，每次一行';
COMMENT ON COLUMN ops.calls.call_ref IS 'Reference of the call: a keyed digest of its session id / 呼叫引用';
COMMENT ON COLUMN ops.calls.session_id IS 'Id of the call as the platform sends it; NULL where it holds a phone number / 会话标识；含号码时为空';
COMMENT ON COLUMN ops.calls.app_key IS 'appKey of the CDR, else of the verified signature / 应用的 appKey';
COMMENT ON COLUMN ops.calls.sp_id IS 'The customer''s cloud account / 客户云账号';
COMMENT ON COLUMN ops.calls.scenario IS 'callVerify, callnotify, playback (one of these two), click2Call or privateNumber / 业务场景';
COMMENT ON COLUMN ops.calls.service_type IS 'serviceType of the CDR / 业务类型';
COMMENT ON COLUMN ops.calls.mode IS 'Private number: mode of the application / 隐私号模式';
COMMENT ON COLUMN ops.calls.direction IS 'direction of the CDR / 呼叫方向';
COMMENT ON COLUMN ops.calls.bound_party IS 'Private number: which side is the bound user / 隐私号绑定用户所在侧';
COMMENT ON COLUMN ops.calls.bind_num IS 'The company''s number that placed the call; private number: X, masked / 企业号码；隐私号为脱敏的 X 号码';
COMMENT ON COLUMN ops.calls.bind_ref IS 'Reference of the company''s number / 企业号码引用';
COMMENT ON COLUMN ops.calls.a_number IS 'A, the caller''s side, masked; callback: who is called first / A 号码（脱敏）';
COMMENT ON COLUMN ops.calls.b_number IS 'B, the called side, masked / B 号码（脱敏）';
COMMENT ON COLUMN ops.calls.shown_to_a IS 'Number A sees, masked unless it is the company''s / 对 A 显示的号码';
COMMENT ON COLUMN ops.calls.shown_to_b IS 'Number B sees, masked unless it is the company''s / 对 B 显示的号码';
COMMENT ON COLUMN ops.calls.a_ref IS 'Reference of A: one person has one, in all calls of one degree of trust / A 引用';
COMMENT ON COLUMN ops.calls.b_ref IS 'Reference of B / B 引用';
COMMENT ON COLUMN ops.calls.user_data_ref IS 'Reference of the request''s userData / userData 引用';
COMMENT ON COLUMN ops.calls.subscription_ref IS 'Private number: reference of the binding / 隐私号绑定引用';
COMMENT ON COLUMN ops.calls.user_data IS 'userData of the request; NULL unless SHOW_USER_DATA declares that it holds nothing personal / userData，仅在声明不含个人信息时有值';
COMMENT ON COLUMN ops.calls.started_at IS 'Earliest time that is known of the call; statistics go by it / 呼叫开始时间（已知最早时间），统计以此为准';
COMMENT ON COLUMN ops.calls.a_started_at IS 'The caller''s side (A) was dialed, or its call came in / A 侧开始时间';
COMMENT ON COLUMN ops.calls.a_ringing_at IS 'A''s phone rang / A 侧振铃时间';
COMMENT ON COLUMN ops.calls.a_answered_at IS 'A answered / A 侧应答时间';
COMMENT ON COLUMN ops.calls.a_ended_at IS 'A''s leg ended / A 侧结束时间';
COMMENT ON COLUMN ops.calls.b_started_at IS 'The called side (B) was dialed / B 侧开始时间';
COMMENT ON COLUMN ops.calls.b_ringing_at IS 'B''s phone rang / B 侧振铃时间';
COMMENT ON COLUMN ops.calls.b_answered_at IS 'B answered / B 侧应答时间';
COMMENT ON COLUMN ops.calls.b_ended_at IS 'B''s leg ended / B 侧结束时间';
COMMENT ON COLUMN ops.calls.ringing_at IS 'The leg dialed last rang / 最后呼叫的一侧振铃时间';
COMMENT ON COLUMN ops.calls.answered_at IS 'The call was answered: B where there is a B, else A / 接通时间';
COMMENT ON COLUMN ops.calls.ended_at IS 'The call ended; NULL while no end is known / 结束时间';
COMMENT ON COLUMN ops.calls.bill_day IS 'Day of ended_at in Asia/Shanghai; the bill goes by it / 计费日期（北京时间）';
COMMENT ON COLUMN ops.calls.ring_seconds IS 'Seconds from ringing to the answer or the end / 振铃秒数';
COMMENT ON COLUMN ops.calls.talk_seconds IS 'Seconds from the answer to the end / 通话秒数';
COMMENT ON COLUMN ops.calls.post_dial_delay_seconds IS 'Seconds from dialing to ringing of the leg dialed last / 拨号后时延（秒）';
COMMENT ON COLUMN ops.calls.a_seconds IS 'Seconds from the answer to the end of A''s leg / A 侧通话秒数';
COMMENT ON COLUMN ops.calls.b_seconds IS 'Seconds from the answer to the end of B''s leg / B 侧通话秒数';
COMMENT ON COLUMN ops.calls.a_post_dial_delay_seconds IS 'Seconds from dialing A to ringing / A 侧拨号后时延（秒）';
COMMENT ON COLUMN ops.calls.b_post_dial_delay_seconds IS 'Seconds from dialing B to ringing / B 侧拨号后时延（秒）';
COMMENT ON COLUMN ops.calls.first_received_at IS 'When the first record of the call came / 首次收到记录的时间';
COMMENT ON COLUMN ops.calls.last_received_at IS 'When the latest record of the call came / 最近收到记录的时间';
COMMENT ON COLUMN ops.calls.cdr_received_at IS 'When the CDR that counts came; NULL without one / 收到生效话单的时间';
COMMENT ON COLUMN ops.calls.outcome IS 'How the call went / 呼叫结果';
COMMENT ON COLUMN ops.calls.is_live IS 'Not ended, and begun less than 25 hours ago / 是否进行中';
COMMENT ON COLUMN ops.calls.end_seen IS 'An end is known, by a CDR or a disconnect / 是否已知结束';
COMMENT ON COLUMN ops.calls.is_finished IS 'Nothing more is expected: a CDR came, or the time for one is over / 是否已完结';
COMMENT ON COLUMN ops.calls.is_effective IS 'Counts for NER: answered, busy, no answer, rejected, or cancelled after ringing / 是否计入 NER';
COMMENT ON COLUMN ops.calls.reason_code IS 'Code behind the reason, of the table that reason_source names / 原因代码';
COMMENT ON COLUMN ops.calls.reason_source IS 'Which code the reason comes from / 原因来源';
COMMENT ON COLUMN ops.calls.reason_en IS 'Why the call ended, English / 结束原因（英文）';
COMMENT ON COLUMN ops.calls.reason_zh IS 'Why the call ended, Chinese / 结束原因（中文）';
COMMENT ON COLUMN ops.calls.release_point IS 'Release point of the CDR / 呼叫拆线点';
COMMENT ON COLUMN ops.calls.a_q850 IS 'Q.850 cause of A''s leg; NULL for 0 / A 侧 Q.850 原因值';
COMMENT ON COLUMN ops.calls.b_q850 IS 'Q.850 cause of B''s leg; NULL for 0 / B 侧 Q.850 原因值';
COMMENT ON COLUMN ops.calls.sip_status IS 'SIP status of the failure; NULL for 0 / SIP 状态码';
COMMENT ON COLUMN ops.calls.state_code IS 'State code of the disconnect that counts / 挂机原因值';
COMMENT ON COLUMN ops.calls.hung_up_by IS 'Who hung up, where that is known / 挂机方';
COMMENT ON COLUMN ops.calls.party_type IS 'partyType as sent; digits hidden / 平台发送的挂机方';
COMMENT ON COLUMN ops.calls.digits IS 'Keys pressed, up to two; more may be a PIN and show as *** / 按键，超过两位显示 ***';
COMMENT ON COLUMN ops.calls.digit_count IS 'How many keys were pressed / 按键个数';
COMMENT ON COLUMN ops.calls.recording IS 'Whether there is a recording, and can still be fetched from the platform / 录音状态';
COMMENT ON COLUMN ops.calls.recording_started_at IS 'Recording began / 录音开始时间';
COMMENT ON COLUMN ops.calls.a_minutes IS 'Billed minutes of A''s leg; 0 where it is not billed, NULL without a CDR / A 侧计费分钟';
COMMENT ON COLUMN ops.calls.b_minutes IS 'Billed minutes of B''s leg; 0 where it is not billed, NULL without a CDR / B 侧计费分钟';
COMMENT ON COLUMN ops.calls.minutes_estimated IS 'An event supplied a time that the minutes hang on / 计费分钟是否含推算';
COMMENT ON COLUMN ops.calls.event_count IS 'Status events of the call / 状态事件数';
COMMENT ON COLUMN ops.calls.cdr_count IS 'CDRs of the call; the one received last counts / 话单数';
COMMENT ON COLUMN ops.calls.version IS 'Position in the feed of the last change of its content / 版本号，即最近一次内容变化在变更流中的位点';
COMMENT ON COLUMN ops.calls.recheck_at IS 'When the call changes by the clock alone and is computed again / 需按时间重新计算的时刻';
COMMENT ON COLUMN ops.calls.folded_at IS 'When the row was computed / 计算时间';

CREATE TABLE ops.concurrent_legs (
  hour timestamp with time zone NOT NULL,
  day date GENERATED ALWAYS AS (((hour AT TIME ZONE 'Asia/Shanghai'::text))::date) STORED NOT NULL,
  app_key text,
  peak_legs integer NOT NULL,
  peak_of_all integer NOT NULL
);
CREATE INDEX concurrent_legs_day ON ops.concurrent_legs USING btree (day);
CREATE INDEX concurrent_legs_hour ON ops.concurrent_legs USING btree (hour);
COMMENT ON TABLE ops.concurrent_legs IS 'The most legs at one time in each hour that is over, ringing ones too: compare with the voice ports. Peaks cannot be added up. Filter by hour or day / 每小时最大并发段数（含振铃），可与语音端口数比较；峰值不可相加';
COMMENT ON COLUMN ops.concurrent_legs.hour IS 'Full hour (UTC) / 整点小时（UTC）';
COMMENT ON COLUMN ops.concurrent_legs.day IS 'Day of the hour in Asia/Shanghai / 该小时的北京时间日期';
COMMENT ON COLUMN ops.concurrent_legs.app_key IS 'appKey of the application / 应用的 appKey';
COMMENT ON COLUMN ops.concurrent_legs.peak_legs IS 'Most legs of the application at one time / 该应用的最大并发段数';
COMMENT ON COLUMN ops.concurrent_legs.peak_of_all IS 'Most legs of all applications at one time; the same in each row of the hour / 所有应用合计的最大并发段数，同一小时各行相同';

CREATE TABLE ops.delays (
  hour timestamp with time zone NOT NULL,
  day date GENERATED ALWAYS AS (((hour AT TIME ZONE 'Asia/Shanghai'::text))::date) STORED NOT NULL,
  kind text NOT NULL,
  app_key text,
  scenario text,
  bind_num text,
  is_merged boolean NOT NULL,
  seconds integer NOT NULL,
  calls integer NOT NULL,
  CONSTRAINT delays_kind CHECK ((kind = ANY (ARRAY['post-dial'::text, 'status'::text, 'fee'::text])))
);
CREATE INDEX delays_day ON ops.delays USING btree (day) WHERE (kind <> 'post-dial'::text);
CREATE INDEX delays_hour ON ops.delays USING btree (hour, kind);
CREATE INDEX delays_unmerged ON ops.delays USING btree (hour) WHERE (NOT is_merged);
COMMENT ON TABLE ops.delays IS 'How many calls had which delay; counts can be added up, ops.call_stats and ops.callback_delay make percentiles of them. Filter by kind and hour / 各时延的呼叫数，可相加；分位数见 ops.call_stats 与 ops.callback_delay';
COMMENT ON COLUMN ops.delays.hour IS 'Full hour (UTC) in which the calls began / 呼叫开始的整点小时（UTC）';
COMMENT ON COLUMN ops.delays.day IS 'Day of the hour in Asia/Shanghai / 该小时的北京时间日期';
COMMENT ON COLUMN ops.delays.kind IS 'post-dial: from dialing to ringing of the leg dialed last; status: from the start of a call until its first record came, calls with events; fee: from the end until the CDR that counts came / 类别：拨号到振铃；开始到收到首条记录；结束到收到生效话单';
COMMENT ON COLUMN ops.delays.app_key IS 'post-dial: appKey of the application / 拨号后时延：应用的 appKey';
COMMENT ON COLUMN ops.delays.scenario IS 'post-dial: scenario of the calls / 拨号后时延：业务场景';
COMMENT ON COLUMN ops.delays.bind_num IS 'post-dial: the company''s number / 拨号后时延：企业号码';
COMMENT ON COLUMN ops.delays.is_merged IS 'Whether the rows of its hour were made one by rtc.merge_counts / 是否已合并';
COMMENT ON COLUMN ops.delays.seconds IS 'Whole seconds; beyond ten minutes of a callback whole minutes. Negative: the platform''s clock is ahead, or it sent local time for UTC / 整秒；回调超过十分钟按整分钟；负值表示平台时钟超前或误发本地时间';
COMMENT ON COLUMN ops.delays.calls IS 'Calls with that delay / 呼叫数';

CREATE TABLE ops.seen_callbacks (
  app_key text NOT NULL,
  kind text NOT NULL,
  CONSTRAINT seen_callbacks_kind CHECK ((kind = ANY (ARRAY['status'::text, 'fee'::text]))),
  CONSTRAINT seen_callbacks_pkey PRIMARY KEY (app_key, kind)
);
COMMENT ON TABLE ops.seen_callbacks IS 'Which kinds of callback ever came of which application / 各应用曾收到的回调类别';
COMMENT ON COLUMN ops.seen_callbacks.app_key IS 'appKey of the application; empty for any / 应用的 appKey，空串表示任意应用';
COMMENT ON COLUMN ops.seen_callbacks.kind IS 'status = status events, fee = CDRs / 类别：状态事件或话单';

CREATE TYPE ops.call_stat AS (
  bucket_start timestamp with time zone,
  app_key text,
  scenario text,
  bind_num text,
  attempts bigint,
  answered bigint,
  asr numeric,
  effective bigint,
  ner numeric,
  busy bigint,
  no_answer bigint,
  rejected bigint,
  cancelled bigint,
  unreachable bigint,
  failed bigint,
  unknown bigint,
  talks bigint,
  talk_seconds bigint,
  acd_seconds numeric,
  legs bigint,
  legs_answered bigint,
  leg_asr numeric,
  post_dial_delays bigint,
  post_dial_delay_p50 numeric,
  post_dial_delay_p95 numeric,
  billed_minutes bigint
);
COMMENT ON TYPE ops.call_stat IS 'A row of ops.call_stats / ops.call_stats 的一行';
COMMENT ON COLUMN ops.call_stat.bucket_start IS 'Beginning of the bucket / 时间桶起点';
COMMENT ON COLUMN ops.call_stat.app_key IS 'appKey of the application; NULL when not split by it / 应用的 appKey';
COMMENT ON COLUMN ops.call_stat.scenario IS 'Scenario of the calls; NULL when not split by it / 业务场景';
COMMENT ON COLUMN ops.call_stat.bind_num IS 'The company''s number; NULL when not split by it / 企业号码';
COMMENT ON COLUMN ops.call_stat.attempts IS 'Calls that are over, or whose end was never seen / 呼叫次数（不含进行中）';
COMMENT ON COLUMN ops.call_stat.answered IS 'Attempts that were answered / 接通数';
COMMENT ON COLUMN ops.call_stat.asr IS 'Answer-seizure ratio: answered / attempts / 应答率';
COMMENT ON COLUMN ops.call_stat.effective IS 'Answered, busy, no answer, rejected, or cancelled after ringing / 网络有效数';
COMMENT ON COLUMN ops.call_stat.ner IS 'Network effectiveness ratio: effective / attempts / 网络有效率';
COMMENT ON COLUMN ops.call_stat.busy IS 'Attempts that met a busy line / 忙';
COMMENT ON COLUMN ops.call_stat.no_answer IS 'Attempts that nobody answered / 无应答';
COMMENT ON COLUMN ops.call_stat.rejected IS 'Attempts that the called person declined / 拒接';
COMMENT ON COLUMN ops.call_stat.cancelled IS 'Attempts that the calling side gave up / 取消';
COMMENT ON COLUMN ops.call_stat.unreachable IS 'Attempts whose called side could not be reached / 无法接通';
COMMENT ON COLUMN ops.call_stat.failed IS 'Attempts that failed on the way / 失败';
COMMENT ON COLUMN ops.call_stat.unknown IS 'Attempts of which nobody knows how they went / 结果未知';
COMMENT ON COLUMN ops.call_stat.talks IS 'Answered calls whose end is known / 已接通且已知结束的呼叫数';
COMMENT ON COLUMN ops.call_stat.talk_seconds IS 'Seconds from the answer to the end of these / 通话总秒数';
COMMENT ON COLUMN ops.call_stat.acd_seconds IS 'Average call duration: talk_seconds / talks / 平均通话秒数';
COMMENT ON COLUMN ops.call_stat.legs IS 'Legs of the attempts, which the platform''s console counts / 通话段数（与平台控制台口径一致）';
COMMENT ON COLUMN ops.call_stat.legs_answered IS 'Legs that were answered / 接通的通话段数';
COMMENT ON COLUMN ops.call_stat.leg_asr IS 'legs_answered / legs / 按段应答率';
COMMENT ON COLUMN ops.call_stat.post_dial_delays IS 'Attempts whose post-dial delay is known / 有拨号后时延的呼叫数';
COMMENT ON COLUMN ops.call_stat.post_dial_delay_p50 IS 'Median over the calls of this row, seconds; medians of several rows cannot be added up or averaged: split by less / 本行呼叫的中位数（秒），不可相加或平均，请减少拆分维度';
COMMENT ON COLUMN ops.call_stat.post_dial_delay_p95 IS '95 % of the calls of this row took no longer, seconds; cannot be added up or averaged / 本行呼叫的 95 分位（秒），不可相加或平均';
COMMENT ON COLUMN ops.call_stat.billed_minutes IS 'Billed minutes of both legs, by the beginning of the call; for the bill see ops.billing_daily / 计费分钟（按呼叫开始时间），账单见 ops.billing_daily';

CREATE TYPE ops.failure AS (
  outcome text,
  reason_source text,
  reason_code integer,
  reason_en text,
  reason_zh text,
  calls bigint,
  failed_calls bigint,
  attempts bigint,
  share numeric,
  first_hour timestamp with time zone,
  last_hour timestamp with time zone
);
COMMENT ON TYPE ops.failure IS 'A row of ops.failures / ops.failures 的一行';
COMMENT ON COLUMN ops.failure.outcome IS 'How the calls went / 呼叫结果';
COMMENT ON COLUMN ops.failure.reason_source IS 'Which code the reason comes from / 原因来源';
COMMENT ON COLUMN ops.failure.reason_code IS 'The code / 原因代码';
COMMENT ON COLUMN ops.failure.reason_en IS 'Why, English / 原因（英文）';
COMMENT ON COLUMN ops.failure.reason_zh IS 'Why, Chinese / 原因（中文）';
COMMENT ON COLUMN ops.failure.calls IS 'Attempts that failed for it / 呼叫数';
COMMENT ON COLUMN ops.failure.failed_calls IS 'All attempts that were not answered; the same in each row / 未接通总数，各行相同';
COMMENT ON COLUMN ops.failure.attempts IS 'All attempts, answered ones too; the same in each row / 呼叫总数，各行相同';
COMMENT ON COLUMN ops.failure.share IS 'calls / failed_calls / 占未接通的比例';
COMMENT ON COLUMN ops.failure.first_hour IS 'Hour in which the first of them began / 首次所在小时';
COMMENT ON COLUMN ops.failure.last_hour IS 'Hour in which the last of them began / 末次所在小时';

CREATE TYPE ops.frequent_callee AS (
  callee_ref text,
  callee text,
  app_key text,
  calls bigint,
  answered bigint,
  first_at timestamp with time zone,
  last_at timestamp with time zone
);
COMMENT ON TYPE ops.frequent_callee IS 'A row of ops.frequent_callees / ops.frequent_callees 的一行';
COMMENT ON COLUMN ops.frequent_callee.callee_ref IS 'Reference of the number, as a_ref and b_ref of ops.calls / 号码引用';
COMMENT ON COLUMN ops.frequent_callee.callee IS 'The number, masked / 号码（脱敏）';
COMMENT ON COLUMN ops.frequent_callee.app_key IS 'appKey of the application / 应用的 appKey';
COMMENT ON COLUMN ops.frequent_callee.calls IS 'How often it was dialed / 呼叫次数';
COMMENT ON COLUMN ops.frequent_callee.answered IS 'How often it answered / 接通次数';
COMMENT ON COLUMN ops.frequent_callee.first_at IS 'When the first of these calls began / 首次';
COMMENT ON COLUMN ops.frequent_callee.last_at IS 'When the last of these calls began / 末次';

CREATE VIEW rtc.masked_cdrs AS
 SELECT session_id,
    cdr_time,
    rtc.mask_icid(icid) AS icid,
    rtc.mask_id(app_key) AS app_key,
    rtc.mask_id(sp_id) AS sp_id,
    rtc.mask_text(service_type) AS service_type,
    direction,
    bind_num,
    caller_num,
    callee_num,
    fwd_display_num,
    fwd_dst_num,
    call_in_time,
    call_out_start_time,
    call_out_alerting_time,
    call_out_answer_time,
    call_out_unasw_rsn,
    fwd_start_time,
    fwd_alerting_time,
    fwd_answer_time,
    fwd_unasw_rsn,
    call_end_time,
    fail_time,
    ul_fail_reason,
    sip_status_code,
    call_rel_direction,
    dyn_ivr_start_time,
    rtc.mask_keys(dyn_ivr_path) AS dyn_ivr_path,
    record_flag,
    record_start_time,
        CASE
            WHEN (record_domain <> ''::text) THEN '***'::text
            ELSE NULL::text
        END AS record_domain,
        CASE
            WHEN (record_bucket_name <> ''::text) THEN '***'::text
            ELSE NULL::text
        END AS record_bucket_name,
        CASE
            WHEN (record_object_name <> ''::text) THEN '***'::text
            ELSE NULL::text
        END AS record_object_name,
        CASE
            WHEN (record_file_download_url <> ''::text) THEN '***'::text
            ELSE NULL::text
        END AS record_file_download_url,
    tts_play_times,
    tts_trans_duration,
    rtc.mask_text(host_name) AS host_name,
    rtc.mask_text(notify_mode) AS notify_mode,
        CASE
            WHEN (extend_number <> ''::text) THEN '***'::text
            ELSE NULL::text
        END AS extend_number,
        CASE
            WHEN (user_data <> ''::text) THEN '***'::text
            ELSE NULL::text
        END AS user_data,
        CASE
            WHEN (subscription_id <> ''::text) THEN '***'::text
            ELSE NULL::text
        END AS subscription_id,
    rtc.mask_fields(extra) AS extra,
    rtc.mask_id(signed_by) AS signed_by,
    received_at,
    stored_at,
    erased_at,
    icid AS whole_icid,
    (signed_by IS NOT NULL) AS is_signed
   FROM rtc.cdrs d;
COMMENT ON VIEW rtc.masked_cdrs IS 'CDRs, masked but for their session, icid and numbers, whose masks depend on the call / 话单（除会话标识、话单标识与号码外已脱敏）';

CREATE VIEW rtc.masked_events AS
 SELECT session_id,
    occurred_at,
    rtc.mask_text(event_type) AS event_type,
    rtc.mask_number(caller) AS caller,
    rtc.mask_number(called) AS called,
    state_code,
        CASE
            WHEN (state_desc <> ''::text) THEN '***'::text
            ELSE NULL::text
        END AS state_desc,
    rtc.mask_text(party_type) AS party_type,
    call_rel_direction,
    rtc.mask_keys(digit_info) AS digits,
    rtc.mask_text(notify_mode) AS notify_mode,
        CASE
            WHEN (user_data <> ''::text) THEN '***'::text
            ELSE NULL::text
        END AS user_data,
        CASE
            WHEN (subscription_id <> ''::text) THEN '***'::text
            ELSE NULL::text
        END AS subscription_id,
    rtc.mask_fields(extra) AS extra,
    rtc.mask_id(signed_by) AS app_key,
    received_at,
    stored_at,
    erased_at
   FROM rtc.call_events e;
COMMENT ON VIEW rtc.masked_events IS 'Call status events, masked but for their session / 呼叫状态事件（除会话标识外已脱敏）';

CREATE VIEW ops.apps AS
 SELECT app_key,
    name,
    scenario
   FROM rtc.apps;
COMMENT ON VIEW ops.apps IS 'What the owner tells about each application / 应用登记';
COMMENT ON COLUMN ops.apps.app_key IS 'appKey of the application / 应用的 appKey';
COMMENT ON COLUMN ops.apps.name IS 'Name for people / 应用名称';
COMMENT ON COLUMN ops.apps.scenario IS 'click2Call, callnotify, callVerify or privateNumber / 业务场景：语音回呼、语音通知、语音验证码、隐私保护通话';

CREATE VIEW ops.billing_daily AS
 SELECT bill_day,
    app_key,
    scenario,
    bind_num,
    sum(attempts) AS calls,
    sum(a_legs_billed) AS a_legs_billed,
    sum(a_minutes) AS a_minutes,
    sum(b_legs_billed) AS b_legs_billed,
    sum(b_minutes) AS b_minutes,
    sum((a_minutes + b_minutes)) AS billed_minutes,
    (sum(billed_seconds))::bigint AS billed_seconds,
    sum(estimated) AS estimated
   FROM ops.call_counts c
  WHERE (has_cdr AND (bill_day IS NOT NULL))
  GROUP BY bill_day, app_key, scenario, bind_num
 HAVING (sum(attempts) > 0);
COMMENT ON VIEW ops.billing_daily IS 'The bill: calls with a CDR by the day in Asia/Shanghai on which they ended. What changed afterwards is in ops.bill_changes. Filter by bill_day / 账单：有话单的呼叫，按结束的北京时间日期统计';
COMMENT ON COLUMN ops.billing_daily.bill_day IS 'Day in Asia/Shanghai on which the calls ended / 呼叫结束的北京时间日期';
COMMENT ON COLUMN ops.billing_daily.app_key IS 'appKey of the application / 应用的 appKey';
COMMENT ON COLUMN ops.billing_daily.scenario IS 'Scenario of the calls / 业务场景';
COMMENT ON COLUMN ops.billing_daily.bind_num IS 'The company''s number; private number: X, masked / 企业号码；隐私号为脱敏的 X 号码';
COMMENT ON COLUMN ops.billing_daily.calls IS 'Calls with a CDR, answered or not / 有话单的呼叫数';
COMMENT ON COLUMN ops.billing_daily.a_legs_billed IS 'Legs A that are billed / 计费的 A 段数';
COMMENT ON COLUMN ops.billing_daily.a_minutes IS 'Billed minutes of legs A / A 段计费分钟';
COMMENT ON COLUMN ops.billing_daily.b_legs_billed IS 'Legs B that are billed / 计费的 B 段数';
COMMENT ON COLUMN ops.billing_daily.b_minutes IS 'Billed minutes of legs B / B 段计费分钟';
COMMENT ON COLUMN ops.billing_daily.billed_minutes IS 'Billed minutes of both / 计费分钟合计';
COMMENT ON COLUMN ops.billing_daily.billed_seconds IS 'Seconds of billed legs, not rounded up / 计费段的实际秒数';
COMMENT ON COLUMN ops.billing_daily.estimated IS 'Calls whose minutes hang on a time that an event supplied / 计费分钟含推算的呼叫数';

CREATE VIEW ops.call_measures AS
 SELECT call_ref,
    started_at,
    folded_at,
    cdr_received_at,
    COALESCE(ended_at, last_received_at) AS over_at,
    date_bin('01:00:00'::interval, started_at, '2000-01-01 00:00:00+00'::timestamp with time zone) AS hour,
    bill_day,
    app_key,
    scenario,
    bind_num,
    outcome,
        CASE
            WHEN (outcome <> 'answered'::text) THEN reason_source
            ELSE NULL::text
        END AS reason_source,
        CASE
            WHEN (outcome <> 'answered'::text) THEN reason_code
            ELSE NULL::integer
        END AS reason_code,
        CASE
            WHEN (outcome <> 'answered'::text) THEN reason_en
            ELSE NULL::text
        END AS reason_en,
        CASE
            WHEN (outcome <> 'answered'::text) THEN reason_zh
            ELSE NULL::text
        END AS reason_zh,
    (event_count > 0) AS has_events,
    (cdr_count > 0) AS has_cdr,
    (is_effective)::integer AS effective,
    (((outcome = 'answered'::text) AND end_seen))::integer AS talks,
        CASE
            WHEN ((outcome = 'answered'::text) AND end_seen) THEN COALESCE(talk_seconds, 0)
            ELSE 0
        END AS talk_seconds,
    ((((a_started_at IS NOT NULL) OR (a_ringing_at IS NOT NULL) OR (a_answered_at IS NOT NULL)))::integer + (((b_started_at IS NOT NULL) OR (b_ringing_at IS NOT NULL) OR (b_answered_at IS NOT NULL)))::integer) AS legs,
    (((a_answered_at IS NOT NULL))::integer + ((b_answered_at IS NOT NULL))::integer) AS legs_answered,
    event_count AS events,
    cdr_count AS cdrs,
    (COALESCE((a_minutes > 0), false))::integer AS a_legs_billed,
    COALESCE(a_minutes, 0) AS a_minutes,
    (COALESCE((b_minutes > 0), false))::integer AS b_legs_billed,
    COALESCE(b_minutes, 0) AS b_minutes,
    (
        CASE
            WHEN (a_minutes > 0) THEN COALESCE(a_seconds, 0)
            ELSE 0
        END +
        CASE
            WHEN (b_minutes > 0) THEN COALESCE(b_seconds, 0)
            ELSE 0
        END) AS billed_seconds,
    (((cdr_count > 0) AND minutes_estimated))::integer AS estimated,
    post_dial_delay_seconds AS post_dial_delay,
        CASE
            WHEN (event_count > 0) THEN (floor(date_part('epoch'::text, (first_received_at - started_at))))::integer
            ELSE NULL::integer
        END AS status_delay,
    (floor(date_part('epoch'::text, (cdr_received_at - ended_at))))::integer AS fee_delay,
    ended_at,
    first_received_at
   FROM ops.calls c
  WHERE (NOT is_live);
COMMENT ON VIEW ops.call_measures IS 'What each call that does not go on counts for in statistics and on the bill; filter by started_at / 每次非进行中呼叫在统计与账单中的计数';
COMMENT ON COLUMN ops.call_measures.call_ref IS 'Reference of the call / 呼叫引用';
COMMENT ON COLUMN ops.call_measures.started_at IS 'When it began / 开始时间';
COMMENT ON COLUMN ops.call_measures.folded_at IS 'When it was computed / 计算时间';
COMMENT ON COLUMN ops.call_measures.cdr_received_at IS 'When the CDR that counts came / 收到生效话单的时间';
COMMENT ON COLUMN ops.call_measures.over_at IS 'When it ended; without an end when the last word of it came / 结束时间；未知时为最近收到记录的时间';
COMMENT ON COLUMN ops.call_measures.hour IS 'Full hour (UTC) in which it began / 开始的整点小时（UTC）';
COMMENT ON COLUMN ops.call_measures.bill_day IS 'Day in Asia/Shanghai on which it ended / 结束的北京时间日期';
COMMENT ON COLUMN ops.call_measures.app_key IS 'appKey of the application / 应用的 appKey';
COMMENT ON COLUMN ops.call_measures.scenario IS 'Scenario / 业务场景';
COMMENT ON COLUMN ops.call_measures.bind_num IS 'The company''s number; private number: X, masked / 企业号码；隐私号为脱敏的 X 号码';
COMMENT ON COLUMN ops.call_measures.outcome IS 'How it went / 呼叫结果';
COMMENT ON COLUMN ops.call_measures.reason_source IS 'Not answered: which code the reason comes from / 未接通：原因来源';
COMMENT ON COLUMN ops.call_measures.reason_code IS 'Not answered: the code / 未接通：原因代码';
COMMENT ON COLUMN ops.call_measures.reason_en IS 'Not answered: why, English / 未接通：原因（英文）';
COMMENT ON COLUMN ops.call_measures.reason_zh IS 'Not answered: why, Chinese / 未接通：原因（中文）';
COMMENT ON COLUMN ops.call_measures.has_events IS 'Whether status events came / 是否有状态事件';
COMMENT ON COLUMN ops.call_measures.has_cdr IS 'Whether a CDR came / 是否有话单';
COMMENT ON COLUMN ops.call_measures.effective IS '1 for NER: answered, busy, no answer, rejected, or cancelled after ringing; else 0 / 计入网络有效数为 1';
COMMENT ON COLUMN ops.call_measures.talks IS '1 for ACD: answered, and its end is known; else 0 / 计入平均通话时长为 1';
COMMENT ON COLUMN ops.call_measures.talk_seconds IS 'Seconds from the answer to the end / 通话秒数';
COMMENT ON COLUMN ops.call_measures.legs IS 'Its legs / 通话段数';
COMMENT ON COLUMN ops.call_measures.legs_answered IS 'Legs that were answered / 接通的通话段数';
COMMENT ON COLUMN ops.call_measures.events IS 'Its status events / 状态事件数';
COMMENT ON COLUMN ops.call_measures.cdrs IS 'Its CDRs, repeated ones too / 话单数，含重复';
COMMENT ON COLUMN ops.call_measures.a_legs_billed IS '1 when leg A is billed / A 段计费为 1';
COMMENT ON COLUMN ops.call_measures.a_minutes IS 'Billed minutes of leg A / A 段计费分钟';
COMMENT ON COLUMN ops.call_measures.b_legs_billed IS '1 when leg B is billed / B 段计费为 1';
COMMENT ON COLUMN ops.call_measures.b_minutes IS 'Billed minutes of leg B / B 段计费分钟';
COMMENT ON COLUMN ops.call_measures.billed_seconds IS 'Seconds of billed legs, not rounded up / 计费段的实际秒数';
COMMENT ON COLUMN ops.call_measures.estimated IS '1 when its minutes hang on a time that an event supplied / 计费分钟含推算为 1';
COMMENT ON COLUMN ops.call_measures.post_dial_delay IS 'Seconds from dialing to ringing of the leg dialed last / 拨号到振铃的秒数';
COMMENT ON COLUMN ops.call_measures.status_delay IS 'Whole seconds from its start until its first record came, with events / 开始到收到首条记录的整秒数';
COMMENT ON COLUMN ops.call_measures.fee_delay IS 'Whole seconds from its end until the CDR that counts came / 结束到收到生效话单的整秒数';
COMMENT ON COLUMN ops.call_measures.ended_at IS 'When it ended; NULL while no end is known / 结束时间';
COMMENT ON COLUMN ops.call_measures.first_received_at IS 'When its first record came / 首次收到记录的时间';

CREATE VIEW ops.callback_delay AS
 SELECT hour,
    day,
    kind,
    total AS calls,
    min(seconds) AS delay_min,
    min(seconds) FILTER (WHERE (upto >= (0.5 * (total)::numeric))) AS delay_p50,
    min(seconds) FILTER (WHERE (upto >= (0.95 * (total)::numeric))) AS delay_p95,
    max(seconds) AS delay_max,
    (COALESCE(sum(calls) FILTER (WHERE (seconds < 0)), (0)::numeric))::bigint AS negative,
    (COALESCE(sum(calls) FILTER (WHERE (seconds > 60)), (0)::numeric))::bigint AS over_a_minute,
    (COALESCE(sum(calls) FILTER (WHERE (seconds > 3600)), (0)::numeric))::bigint AS over_an_hour
   FROM ( SELECT s.hour,
            s.day,
            s.kind,
            s.seconds,
            s.calls,
            sum(s.calls) OVER (PARTITION BY s.hour, s.day, s.kind ORDER BY s.seconds) AS upto,
            (sum(s.calls) OVER (PARTITION BY s.hour, s.day, s.kind))::bigint AS total
           FROM ( SELECT d.hour,
                    d.day,
                    d.kind,
                    d.seconds,
                    sum(d.calls) AS calls
                   FROM ops.delays d
                  WHERE (d.kind <> 'post-dial'::text)
                  GROUP BY d.hour, d.day, d.kind, d.seconds
                 HAVING (sum(d.calls) > 0)) s) r
  GROUP BY hour, day, kind, total;
COMMENT ON VIEW ops.callback_delay IS 'How late callbacks came, by the hour in which the calls began. A negative delay: the platform''s clock is ahead, or it sent local time where UTC belongs. Filter by hour or day / 回调时延；负值表示平台时钟超前，或应为 UTC 的时间发成了本地时间';
COMMENT ON COLUMN ops.callback_delay.hour IS 'Full hour (UTC) in which the calls began / 呼叫开始的整点小时（UTC）';
COMMENT ON COLUMN ops.callback_delay.day IS 'Day of the hour in Asia/Shanghai / 该小时的北京时间日期';
COMMENT ON COLUMN ops.callback_delay.kind IS 'status: from the start of a call until its first record came, calls with events; fee: from the end until the CDR that counts came / 类别：status 为开始到首条记录，fee 为结束到生效话单';
COMMENT ON COLUMN ops.callback_delay.calls IS 'Calls that are looked at / 呼叫数';
COMMENT ON COLUMN ops.callback_delay.delay_min IS 'Shortest, seconds; negative ones are shown / 最小时延（秒），可为负';
COMMENT ON COLUMN ops.callback_delay.delay_p50 IS 'Median over the calls of this hour, whole seconds; medians of several hours cannot be added up or averaged: take ops.delays / 本小时中位数（秒），不可相加或平均';
COMMENT ON COLUMN ops.callback_delay.delay_p95 IS '95 % of the calls of this hour took no longer, whole seconds; cannot be added up or averaged / 本小时 95 分位（秒），不可相加或平均';
COMMENT ON COLUMN ops.callback_delay.delay_max IS 'Longest, seconds, beyond ten minutes whole minutes / 最大时延（秒，超过十分钟为整分钟）';
COMMENT ON COLUMN ops.callback_delay.negative IS 'Calls with a delay below zero / 时延为负的呼叫数';
COMMENT ON COLUMN ops.callback_delay.over_a_minute IS 'Calls with more than a minute / 超过一分钟的呼叫数';
COMMENT ON COLUMN ops.callback_delay.over_an_hour IS 'Calls with more than an hour: CDRs sent again / 超过一小时的呼叫数，即重推的话单';

CREATE VIEW ops.calls_hourly AS
 SELECT hour,
    day,
    app_key,
    scenario,
    bind_num,
    attempts,
    answered,
    round(((answered)::numeric / (NULLIF(attempts, 0))::numeric), 4) AS asr,
    effective,
    round(((effective)::numeric / (NULLIF(attempts, 0))::numeric), 4) AS ner,
    busy,
    no_answer,
    rejected,
    cancelled,
    unreachable,
    failed,
    unknown,
    talks,
    talk_seconds,
    round(((talk_seconds)::numeric / (NULLIF(talks, 0))::numeric), 1) AS acd_seconds,
    legs,
    legs_answered,
    round(((legs_answered)::numeric / (NULLIF(legs, 0))::numeric), 4) AS leg_asr,
    billed_minutes
   FROM ( SELECT c.hour,
            c.day,
            c.app_key,
            c.scenario,
            c.bind_num,
            sum(c.attempts) AS attempts,
            COALESCE(sum(c.attempts) FILTER (WHERE (c.outcome = 'answered'::text)), (0)::bigint) AS answered,
            sum(c.effective) AS effective,
            COALESCE(sum(c.attempts) FILTER (WHERE (c.outcome = 'busy'::text)), (0)::bigint) AS busy,
            COALESCE(sum(c.attempts) FILTER (WHERE (c.outcome = 'no answer'::text)), (0)::bigint) AS no_answer,
            COALESCE(sum(c.attempts) FILTER (WHERE (c.outcome = 'rejected'::text)), (0)::bigint) AS rejected,
            COALESCE(sum(c.attempts) FILTER (WHERE (c.outcome = 'cancelled'::text)), (0)::bigint) AS cancelled,
            COALESCE(sum(c.attempts) FILTER (WHERE (c.outcome = 'unreachable'::text)), (0)::bigint) AS unreachable,
            COALESCE(sum(c.attempts) FILTER (WHERE (c.outcome = 'failed'::text)), (0)::bigint) AS failed,
            COALESCE(sum(c.attempts) FILTER (WHERE (c.outcome = ANY (ARRAY['unknown'::text, 'in progress'::text]))), (0)::bigint) AS unknown,
            sum(c.talks) AS talks,
            (sum(c.talk_seconds))::bigint AS talk_seconds,
            sum(c.legs) AS legs,
            sum(c.legs_answered) AS legs_answered,
            sum((c.a_minutes + c.b_minutes)) AS billed_minutes
           FROM ops.call_counts c
          GROUP BY c.hour, c.day, c.app_key, c.scenario, c.bind_num
         HAVING (sum(c.attempts) > 0)) s;
COMMENT ON VIEW ops.calls_hourly IS 'Calls by the hour in which they began, application, scenario and number. Add up counts and divide the sums, never the rates; ops.call_stats does that for other buckets and zones. Filter by hour or day / 按开始小时、应用、场景与企业号码统计；汇总时请对计数求和后再相除';
COMMENT ON COLUMN ops.calls_hourly.hour IS 'Full hour (UTC) in which the calls began / 呼叫开始的整点小时（UTC）';
COMMENT ON COLUMN ops.calls_hourly.day IS 'Day of the hour in Asia/Shanghai / 该小时的北京时间日期';
COMMENT ON COLUMN ops.calls_hourly.app_key IS 'appKey of the application / 应用的 appKey';
COMMENT ON COLUMN ops.calls_hourly.scenario IS 'Scenario of the calls / 业务场景';
COMMENT ON COLUMN ops.calls_hourly.bind_num IS 'The company''s number; private number: X, masked / 企业号码；隐私号为脱敏的 X 号码';
COMMENT ON COLUMN ops.calls_hourly.attempts IS 'Calls that are over, or whose end was never seen / 呼叫次数（不含进行中）';
COMMENT ON COLUMN ops.calls_hourly.answered IS 'Attempts that were answered / 接通数';
COMMENT ON COLUMN ops.calls_hourly.asr IS 'Answer-seizure ratio: answered / attempts / 应答率';
COMMENT ON COLUMN ops.calls_hourly.effective IS 'Answered, busy, no answer, rejected, or cancelled after ringing / 网络有效数';
COMMENT ON COLUMN ops.calls_hourly.ner IS 'Network effectiveness ratio: effective / attempts / 网络有效率';
COMMENT ON COLUMN ops.calls_hourly.busy IS 'Attempts that met a busy line / 忙';
COMMENT ON COLUMN ops.calls_hourly.no_answer IS 'Attempts that nobody answered / 无应答';
COMMENT ON COLUMN ops.calls_hourly.rejected IS 'Attempts that the called person declined / 拒接';
COMMENT ON COLUMN ops.calls_hourly.cancelled IS 'Attempts that the calling side gave up / 取消';
COMMENT ON COLUMN ops.calls_hourly.unreachable IS 'Attempts whose called side could not be reached / 无法接通';
COMMENT ON COLUMN ops.calls_hourly.failed IS 'Attempts that failed on the way / 失败';
COMMENT ON COLUMN ops.calls_hourly.unknown IS 'Attempts of which nobody knows how they went / 结果未知';
COMMENT ON COLUMN ops.calls_hourly.talks IS 'Answered calls whose end is known / 已接通且已知结束的呼叫数';
COMMENT ON COLUMN ops.calls_hourly.talk_seconds IS 'Seconds from the answer to the end of these / 通话总秒数';
COMMENT ON COLUMN ops.calls_hourly.acd_seconds IS 'Average call duration: talk_seconds / talks / 平均通话秒数';
COMMENT ON COLUMN ops.calls_hourly.legs IS 'Legs of the attempts, which the platform''s console counts / 通话段数（与平台控制台口径一致）';
COMMENT ON COLUMN ops.calls_hourly.legs_answered IS 'Legs that were answered / 接通的通话段数';
COMMENT ON COLUMN ops.calls_hourly.leg_asr IS 'legs_answered / legs / 按段应答率';
COMMENT ON COLUMN ops.calls_hourly.billed_minutes IS 'Billed minutes of both legs, by the beginning of the call; for the bill see ops.billing_daily / 计费分钟（按呼叫开始时间），账单见 ops.billing_daily';

CREATE VIEW ops.cdrs AS
 SELECT p.call_ref,
    c.session_id,
    d.cdr_time,
        CASE
            WHEN ((c.cdr_received_at IS NULL) AND (c.call_ref IS NOT NULL)) THEN false
            WHEN ((d.received_at < (c.cdr_received_at - '00:00:00.001'::interval)) OR (d.received_at > (c.cdr_received_at + '00:00:00.001'::interval))) THEN false
            WHEN (c.cdr_count = 1) THEN true
            WHEN (c.cdr_count > 1) THEN (NOT (EXISTS ( SELECT
               FROM rtc.cdrs o
              WHERE ((o.session_id = d.session_id) AND ((o.received_at >= (c.cdr_received_at - '00:00:00.001'::interval)) AND (o.received_at <= (c.cdr_received_at + '00:00:00.001'::interval))) AND (ROW((o.signed_by IS NOT NULL), o.received_at, o.cdr_time, (o.icid COLLATE "C")) > ROW(d.is_signed, d.received_at, d.cdr_time, d.whole_icid))))))
            ELSE NULL::boolean
        END AS counts,
    d.icid,
    d.app_key,
    d.sp_id,
    d.service_type,
    d.direction,
    rtc.mask_number(d.bind_num, c.bind_num) AS bind_num,
    rtc.mask_number(d.caller_num, c.bind_num) AS caller_num,
    rtc.mask_number(d.callee_num, c.bind_num) AS callee_num,
    rtc.mask_number(d.fwd_display_num, c.bind_num) AS fwd_display_num,
    rtc.mask_number(d.fwd_dst_num, c.bind_num) AS fwd_dst_num,
    d.call_in_time,
    d.call_out_start_time,
    d.call_out_alerting_time,
    d.call_out_answer_time,
    d.call_out_unasw_rsn,
    d.fwd_start_time,
    d.fwd_alerting_time,
    d.fwd_answer_time,
    d.fwd_unasw_rsn,
    d.call_end_time,
    d.fail_time,
    d.ul_fail_reason,
    d.sip_status_code,
    d.call_rel_direction,
    d.dyn_ivr_start_time,
    d.dyn_ivr_path,
    d.record_flag,
    d.record_start_time,
    d.record_domain,
    d.record_bucket_name,
    d.record_object_name,
    d.record_file_download_url,
    d.tts_play_times,
    d.tts_trans_duration,
    d.host_name,
    d.notify_mode,
    d.extend_number,
    d.user_data,
    d.subscription_id,
    d.extra,
    d.signed_by,
    d.received_at,
    d.stored_at,
    d.erased_at
   FROM ((rtc.masked_cdrs d
     LEFT JOIN rtc.calls_private p ON ((p.session_id = d.session_id)))
     LEFT JOIN ops.calls c ON ((c.call_ref = p.call_ref)));
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

CREATE VIEW ops.cdrs_without_events AS
 SELECT c.call_ref,
    c.session_id,
    c.app_key,
    c.scenario,
    c.bind_num,
    c.started_at,
    c.ended_at,
    c.cdr_received_at
   FROM (ops.calls c
     JOIN ops.seen_callbacks seen ON (((seen.kind = 'status'::text) AND (seen.app_key = COALESCE(c.app_key, ''::text)))))
  WHERE ((c.event_count = 0) AND (c.cdr_count > 0) AND (NOT c.is_live));
COMMENT ON VIEW ops.cdrs_without_events IS 'Calls with a CDR and without any status event, of applications of which events come: lost ones; filter by started_at / 有话单而无状态事件的呼叫';
COMMENT ON COLUMN ops.cdrs_without_events.call_ref IS 'Reference of the call / 呼叫引用';
COMMENT ON COLUMN ops.cdrs_without_events.session_id IS 'Id of the call; NULL where it holds a phone number / 会话标识；含号码时为空';
COMMENT ON COLUMN ops.cdrs_without_events.app_key IS 'appKey of the CDR / 话单的 appKey';
COMMENT ON COLUMN ops.cdrs_without_events.scenario IS 'Scenario of the call / 业务场景';
COMMENT ON COLUMN ops.cdrs_without_events.bind_num IS 'The company''s number / 企业号码';
COMMENT ON COLUMN ops.cdrs_without_events.started_at IS 'When it began / 开始时间';
COMMENT ON COLUMN ops.cdrs_without_events.ended_at IS 'When it ended / 结束时间';
COMMENT ON COLUMN ops.cdrs_without_events.cdr_received_at IS 'When the CDR came / 收到话单的时间';

CREATE VIEW ops.dead_letters AS
 SELECT forwarder,
    "position",
    kind,
    call_ref,
    tries,
    error,
    failed_at
   FROM rtc.dead_letters;
COMMENT ON VIEW ops.dead_letters IS 'Entries of the feed that were refused too often / 多次转发失败的条目';
COMMENT ON COLUMN ops.dead_letters.forwarder IS 'As ops.forwarders.name / 转发名称';
COMMENT ON COLUMN ops.dead_letters."position" IS 'The entry; rtc-receiver forward replay takes it / 位点';
COMMENT ON COLUMN ops.dead_letters.kind IS 'event, cdr, call, removed or erased / 类型';
COMMENT ON COLUMN ops.dead_letters.call_ref IS 'The call, as in ops.calls / 呼叫引用';
COMMENT ON COLUMN ops.dead_letters.tries IS 'How often it was tried / 尝试次数';
COMMENT ON COLUMN ops.dead_letters.error IS 'Last answer: HTTP status or code of the error / 最近一次错误';
COMMENT ON COLUMN ops.dead_letters.failed_at IS 'When it was given up / 放弃时间';

CREATE VIEW ops.digit_inputs AS
 SELECT call_ref,
    session_id,
    app_key,
    scenario,
    bind_num,
    started_at,
    ended_at,
    digits,
    digit_count
   FROM ops.calls c
  WHERE (digit_count IS NOT NULL);
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

CREATE VIEW ops.erasures AS
 SELECT id,
    erased_at,
    finished_at,
    erased_by,
    pseudonym,
    counts
   FROM rtc.erasures;
COMMENT ON VIEW ops.erasures IS 'Runs of erasing a number: what was changed, never the number / 号码清除记录，不含号码';
COMMENT ON COLUMN ops.erasures.id IS 'Number of the run / 编号';
COMMENT ON COLUMN ops.erasures.erased_at IS 'When the run began / 开始时间';
COMMENT ON COLUMN ops.erasures.finished_at IS 'When it had been through all tables; NULL: it was interrupted and has to be run again / 完成时间，为空表示中断';
COMMENT ON COLUMN ops.erasures.erased_by IS 'Login that did it / 执行人（登录名）';
COMMENT ON COLUMN ops.erasures.pseudonym IS 'Random text that stands in the place of the number; nobody keeps what links them / 替代号码的随机化名，不保留对应关系';
COMMENT ON COLUMN ops.erasures.counts IS 'Rows changed in each table / 各表变更行数';

CREATE VIEW ops.events AS
 SELECT p.call_ref,
    c.session_id,
    e.occurred_at,
    e.event_type,
    e.caller,
    e.called,
    e.state_code,
    e.state_desc,
    e.party_type,
    e.call_rel_direction,
    e.digits,
    e.notify_mode,
    e.user_data,
    e.subscription_id,
    e.extra,
    e.app_key,
    e.received_at,
    e.stored_at,
    e.erased_at
   FROM ((rtc.masked_events e
     LEFT JOIN rtc.calls_private p ON ((p.session_id = e.session_id)))
     LEFT JOIN ops.calls c ON ((c.call_ref = p.call_ref)));
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

CREATE VIEW ops.failures_daily AS
 SELECT day,
    app_key,
    scenario,
    bind_num,
    outcome,
    reason_source,
    reason_code,
    reason_en,
    reason_zh,
    sum(attempts) AS calls,
    min(hour) AS first_hour,
    max(hour) AS last_hour
   FROM ops.call_counts c
  WHERE (outcome <> 'answered'::text)
  GROUP BY day, app_key, scenario, bind_num, outcome, reason_source, reason_code, reason_en, reason_zh
 HAVING (sum(attempts) > 0);
COMMENT ON VIEW ops.failures_daily IS 'Calls that were not answered, by day and reason. Its shares: divide by the sum of calls, or by attempts of ops.calls_hourly. Filter by day / 每日未接通呼叫及原因';
COMMENT ON COLUMN ops.failures_daily.day IS 'Day in Asia/Shanghai on which the calls began / 呼叫开始的北京时间日期';
COMMENT ON COLUMN ops.failures_daily.app_key IS 'appKey of the application / 应用的 appKey';
COMMENT ON COLUMN ops.failures_daily.scenario IS 'Scenario of the calls / 业务场景';
COMMENT ON COLUMN ops.failures_daily.bind_num IS 'The company''s number; private number: X, masked / 企业号码；隐私号为脱敏的 X 号码';
COMMENT ON COLUMN ops.failures_daily.outcome IS 'How the calls went / 呼叫结果';
COMMENT ON COLUMN ops.failures_daily.reason_source IS 'Which code the reason comes from / 原因来源';
COMMENT ON COLUMN ops.failures_daily.reason_code IS 'The code / 原因代码';
COMMENT ON COLUMN ops.failures_daily.reason_en IS 'Why, English / 原因（英文）';
COMMENT ON COLUMN ops.failures_daily.reason_zh IS 'Why, Chinese / 原因（中文）';
COMMENT ON COLUMN ops.failures_daily.calls IS 'Attempts that failed for it / 呼叫数';
COMMENT ON COLUMN ops.failures_daily.first_hour IS 'Hour in which the first of them began / 首次所在小时';
COMMENT ON COLUMN ops.failures_daily.last_hour IS 'Hour in which the last of them began / 末次所在小时';

CREATE VIEW ops.forwarders AS
 SELECT name,
    "position",
    COALESCE(( SELECT max(x."position") AS max
           FROM rtc.feed x), "position") AS head,
    moved_at,
    COALESCE((held_until > now()), false) AS is_running,
    ( SELECT (count(*))::integer AS count
           FROM rtc.dead_letters d
          WHERE (d.forwarder = f.name)) AS dead_letters
   FROM rtc.forwarders f;
COMMENT ON VIEW ops.forwarders IS 'How far each forwarder has delivered / 转发进度';
COMMENT ON COLUMN ops.forwarders.name IS 'service = FORWARD_URL of the receivers; others are names given to rtc-receiver listen / 名称';
COMMENT ON COLUMN ops.forwarders."position" IS 'Everything up to this position is delivered, or a dead letter / 已转发到的位点';
COMMENT ON COLUMN ops.forwarders.head IS 'Last position of the feed / 变更流最新位点';
COMMENT ON COLUMN ops.forwarders.moved_at IS 'When the position was written last / 最近更新时间';
COMMENT ON COLUMN ops.forwarders.is_running IS 'Whether a process delivers / 是否有进程在转发';
COMMENT ON COLUMN ops.forwarders.dead_letters IS 'How many entries were refused too often / 失败条目数';

CREATE VIEW ops.freshness AS
 SELECT GREATEST(newest.stored_at, f.reached) AS newest_fact_at,
    f.reached AS newest_folded_at,
    (GREATEST((0)::numeric, EXTRACT(epoch FROM (now() - COALESCE(w.oldest, now())))))::integer AS lag_seconds,
    (w.sessions)::integer AS waiting_sessions,
    (l.large)::integer AS large_sessions,
    (l.failed)::integer AS failed_sessions
   FROM (((rtc.maintenance f
     CROSS JOIN LATERAL ( SELECT min(x.stored_at) AS oldest,
            count(DISTINCT x.session_id) AS sessions
           FROM ( SELECT u.stored_at,
                    u.session_id
                   FROM rtc.unfolded u
                  WHERE (u.id > COALESCE(f.reached_id, (0)::bigint))
                  ORDER BY u.id
                 LIMIT 100000) x) w)
     CROSS JOIN ( SELECT count(*) FILTER (WHERE (fold_later.tries = 0)) AS large,
            count(*) FILTER (WHERE (fold_later.tries > 0)) AS failed
           FROM rtc.fold_later) l)
     LEFT JOIN LATERAL ( SELECT u.stored_at
           FROM rtc.unfolded u
          WHERE (u.id > COALESCE(f.reached_id, (0)::bigint))
          ORDER BY u.id DESC
         LIMIT 1) newest ON (true))
  WHERE (f.task = 'fold'::text);
COMMENT ON VIEW ops.freshness IS 'One row: how far ops.calls is behind the facts / 呼叫数据的新鲜度，一行';
COMMENT ON COLUMN ops.freshness.newest_fact_at IS 'When the newest fact was stored, to within seconds; NULL: none yet / 最新事实的入库时间';
COMMENT ON COLUMN ops.freshness.newest_folded_at IS 'When the newest fact that is in ops.calls was stored, to within seconds / 已计入呼叫的最新事实的入库时间';
COMMENT ON COLUMN ops.freshness.lag_seconds IS 'How long the oldest fact that is not in ops.calls has waited; 0: all are / 尚未计入的最早事实已等待的秒数';
COMMENT ON COLUMN ops.freshness.waiting_sessions IS 'Sessions that wait; at most 100000 facts are looked at / 等待计算的会话数';
COMMENT ON COLUMN ops.freshness.large_sessions IS 'Sessions of thousands of facts that are computed now and then only / 事实过多、间隔计算的会话数';
COMMENT ON COLUMN ops.freshness.failed_sessions IS 'Sessions whose call could not be computed; tried again, the log says why / 计算失败、等待重试的会话数';

CREATE VIEW ops.hangup_reasons AS
 SELECT DISTINCT ON (p.product, m.code) m.code,
    p.product,
    m.en,
    m.zh,
    m.outcome
   FROM (( VALUES ('voice'::text), ('privateNumber'::text)) p(product)
     JOIN ( SELECT 1 AS place,
            hangup_reasons.code,
            hangup_reasons.product,
            hangup_reasons.en,
            hangup_reasons.zh,
            hangup_reasons.outcome
           FROM rtc.hangup_reasons
        UNION ALL
         SELECT 2,
            release_points.code,
            release_points.product,
            release_points.en,
            release_points.zh,
            release_points.outcome
           FROM rtc.release_points
          WHERE ((release_points.code >= 7000) AND (release_points.code <= 8999))) m ON (((m.product = p.product) OR (m.product = 'both'::text))))
  ORDER BY p.product, m.code, m.place, (m.product = 'both'::text);
COMMENT ON VIEW ops.hangup_reasons IS 'What each state code means in each product / 各产品的挂机原因值含义';
COMMENT ON COLUMN ops.hangup_reasons.code IS 'The code as the platform sends it / 平台发送的代码';
COMMENT ON COLUMN ops.hangup_reasons.product IS 'voice or privateNumber / 产品';
COMMENT ON COLUMN ops.hangup_reasons.en IS 'Meaning in English / 英文含义';
COMMENT ON COLUMN ops.hangup_reasons.zh IS 'Meaning in Chinese / 中文含义';
COMMENT ON COLUMN ops.hangup_reasons.outcome IS 'How an unanswered call with this code ended; NULL when the code only points elsewhere / 未接通时对应的结果；仅指向其他代码时为空';

CREATE VIEW ops.legs AS
 SELECT c.call_ref,
    'A'::text AS leg,
    c.a_number AS number,
    c.a_ref AS number_ref,
    c.shown_to_a AS shown_number,
    c.a_started_at AS leg_started_at,
    c.a_ringing_at AS ringing_at,
    c.a_answered_at AS answered_at,
    c.a_ended_at AS ended_at,
    c.a_seconds AS seconds,
    c.a_minutes AS billed_minutes,
    c.a_q850 AS q850,
    c.state_code,
    c.a_post_dial_delay_seconds AS post_dial_delay_seconds,
    c.session_id,
    c.app_key,
    c.sp_id,
    c.scenario,
    c.bind_num,
    c.started_at,
    c.bill_day,
    (c.cdr_received_at IS NOT NULL) AS has_cdr
   FROM ops.calls c
  WHERE ((c.a_started_at IS NOT NULL) OR (c.a_ringing_at IS NOT NULL) OR (c.a_answered_at IS NOT NULL))
UNION ALL
 SELECT c.call_ref,
    'B'::text AS leg,
    c.b_number AS number,
    c.b_ref AS number_ref,
    c.shown_to_b AS shown_number,
    c.b_started_at AS leg_started_at,
    c.b_ringing_at AS ringing_at,
    c.b_answered_at AS answered_at,
    c.b_ended_at AS ended_at,
    c.b_seconds AS seconds,
    c.b_minutes AS billed_minutes,
    c.b_q850 AS q850,
    c.state_code,
    c.b_post_dial_delay_seconds AS post_dial_delay_seconds,
    c.session_id,
    c.app_key,
    c.sp_id,
    c.scenario,
    c.bind_num,
    c.started_at,
    c.bill_day,
    (c.cdr_received_at IS NOT NULL) AS has_cdr
   FROM ops.calls c
  WHERE ((c.b_started_at IS NOT NULL) OR (c.b_ringing_at IS NOT NULL) OR (c.b_answered_at IS NOT NULL));
COMMENT ON VIEW ops.legs IS 'One row per leg, A the caller''s side and B the called side; filter by started_at of the call / 通话段，每侧一行';
COMMENT ON COLUMN ops.legs.call_ref IS 'Reference of the call / 呼叫引用';
COMMENT ON COLUMN ops.legs.leg IS 'A = the caller''s side, B = the called side / 侧';
COMMENT ON COLUMN ops.legs.number IS 'Number of the leg, masked / 号码（脱敏）';
COMMENT ON COLUMN ops.legs.number_ref IS 'Reference of the number / 号码引用';
COMMENT ON COLUMN ops.legs.shown_number IS 'Number shown to this side / 对该侧显示的号码';
COMMENT ON COLUMN ops.legs.leg_started_at IS 'When the leg was dialed or came in / 本段开始时间';
COMMENT ON COLUMN ops.legs.ringing_at IS 'When it rang / 振铃时间';
COMMENT ON COLUMN ops.legs.answered_at IS 'When it was answered / 应答时间';
COMMENT ON COLUMN ops.legs.ended_at IS 'When it ended / 结束时间';
COMMENT ON COLUMN ops.legs.seconds IS 'Seconds from the answer to the end / 通话秒数';
COMMENT ON COLUMN ops.legs.billed_minutes IS 'Billed minutes; 0 where this leg is not billed, NULL without a CDR / 计费分钟';
COMMENT ON COLUMN ops.legs.q850 IS 'Q.850 cause; NULL for 0 / Q.850 原因值';
COMMENT ON COLUMN ops.legs.state_code IS 'State code of the call / 挂机原因值';
COMMENT ON COLUMN ops.legs.post_dial_delay_seconds IS 'Seconds from dialing to ringing / 拨号后时延（秒）';
COMMENT ON COLUMN ops.legs.session_id IS 'Id of the call; NULL where it holds a phone number / 会话标识；含号码时为空';
COMMENT ON COLUMN ops.legs.app_key IS 'appKey of the call / 应用的 appKey';
COMMENT ON COLUMN ops.legs.sp_id IS 'The customer''s cloud account / 客户云账号';
COMMENT ON COLUMN ops.legs.scenario IS 'Scenario of the call / 业务场景';
COMMENT ON COLUMN ops.legs.bind_num IS 'The company''s number of the call / 企业号码';
COMMENT ON COLUMN ops.legs.started_at IS 'started_at of the call / 呼叫开始时间';
COMMENT ON COLUMN ops.legs.bill_day IS 'Day of the bill / 计费日期';
COMMENT ON COLUMN ops.legs.has_cdr IS 'Whether the call has a CDR / 是否有话单';

CREATE VIEW ops.live_calls AS
 SELECT call_ref,
    session_id,
    app_key,
    scenario,
    bind_num,
    a_number,
    b_number,
    a_ref,
    b_ref,
    started_at,
    ringing_at,
    answered_at,
    outcome,
    last_received_at,
    (floor(date_part('epoch'::text, (now() - started_at))))::integer AS seconds
   FROM ops.calls c
  WHERE is_live;
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

CREATE VIEW ops.look_ups AS
 SELECT asked_at,
    asked_by,
    asked_from,
    kind,
    found
   FROM rtc.look_ups;
COMMENT ON VIEW ops.look_ups IS 'Who looked up calls by a number or the like / 按号码等查询呼叫的记录';
COMMENT ON COLUMN ops.look_ups.asked_at IS 'When / 查询时间';
COMMENT ON COLUMN ops.look_ups.asked_by IS 'Login that asked / 查询人（登录名）';
COMMENT ON COLUMN ops.look_ups.asked_from IS 'Address of the client, NULL on a local socket / 客户端地址';
COMMENT ON COLUMN ops.look_ups.kind IS 'By what: number, user data, subscription or session / 查询方式';
COMMENT ON COLUMN ops.look_ups.found IS 'How many calls were found / 查到的呼叫数';

CREATE VIEW ops.missing_cdrs AS
 SELECT c.call_ref,
    c.session_id,
    c.app_key,
    c.scenario,
    c.bind_num,
    c.started_at,
    c.ended_at,
    c.last_received_at,
    (NOT c.end_seen) AS presumed,
        CASE
            WHEN (c.scenario = 'privateNumber'::text) THEN (((((((c.silent_for < '00:01:00'::interval))::integer + ((c.silent_for < '00:04:00'::interval))::integer) + ((c.silent_for < '00:09:00'::interval))::integer) + ((c.silent_for < '01:46:00'::interval))::integer) + ((c.silent_for < '03:23:00'::interval))::integer) + ((c.silent_for < '05:00:00'::interval))::integer)
            ELSE (GREATEST((0)::double precision, ((6)::double precision - floor((date_part('epoch'::text, c.silent_for) / (3600)::double precision)))))::integer
        END AS resends_left
   FROM (( SELECT x.call_ref,
            x.session_id,
            x.app_key,
            x.scenario,
            x.bind_num,
            x.started_at,
            x.ended_at,
            x.last_received_at,
            x.end_seen,
            (now() - COALESCE(x.ended_at, x.last_received_at)) AS silent_for
           FROM ops.calls x
          WHERE ((x.cdr_count = 0) AND (NOT x.is_live) AND ((x.ended_at < (now() - '00:10:00'::interval)) OR (NOT x.end_seen)))) c
     JOIN ops.seen_callbacks seen ON (((seen.kind = 'fee'::text) AND (seen.app_key = COALESCE(c.app_key, ''::text)))));
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

CREATE VIEW ops.notices AS
 SELECT received_at,
    last_received_at,
    seen_count,
    rtc.mask_text(event_type) AS event_type,
    rtc.mask_id(signed_by) AS app_key,
    rtc.mask_fields(body) AS body,
    ( SELECT jsonb_agg(jsonb_build_object('number', rtc.mask_number((i.entry ->> 'number'::text)), 'status', "substring"((i.entry ->> 'status'::text), '^[0-9]{1,2}$'::text), 'cause', "substring"((i.entry ->> 'cause'::text), '^[0-9]{1,2}$'::text)) ORDER BY i.place) AS jsonb_agg
           FROM jsonb_array_elements(
                CASE
                    WHEN (jsonb_typeof((n.body -> 'numInfo'::text)) = 'array'::text) THEN (n.body -> 'numInfo'::text)
                    ELSE NULL::jsonb
                END) WITH ORDINALITY i(entry, place)) AS numbers,
    stored_at,
    erased_at
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

CREATE VIEW ops.outcomes AS
 SELECT outcome,
    en,
    zh
   FROM ( VALUES ('in progress'::text,'goes on, nobody has answered yet'::text,'进行中，尚未接通'::text), ('answered'::text,'answered: by B where there is a B, else by A'::text,'接通：有 B 侧时以 B 应答为准，否则以 A 应答为准'::text), ('busy'::text,'the called line was busy'::text,'忙'::text), ('no answer'::text,'it rang and nobody answered'::text,'无应答'::text), ('rejected'::text,'the called person declined'::text,'拒接'::text), ('cancelled'::text,'the calling side gave up'::text,'取消'::text), ('unreachable'::text,'the called side could not be reached'::text,'无法接通'::text), ('failed'::text,'the call failed on the way'::text,'失败'::text), ('unknown'::text,'nobody knows how it went'::text,'结果未知'::text)) o(outcome, en, zh);
COMMENT ON VIEW ops.outcomes IS 'What outcome of ops.calls may be; for how often take ops.calls_hourly, or ops.call_counts / ops.calls 中 outcome 的取值；次数请查询 ops.calls_hourly 或 ops.call_counts';
COMMENT ON COLUMN ops.outcomes.outcome IS 'As in ops.calls / 呼叫结果';
COMMENT ON COLUMN ops.outcomes.en IS 'Meaning in English / 英文含义';
COMMENT ON COLUMN ops.outcomes.zh IS 'Meaning in Chinese / 中文含义';

CREATE VIEW ops.placed_calls AS
 SELECT l.id,
    l.placed_at,
    p.call_ref,
        CASE
            WHEN (NOT rtc.may_hold_number(l.session_id)) THEN l.session_id
            ELSE NULL::text
        END AS session_id,
    rtc.mask_id(l.app_key) AS app_key,
    l.scenario,
    rtc.mask_number(l.display_nbr, c.bind_num) AS display_nbr,
    rtc.mask_number(l.callee_nbr, c.bind_num) AS callee_nbr,
        CASE
            WHEN (l.user_data <> ''::text) THEN '***'::text
            ELSE NULL::text
        END AS user_data,
    l.http_status,
    rtc.mask_text(l.result_code) AS result_code,
    rtc.mask_text(l.result_desc) AS result_desc,
    l.erased_at
   FROM ((rtc.placed_calls l
     LEFT JOIN rtc.calls_private p ON ((p.session_id = l.session_id)))
     LEFT JOIN ops.calls c ON ((c.call_ref = p.call_ref)));
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

CREATE VIEW ops.q850_causes AS
 SELECT code,
    en,
    zh,
    outcome
   FROM rtc.q850_causes;
COMMENT ON VIEW ops.q850_causes IS 'Q.850 causes of legs that were not answered / Q.850 原因值';
COMMENT ON COLUMN ops.q850_causes.code IS 'The cause as the platform sends it / 平台发送的原因值';
COMMENT ON COLUMN ops.q850_causes.en IS 'Meaning in English / 英文含义';
COMMENT ON COLUMN ops.q850_causes.zh IS 'Meaning in Chinese / 中文含义';
COMMENT ON COLUMN ops.q850_causes.outcome IS 'How an unanswered call with this cause ended; NULL when the cause only points elsewhere / 未接通时对应的结果；仅指向其他代码时为空';

CREATE VIEW ops.quarantine_open AS
 SELECT id,
    kind,
    reason,
    record_index,
    body_size,
    first_seen_at,
    last_seen_at,
    seen_count,
    signed_by AS app_key,
    ( SELECT jsonb_agg(jsonb_build_object('pointer', regexp_replace((e.item ->> 'pointer'::text), '/(?!([A-Za-z_]{1,64}|[0-9]{1,4})(/|$))[^/]*'::text, '/***'::text, 'g'::text), 'message', regexp_replace((e.item ->> 'message'::text), '\d{5,}'::text, '***'::text, 'g'::text))) AS jsonb_agg
           FROM jsonb_array_elements(
                CASE
                    WHEN (jsonb_typeof(q.errors) = 'array'::text) THEN q.errors
                    ELSE '[]'::jsonb
                END) e(item)) AS errors,
    call_ref,
    ARRAY( SELECT
                CASE
                    WHEN (d.name ~ '^[A-Za-z_]{1,64}$'::text) THEN d.name
                    ELSE '***'::text
                END AS "case"
           FROM unnest(q.differing) WITH ORDINALITY d(name, place)
          ORDER BY d.place) AS differing,
    minutes_stored,
    minutes_received,
    ops.skeleton(body) AS skeleton
   FROM rtc.quarantine q
  WHERE (resolved_at IS NULL);
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

CREATE VIEW ops.recordings AS
 SELECT call_ref,
    session_id,
    app_key,
    scenario,
    bind_num,
    started_at,
    recording_started_at,
    ended_at,
    recording
   FROM ops.calls c
  WHERE (recording <> 'none'::text);
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

CREATE VIEW ops.redeliveries AS
 SELECT hour,
    ((hour AT TIME ZONE 'Asia/Shanghai'::text))::date AS day,
    kind,
    NULLIF(app_key, ''::text) AS app_key,
    count
   FROM rtc.redeliveries r;
COMMENT ON VIEW ops.redeliveries IS 'How often records came that were stored already: the platform had not got its 200 in time, or sends twice. Up to a minute behind / 已入库记录的重复推送次数，可能晚一分钟';
COMMENT ON COLUMN ops.redeliveries.hour IS 'Full hour (UTC) in which they came again / 再次收到的整点小时（UTC）';
COMMENT ON COLUMN ops.redeliveries.day IS 'Day of the hour in Asia/Shanghai / 该小时的北京时间日期';
COMMENT ON COLUMN ops.redeliveries.kind IS 'status = status events, fee = CDRs / 类别：状态事件或话单';
COMMENT ON COLUMN ops.redeliveries.app_key IS 'appKey of the CDR, else of the verified signature / 应用的 appKey';
COMMENT ON COLUMN ops.redeliveries.count IS 'How often / 次数';

CREATE VIEW ops.release_points AS
 SELECT DISTINCT ON (p.product, m.code) m.code,
    p.product,
    m.en,
    m.zh,
    m.outcome
   FROM (( VALUES ('voice'::text), ('privateNumber'::text)) p(product)
     JOIN ( SELECT 1 AS place,
            release_points.code,
            release_points.product,
            release_points.en,
            release_points.zh,
            release_points.outcome
           FROM rtc.release_points
        UNION ALL
         SELECT 2,
            hangup_reasons.code,
            hangup_reasons.product,
            hangup_reasons.en,
            hangup_reasons.zh,
            hangup_reasons.outcome
           FROM rtc.hangup_reasons
          WHERE ((hangup_reasons.code >= 7000) AND (hangup_reasons.code <= 8999))) m ON (((m.product = p.product) OR (m.product = 'both'::text))))
  ORDER BY p.product, m.code, m.place, (m.product = 'both'::text);
COMMENT ON VIEW ops.release_points IS 'What each release point means in each product / 各产品的呼叫拆线点含义';
COMMENT ON COLUMN ops.release_points.code IS 'The code as the platform sends it / 平台发送的代码';
COMMENT ON COLUMN ops.release_points.product IS 'voice or privateNumber / 产品';
COMMENT ON COLUMN ops.release_points.en IS 'Meaning in English / 英文含义';
COMMENT ON COLUMN ops.release_points.zh IS 'Meaning in Chinese / 中文含义';
COMMENT ON COLUMN ops.release_points.outcome IS 'How an unanswered call with this code ended; NULL when the code only points elsewhere / 未接通时对应的结果；仅指向其他代码时为空';

CREATE VIEW ops.repeated_cdrs AS
 SELECT call_ref,
    session_id,
    app_key,
    scenario,
    bind_num,
    started_at,
    ended_at,
    cdr_count,
    cdr_received_at,
    talk_seconds,
    a_minutes,
    b_minutes
   FROM ops.calls c
  WHERE (cdr_count > 1);
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

CREATE VIEW ops.reveals AS
 SELECT asked_at,
    asked_by,
    asked_from,
    call_ref,
    rtc.mask_text(why) AS why,
    revealed_at
   FROM rtc.reveals;
COMMENT ON VIEW ops.reveals IS 'Who asked to see the numbers of a call, and why / 号码明文查看申请记录';
COMMENT ON COLUMN ops.reveals.asked_at IS 'When / 申请时间';
COMMENT ON COLUMN ops.reveals.asked_by IS 'Login that asked / 申请人（登录名）';
COMMENT ON COLUMN ops.reveals.asked_from IS 'Address of the client, NULL on a local socket / 客户端地址';
COMMENT ON COLUMN ops.reveals.call_ref IS 'The call / 呼叫引用';
COMMENT ON COLUMN ops.reveals.why IS 'Reason given, long digits hidden / 申请理由（长数字隐藏）';
COMMENT ON COLUMN ops.reveals.revealed_at IS 'When the numbers were first shown, unless that was rolled back / 首次查看时间';

CREATE VIEW ops.service_types AS
 SELECT code,
    en,
    zh,
    scenario,
    mode
   FROM rtc.service_types;
COMMENT ON VIEW ops.service_types IS 'Service types of CDRs / 业务类型';
COMMENT ON COLUMN ops.service_types.code IS 'The code as the platform sends it / 平台发送的代码';
COMMENT ON COLUMN ops.service_types.en IS 'Meaning in English / 英文含义';
COMMENT ON COLUMN ops.service_types.zh IS 'Meaning in Chinese / 中文含义';
COMMENT ON COLUMN ops.service_types.scenario IS 'Scenario that follows from it; playback = notification or verification / 对应的业务场景';
COMMENT ON COLUMN ops.service_types.mode IS 'Private number: mode that follows from it; NULL for 004, which is X with a notifyMode and else AXB / 对应的隐私号模式；004 有 notifyMode 时为 X，否则为 AXB';

CREATE VIEW ops.silence AS
 SELECT hour,
    kind,
    records,
    expected,
    ((records = 0) AND (expected >= (20)::double precision)) AS silent
   FROM ( SELECT h.hour,
            k.kind,
            (COALESCE(sum(
                CASE k.kind
                    WHEN 'status'::text THEN c.events
                    ELSE c.cdrs
                END) FILTER (WHERE (w.weeks = 0)), (0)::numeric))::bigint AS records,
            percentile_cont((0.5)::double precision) WITHIN GROUP (ORDER BY ((COALESCE(
                CASE k.kind
                    WHEN 'status'::text THEN c.events
                    ELSE c.cdrs
                END, (0)::bigint))::double precision)) FILTER (WHERE (w.weeks > 0)) AS expected
           FROM (((generate_series((date_trunc('hour'::text, now(), 'UTC'::text) - '48:00:00'::interval), (date_trunc('hour'::text, now(), 'UTC'::text) - '01:00:00'::interval), '01:00:00'::interval) h(hour)
             CROSS JOIN ( VALUES ('status'::text), ('fee'::text)) k(kind))
             CROSS JOIN generate_series(0, 4) w(weeks))
             LEFT JOIN ( SELECT n.hour,
                    sum(n.events) AS events,
                    sum(n.cdrs) AS cdrs
                   FROM ops.call_counts n
                  WHERE (n.hour >= (date_trunc('hour'::text, now(), 'UTC'::text) - '30 days 01:00:00'::interval))
                  GROUP BY n.hour) c ON ((c.hour = (h.hour - ((w.weeks)::double precision * '168:00:00'::interval)))))
          GROUP BY h.hour, k.kind) s;
COMMENT ON VIEW ops.silence IS 'The last 48 full hours: records of calls that began in each, beside what is usual. An hour of silence is one in which the receiver could not be reached, or nobody called / 最近 48 个整点小时收到的记录数与往常对比';
COMMENT ON COLUMN ops.silence.hour IS 'Full hour (UTC) in which the calls began / 呼叫开始的整点小时（UTC）';
COMMENT ON COLUMN ops.silence.kind IS 'status = status events, fee = CDRs / 类别：状态事件或话单';
COMMENT ON COLUMN ops.silence.records IS 'Records of the calls of this hour / 该小时记录数';
COMMENT ON COLUMN ops.silence.expected IS 'Median of the same hour 1 to 4 weeks before; cannot be added up / 前四周同一时段中位数，不可相加';
COMMENT ON COLUMN ops.silence.silent IS 'None came although 20 or more were expected / 预期不少于 20 条却为 0';

CREATE VIEW ops.sip_statuses AS
 SELECT code,
    en,
    zh,
    outcome
   FROM rtc.sip_statuses;
COMMENT ON VIEW ops.sip_statuses IS 'SIP statuses of failed calls / 失败呼叫的 SIP 状态码';
COMMENT ON COLUMN ops.sip_statuses.code IS 'The status / 状态码';
COMMENT ON COLUMN ops.sip_statuses.en IS 'Meaning in English / 英文含义';
COMMENT ON COLUMN ops.sip_statuses.zh IS 'Meaning in Chinese / 中文含义';
COMMENT ON COLUMN ops.sip_statuses.outcome IS 'How a call ended that failed with this status / 以此状态失败的呼叫结果';

CREATE VIEW ops.subscriptions AS
 SELECT w.app_key,
    a.name,
    w.calls,
    w.events,
    w.cdrs,
    w.last_event_hour,
    w.last_cdr_hour,
    ((w.app_key IS NOT NULL) AND ((w.cdrs = 0) OR (w.events = 0))) AS needs_attention,
        CASE
            WHEN (w.app_key IS NULL) THEN 'application unknown: events without a verified signature name none / 应用未知：未验签的状态事件不含应用'::text
            WHEN ((w.cdrs = 0) AND (seen.app_key IS NULL)) THEN 'no CDR ever: is feeUrl registered? / 从未收到话单：是否已登记 feeUrl？'::text
            WHEN (w.cdrs = 0) THEN 'no CDR for a week / 一周内未收到话单'::text
            WHEN (w.events = 0) THEN 'no event for a week: is statusUrl registered? / 一周内未收到呼叫状态：是否已登记 statusUrl？'::text
            ELSE 'both come / 状态与话单均正常'::text
        END AS finding
   FROM ((( SELECT n.app_key,
            sum(n.attempts) AS calls,
            sum(n.events) AS events,
            sum(n.cdrs) AS cdrs,
            max(n.hour) FILTER (WHERE n.has_events) AS last_event_hour,
            max(n.hour) FILTER (WHERE n.has_cdr) AS last_cdr_hour
           FROM ops.call_counts n
          WHERE (n.hour >= (date_trunc('hour'::text, now(), 'UTC'::text) - '7 days'::interval))
          GROUP BY n.app_key
         HAVING (sum(n.attempts) > 0)) w
     LEFT JOIN ops.seen_callbacks seen ON (((seen.kind = 'fee'::text) AND (seen.app_key = w.app_key))))
     LEFT JOIN rtc.apps a ON ((a.app_key = w.app_key)));
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

CREATE VIEW app.calls AS
 SELECT c.call_ref,
    p.session_id,
    c.app_key,
    c.sp_id,
    c.scenario,
    c.service_type,
    c.mode,
    c.direction,
    c.bound_party,
    p.bind_num,
    c.bind_ref,
    p.a_number,
    p.b_number,
    p.shown_to_a,
    p.shown_to_b,
    c.a_ref,
    c.b_ref,
    c.user_data_ref,
    c.subscription_ref,
    p.user_data,
    p.subscription_id,
    c.started_at,
    c.a_started_at,
    c.a_ringing_at,
    c.a_answered_at,
    c.a_ended_at,
    c.b_started_at,
    c.b_ringing_at,
    c.b_answered_at,
    c.b_ended_at,
    c.ringing_at,
    c.answered_at,
    c.ended_at,
    c.bill_day,
    c.ring_seconds,
    c.talk_seconds,
    c.post_dial_delay_seconds,
    c.a_seconds,
    c.b_seconds,
    c.a_post_dial_delay_seconds,
    c.b_post_dial_delay_seconds,
    c.first_received_at,
    c.last_received_at,
    c.cdr_received_at,
    c.outcome,
    c.is_live,
    c.end_seen,
    c.is_finished,
    c.is_effective,
    c.reason_code,
    c.reason_source,
    c.reason_en,
    c.reason_zh,
    c.release_point,
    c.a_q850,
    c.b_q850,
    c.sip_status,
    c.state_code,
    c.hung_up_by,
    c.party_type,
    p.digits,
    c.digit_count,
    p.extension,
    c.recording,
    c.recording_started_at,
    p.record_domain,
    p.record_bucket_name,
    p.record_object_name,
    p.record_file_download_url,
    c.a_minutes,
    c.b_minutes,
    c.minutes_estimated,
    c.event_count,
    c.cdr_count,
    c.version,
    c.recheck_at,
    c.folded_at
   FROM (ops.calls c
     LEFT JOIN rtc.calls_private p ON ((p.call_ref = c.call_ref)));
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

CREATE OR REPLACE FUNCTION rtc.calls_before(call_refs uuid[])
 RETURNS ops.call_measures[]
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  kept_from timestamptz;
  removed_at timestamptz;
BEGIN
  SELECT coalesce(t.reached, '-infinity'), coalesce(t.ran_at, 'infinity') INTO kept_from, removed_at
    FROM rtc.maintenance t WHERE t.task = 'retention';
  RETURN ARRAY(SELECT m FROM ops.call_measures m WHERE m.call_ref = ANY (call_refs)
    AND (coalesce(m.ended_at, m.started_at) >= kept_from OR m.first_received_at <= removed_at));
END
$function$;
REVOKE EXECUTE ON FUNCTION rtc.calls_before(call_refs uuid[]) FROM PUBLIC;
COMMENT ON FUNCTION rtc.calls_before(call_refs uuid[]) IS 'What these calls count for before they are written / 写入前各呼叫的计数';

CREATE OR REPLACE FUNCTION rtc.calls_changed(call_refs uuid[], before ops.call_measures[], after ops.call_measures[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET jit TO 'off'
AS $function$
#variable_conflict use_column
BEGIN
  IF cardinality(before) + cardinality(after) = 0 THEN
    RETURN;
  END IF;
  PERFORM rtc.count_calls(before, after);

  INSERT INTO rtc.stale_hours (hour)
  SELECT DISTINCT h.hour
    FROM unnest(before) b
    FULL JOIN unnest(after) a ON a.call_ref = b.call_ref
   CROSS JOIN LATERAL generate_series(
     date_bin('1 hour', least(a.started_at, b.started_at), timestamptz '2000-01-01 00:00:00+00'),
     -- A call lasts 25 hours at most; who says more has a wrong clock.
     least(greatest(a.over_at, b.over_at), least(a.started_at, b.started_at) + interval '26 hours'),
     interval '1 hour') AS h (hour)
   WHERE (a.started_at, a.over_at, a.app_key) IS DISTINCT FROM (b.started_at, b.over_at, b.app_key);

  INSERT INTO ops.bill_changes (call_ref, app_key, bind_num, cause, bill_day_before, bill_day_after, minutes_before,
    minutes_after, cdr_received_at)
  SELECT a.call_ref, a.app_key, a.bind_num,
      CASE
        WHEN b.call_ref IS NULL THEN 'late'
        WHEN r.call_ref IS NOT NULL THEN 'accepted'
        WHEN a.cdr_received_at IS DISTINCT FROM b.cdr_received_at THEN 'corrected'
        ELSE 'recomputed'
      END,
      b.bill_day, a.bill_day, b.a_minutes + b.b_minutes, a.a_minutes + a.b_minutes, a.cdr_received_at
    FROM unnest(after) a
    LEFT JOIN unnest(before) b ON b.call_ref = a.call_ref AND b.has_cdr
    LEFT JOIN (SELECT x.call_ref, max(x.replaced_at) AS replaced_at FROM rtc.replaced_cdrs x
        WHERE x.call_ref = ANY (call_refs) GROUP BY x.call_ref) r
      ON r.call_ref = a.call_ref AND r.replaced_at > b.folded_at
   WHERE a.has_cdr AND CASE
       WHEN b.call_ref IS NULL THEN a.a_minutes + a.b_minutes > 0
         AND a.cdr_received_at > (a.bill_day + 1)::timestamp AT TIME ZONE 'Asia/Shanghai' + interval '1 hour'
       ELSE (a.bill_day, a.a_minutes + a.b_minutes) IS DISTINCT FROM (b.bill_day, b.a_minutes + b.b_minutes)
     END;
END
$function$;
REVOKE EXECUTE ON FUNCTION rtc.calls_changed(call_refs uuid[], before ops.call_measures[], after ops.call_measures[]) FROM PUBLIC;
COMMENT ON FUNCTION rtc.calls_changed(call_refs uuid[], before ops.call_measures[], after ops.call_measures[]) IS 'Counts calls that were just written, given what they counted for before / 呼叫写入后更新计数';

CREATE OR REPLACE FUNCTION rtc.cdrs_of_sessions(sessions text[], from_time timestamp with time zone, to_time timestamp with time zone, at_most integer)
 RETURNS SETOF ops.cdrs
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET jit TO 'off'
AS $function$
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
$function$;
REVOKE EXECUTE ON FUNCTION rtc.cdrs_of_sessions(sessions text[], from_time timestamp with time zone, to_time timestamp with time zone, at_most integer) FROM PUBLIC;
COMMENT ON FUNCTION rtc.cdrs_of_sessions(sessions text[], from_time timestamp with time zone, to_time timestamp with time zone, at_most integer) IS 'CDRs of sessions, masked, the latest first / 若干会话的话单（脱敏）';

CREATE OR REPLACE FUNCTION rtc.count_calls(before ops.call_measures[], after ops.call_measures[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET jit TO 'off'
AS $function$
#variable_conflict use_column
BEGIN
  INSERT INTO ops.call_counts (hour, bill_day, app_key, scenario, bind_num, outcome, reason_source, reason_code, reason_en,
    reason_zh, has_events, has_cdr, is_merged, attempts, effective, talks, talk_seconds, legs, legs_answered, events, cdrs,
    a_legs_billed, a_minutes, b_legs_billed, b_minutes, billed_seconds, estimated)
  SELECT n.*
    FROM (
      SELECT x.hour, x.bill_day, x.app_key, x.scenario, x.bind_num, x.outcome, x.reason_source, x.reason_code, x.reason_en,
          x.reason_zh, x.has_events, x.has_cdr, false, sum(x.sign) AS attempts, sum(x.sign * x.effective) AS effective,
          sum(x.sign * x.talks) AS talks, sum(x.sign * x.talk_seconds) AS talk_seconds, sum(x.sign * x.legs) AS legs,
          sum(x.sign * x.legs_answered) AS legs_answered, sum(x.sign * x.events) AS events, sum(x.sign * x.cdrs) AS cdrs,
          sum(x.sign * x.a_legs_billed) AS a_legs_billed, sum(x.sign * x.a_minutes) AS a_minutes,
          sum(x.sign * x.b_legs_billed) AS b_legs_billed, sum(x.sign * x.b_minutes) AS b_minutes,
          sum(x.sign * x.billed_seconds) AS billed_seconds, sum(x.sign * x.estimated) AS estimated
        FROM (SELECT -1 AS sign, b.* FROM unnest(before) b UNION ALL SELECT 1, a.* FROM unnest(after) a) x
       GROUP BY x.hour, x.bill_day, x.app_key, x.scenario, x.bind_num, x.outcome, x.reason_source, x.reason_code, x.reason_en,
         x.reason_zh, x.has_events, x.has_cdr
    ) n
   -- Of a call that says what it said before nothing is appended.
   WHERE (n.attempts, n.effective, n.talks, n.talk_seconds, n.legs, n.legs_answered, n.events, n.cdrs, n.a_legs_billed,
     n.a_minutes, n.b_legs_billed, n.b_minutes, n.billed_seconds, n.estimated) <> (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

  INSERT INTO ops.delays (hour, kind, app_key, scenario, bind_num, is_merged, seconds, calls)
  SELECT x.hour, d.kind, d.app_key, d.scenario, d.bind_num, false, d.seconds, sum(x.sign)
    FROM (SELECT -1 AS sign, b.* FROM unnest(before) b UNION ALL SELECT 1, a.* FROM unnest(after) a) x
   CROSS JOIN LATERAL (VALUES
     ('post-dial', x.app_key, x.scenario, x.bind_num, x.post_dial_delay),
     ('status', NULL, NULL, NULL, CASE WHEN abs(x.status_delay) < 600 THEN x.status_delay ELSE x.status_delay / 60 * 60 END),
     ('fee', NULL, NULL, NULL, CASE WHEN abs(x.fee_delay) < 600 THEN x.fee_delay ELSE x.fee_delay / 60 * 60 END)
   ) AS d (kind, app_key, scenario, bind_num, seconds)
   WHERE d.seconds IS NOT NULL
   GROUP BY x.hour, d.kind, d.app_key, d.scenario, d.bind_num, d.seconds
  HAVING sum(x.sign) <> 0;

  INSERT INTO ops.seen_callbacks (app_key, kind)
  SELECT DISTINCT k.app_key, c.kind
    FROM (SELECT DISTINCT x.app_key, x.has_events, x.has_cdr FROM unnest(after) x) a
   CROSS JOIN LATERAL (VALUES ('status', a.has_events), ('fee', a.has_cdr)) AS c (kind, came)
   CROSS JOIN LATERAL (VALUES (coalesce(a.app_key, '')), ('')) AS k (app_key)
   WHERE c.came
  ON CONFLICT DO NOTHING;
END
$function$;
REVOKE EXECUTE ON FUNCTION rtc.count_calls(before ops.call_measures[], after ops.call_measures[]) FROM PUBLIC;
COMMENT ON FUNCTION rtc.count_calls(before ops.call_measures[], after ops.call_measures[]) IS 'Appends the counts of calls, less those of before / 追加呼叫计数并扣除原计数';

CREATE OR REPLACE FUNCTION rtc.count_quarantine()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  CASE TG_OP
    WHEN 'INSERT' THEN
      INSERT INTO rtc.quarantine_growth (entries, bytes)
        SELECT count(*), sum(octet_length(body) + 512) FROM added HAVING count(*) > 0;
    WHEN 'DELETE' THEN
      INSERT INTO rtc.quarantine_growth (entries, bytes)
        SELECT -count(*), -sum(octet_length(body) + 512) FROM removed HAVING count(*) > 0;
    WHEN 'UPDATE' THEN
      INSERT INTO rtc.quarantine_growth (entries, bytes) VALUES (0, octet_length(NEW.body) - octet_length(OLD.body));
    WHEN 'TRUNCATE' THEN
      DELETE FROM rtc.quarantine_growth;
  END CASE;
  RETURN NULL;
END
$function$;
REVOKE EXECUTE ON FUNCTION rtc.count_quarantine() FROM PUBLIC;
COMMENT ON FUNCTION rtc.count_quarantine() IS 'Counts what comes to rtc.quarantine and what goes / 统计隔离区增减';

CREATE OR REPLACE FUNCTION rtc.count_redeliveries(kinds text[], app_keys text[], counts bigint[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  INSERT INTO rtc.redeliveries AS r (hour, kind, app_key, count)
  SELECT date_bin('1 hour', now(), timestamptz '2000-01-01 00:00:00+00'), x.kind, coalesce(x.app_key, ''), sum(x.count)
    FROM unnest(kinds, app_keys, counts) AS x (kind, app_key, count)
   GROUP BY 1, 2, 3
   ORDER BY 1, 2, 3
  ON CONFLICT (hour, kind, app_key) DO UPDATE SET count = r.count + excluded.count;
END
$function$;
REVOKE EXECUTE ON FUNCTION rtc.count_redeliveries(kinds text[], app_keys text[], counts bigint[]) FROM PUBLIC;
COMMENT ON FUNCTION rtc.count_redeliveries(kinds text[], app_keys text[], counts bigint[]) IS 'Adds what came again in this hour / 累加本小时的重复推送次数';

CREATE OR REPLACE FUNCTION rtc.drop_period(partition text, before timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '100ms'
AS $function$
#variable_conflict use_variable
DECLARE
  dropped_end timestamptz;
BEGIN
  IF before IS NULL OR before > now() - interval '1 day' THEN
    RAISE 'rtc.drop_period: what is younger than a day stays' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM rtc.lock_retention();
  SELECT p.period_end INTO dropped_end FROM rtc.periods() p
    WHERE p.partition = drop_period.partition AND p.period_start IS NOT NULL AND p.period_end <= before;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  EXECUTE format('DROP TABLE rtc.%I', partition);
  UPDATE rtc.maintenance m SET ran_at = now(), reached = greatest(m.reached, dropped_end) WHERE m.task = 'retention';
  RETURN true;
END
$function$;
REVOKE EXECUTE ON FUNCTION rtc.drop_period(partition text, before timestamp with time zone) FROM PUBLIC;
COMMENT ON FUNCTION rtc.drop_period(partition text, before timestamp with time zone) IS 'Drops a partition whose rows are all older than a time / 删除早于某时间的整个分区';

CREATE OR REPLACE FUNCTION rtc.empty_period(partition text, before timestamp with time zone, batch integer DEFAULT 5000)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '1s'
AS $function$
#variable_conflict use_variable
DECLARE
  past record;
  deleted integer;
BEGIN
  IF before IS NULL OR before > now() - interval '1 day' THEN
    RAISE 'rtc.empty_period: what is younger than a day stays' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM rtc.lock_retention();
  SELECT p.period_end, CASE p.parent WHEN 'cdrs' THEN 'cdr_time' ELSE 'occurred_at' END AS key_time INTO past
    FROM rtc.periods() p
    WHERE p.partition = empty_period.partition AND p.period_start IS NOT NULL AND p.period_end <= before;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  -- All of a second: a range of time and not a list of rows, which Citus would not take.
  EXECUTE format('DELETE FROM rtc.%1$I WHERE %2$I <= (SELECT max(t) FROM (SELECT %2$I AS t FROM rtc.%1$I ORDER BY 1 LIMIT $1) x)',
    partition, past.key_time) USING batch;
  GET DIAGNOSTICS deleted = ROW_COUNT;
  UPDATE rtc.maintenance m SET ran_at = now(), reached = greatest(m.reached, past.period_end) WHERE m.task = 'retention';
  RETURN deleted;
END
$function$;
REVOKE EXECUTE ON FUNCTION rtc.empty_period(partition text, before timestamp with time zone, batch integer) FROM PUBLIC;
COMMENT ON FUNCTION rtc.empty_period(partition text, before timestamp with time zone, batch integer) IS 'Deletes the rows of a partition that cannot be dropped now, a batch at a time / 分区无法删除时分批清空';

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

  -- Twice: first without the lock, then, when nothing covers the time, again under it.
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
      PERFORM FROM rtc.maintenance m WHERE m.task = 'partitions' FOR UPDATE;
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

CREATE OR REPLACE FUNCTION rtc.events_of_sessions(sessions text[], from_time timestamp with time zone, to_time timestamp with time zone, at_most integer)
 RETURNS SETOF ops.events
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET jit TO 'off'
AS $function$
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
$function$;
REVOKE EXECUTE ON FUNCTION rtc.events_of_sessions(sessions text[], from_time timestamp with time zone, to_time timestamp with time zone, at_most integer) FROM PUBLIC;
COMMENT ON FUNCTION rtc.events_of_sessions(sessions text[], from_time timestamp with time zone, to_time timestamp with time zone, at_most integer) IS 'Events of sessions, masked, the latest first / 若干会话的状态事件（脱敏）';

CREATE OR REPLACE FUNCTION rtc.feed_page(after bigint, most integer, with_facts boolean)
 RETURNS TABLE("position" bigint, at timestamp with time zone, kind text, call_ref uuid, session_id text, fact_time timestamp with time zone, event_key uuid, icid text)
 LANGUAGE plpgsql
 STABLE ROWS 100
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
DECLARE
  gone CONSTANT bigint := (SELECT coalesce(m.reached_id, 0) FROM rtc.maintenance m WHERE m.task = 'feed');
  head CONSTANT bigint := feed.head();
BEGIN
  IF after > 0 AND after < gone THEN
    RAISE 'feed: entries up to % are gone by age, and % is before them: copy the tables again, docs/feed.md says how', gone, after
      USING ERRCODE = 'RTC02';
  END IF;
  IF after > head THEN
    RAISE 'feed: % is beyond the last position, %: this is another database, or an older backup of it', after, head
      USING ERRCODE = 'RTC03';
  END IF;
  RETURN QUERY
    SELECT x.position, f.at, x.kind, f.call_ref, f.session_id, x.fact_time, x.event_key, x.icid
    FROM rtc.feed f CROSS JOIN LATERAL (
      SELECT f.position - cardinality(f.fact_times) + r.i - 1 AS position, CASE WHEN r.event_key IS NULL THEN 'cdr' ELSE 'event' END AS kind,
        r.fact_time, r.event_key, r.icid
      FROM unnest(f.fact_times, f.event_keys, f.icids) WITH ORDINALITY AS r (fact_time, event_key, icid, i) WHERE with_facts
      UNION ALL
      SELECT f.position, f.kind, NULL, NULL, NULL WHERE f.kind IS NOT NULL
    ) x
    WHERE f.position > coalesce(after, 0) AND x.position > coalesce(after, 0)
    ORDER BY f.position, x.position LIMIT least(most, 10000);
END
$function$;
REVOKE EXECUTE ON FUNCTION rtc.feed_page(after bigint, most integer, with_facts boolean) FROM PUBLIC;
COMMENT ON FUNCTION rtc.feed_page(after bigint, most integer, with_facts boolean) IS 'The next entries of the feed (RTC02: the position is too old, RTC03: it is of another database) / 变更流的下一页';

CREATE OR REPLACE FUNCTION rtc.find_peaks(at_most integer DEFAULT 24)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET jit TO 'off'
 SET max_parallel_workers_per_gather TO '0'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
#variable_conflict use_column
DECLARE
  marks bigint[];
  hours timestamptz[];
  from_time timestamptz;
  to_time timestamptz;
BEGIN
  PERFORM FROM rtc.maintenance m WHERE m.task = 'peaks' FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  -- Marks first: what the statements below see is at least as new, and only these marks go.
  SELECT coalesce(array_agg(s.id), '{}'), coalesce(array_agg(DISTINCT s.hour), '{}') INTO marks, hours
    FROM rtc.stale_hours s
    JOIN (SELECT DISTINCT x.hour FROM rtc.stale_hours x WHERE x.hour <= now() - interval '1 hour'
        ORDER BY x.hour DESC LIMIT at_most) AS latest ON latest.hour = s.hour;
  DELETE FROM rtc.stale_hours s WHERE s.id = ANY (marks);
  DELETE FROM ops.concurrent_legs x WHERE x.hour = ANY (hours);

  FOREACH from_time IN ARRAY hours LOOP
    to_time := from_time + interval '1 hour';
    -- +1 in the second in which a leg begins, -1 in that in which it ends, and the sum of all until then. Calls that began
    -- before the hour are found by their end, less than 25 hours later.
    INSERT INTO ops.concurrent_legs (hour, app_key, peak_legs, peak_of_all)
    WITH leg AS (
      SELECT c.app_key, greatest(l.started_at, from_time) AS started_at, l.ended_at
        FROM ops.calls c
       CROSS JOIN LATERAL (SELECT coalesce(c.ended_at, CASE WHEN c.is_live THEN 'infinity' ELSE c.last_received_at END) AS ended_at) AS call
       CROSS JOIN LATERAL (VALUES
         (coalesce(c.a_started_at, c.a_ringing_at, c.a_answered_at), coalesce(c.a_ended_at, call.ended_at)),
         (coalesce(c.b_started_at, c.b_ringing_at, c.b_answered_at), coalesce(c.b_ended_at, call.ended_at))) AS l (started_at, ended_at)
       WHERE (c.started_at >= from_time AND c.started_at < to_time
           OR c.started_at < from_time AND c.ended_at > from_time AND c.ended_at < from_time + interval '25 hours'
           OR c.started_at < from_time AND c.started_at > from_time - interval '25 hours' AND c.ended_at IS NULL)
         AND l.started_at < to_time AND l.ended_at > from_time
    ), change AS (
      SELECT x.app_key, x.at, sum(x.step) AS step
        FROM (
          SELECT leg.app_key, date_trunc('second', leg.started_at) AS at, 1 AS step FROM leg
          UNION ALL
          SELECT leg.app_key, date_trunc('second', leg.ended_at), -1 FROM leg WHERE leg.ended_at < to_time
        ) x
       GROUP BY x.app_key, x.at
    ), level AS (
      SELECT x.app_key, sum(x.step) OVER (PARTITION BY x.app_key ORDER BY x.at) AS legs, sum(x.step) OVER (ORDER BY x.at) AS legs_of_all
        FROM change x
    )
    SELECT from_time, x.app_key, max(x.legs), max(max(x.legs_of_all)) OVER ()
      FROM level x
     GROUP BY x.app_key
    HAVING max(x.legs) > 0;
  END LOOP;

  UPDATE rtc.maintenance m SET ran_at = now() WHERE m.task = 'peaks';
  RETURN cardinality(hours);
END
$function$;
REVOKE EXECUTE ON FUNCTION rtc.find_peaks(at_most integer) FROM PUBLIC;
COMMENT ON FUNCTION rtc.find_peaks(at_most integer) IS 'Finds the most concurrent legs of hours whose legs changed; says of how many hours / 重新计算最大并发，返回小时数';

CREATE OR REPLACE FUNCTION rtc.lock_retention()
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '1s'
AS $function$
BEGIN
  PERFORM FROM rtc.maintenance m WHERE m.task IN ('fold', 'retention') ORDER BY m.task FOR UPDATE;
END
$function$;
REVOKE EXECUTE ON FUNCTION rtc.lock_retention() FROM PUBLIC;
COMMENT ON FUNCTION rtc.lock_retention() IS 'Takes the locks of retention until the end of the transaction / 获取清理任务的锁';

CREATE OR REPLACE FUNCTION rtc.log_look_up(kind text, calls integer)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  INSERT INTO rtc.look_ups (asked_by, asked_from, kind, found) VALUES (session_user, inet_client_addr(), kind, calls);
  RAISE LOG 'rtc: % looked up calls by %: % calls', session_user, kind, calls;
END
$function$;
REVOKE EXECUTE ON FUNCTION rtc.log_look_up(kind text, calls integer) FROM PUBLIC;
COMMENT ON FUNCTION rtc.log_look_up(kind text, calls integer) IS 'Writes down a look-up / 记录一次查询';

CREATE OR REPLACE FUNCTION rtc.look_up(kind text, value text, since timestamp with time zone, until timestamp with time zone)
 RETURNS TABLE(call_ref uuid, started_at timestamp with time zone)
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET jit TO 'off'
AS $function$
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
$function$;
REVOKE EXECUTE ON FUNCTION rtc.look_up(kind text, value text, since timestamp with time zone, until timestamp with time zone) FROM PUBLIC;
COMMENT ON FUNCTION rtc.look_up(kind text, value text, since timestamp with time zone, until timestamp with time zone) IS 'Calls by number, user_data or subscription / 按号码、userData 或绑定查询呼叫';

CREATE OR REPLACE FUNCTION rtc.mask_fields(fields jsonb)
 RETURNS jsonb
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
RETURN CASE WHEN (jsonb_typeof(fields) = 'object'::text) THEN (SELECT jsonb_object_agg(CASE WHEN (name.name ~ '^[A-Za-z_]+$'::text) THEN name.name ELSE '***'::text END, '***') AS jsonb_object_agg FROM jsonb_object_keys(mask_fields.fields) name(name)) ELSE '"***"'::jsonb END;
COMMENT ON FUNCTION rtc.mask_fields(fields jsonb) IS 'Names of fields, where they are letters and underscores, without their values / 仅保留由字母和下划线组成的字段名';

CREATE OR REPLACE FUNCTION rtc.mask_icid(icid text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (icid ~ '^([A-Z]{1,8}-20[0-9]{12}-[0-9]{1,9}|[0-9a-f]{32}(\.[0-9]{1,10}){1,3})$'::text) THEN icid ELSE rtc.mask_id(icid) END;
COMMENT ON FUNCTION rtc.mask_icid(icid text) IS 'The platform''s id of a CDR; of another form, seven digits and more are hidden / 话单标识（未知格式遮盖七位及以上数字）';

CREATE OR REPLACE FUNCTION rtc.mask_id(id text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN regexp_replace("left"(id, 128), '\+?[0-9０-９]([ ．.()（）-]{0,2}[0-9０-９]){6,}'::text, '***'::text, 'g'::text);
COMMENT ON FUNCTION rtc.mask_id(id text) IS 'An id such as an appKey; seven digits and more are hidden / 标识（遮盖七位及以上数字）';

CREATE OR REPLACE FUNCTION rtc.mask_keys(keys text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (length(replace(keys, '-'::text, ''::text)) > 2) THEN '***'::text ELSE keys END;
COMMENT ON FUNCTION rtc.mask_keys(keys text) IS 'Up to two keys are a choice in a menu, more may be a PIN / 按键脱敏，超过两位可能是密码';

CREATE OR REPLACE FUNCTION rtc.mask_number(number text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (number IS NULL) THEN NULL::text WHEN (number ~ '^(\+?86)?1[3-9][0-9]{9}$'::text) THEN (("left"(number, (length(number) - 8)) || '****'::text) || "right"(number, 4)) WHEN (number ~ '^\+?(86)?1[0-9]{2}\*{4}[0-9]{4}$'::text) THEN number WHEN (number ~ '^\+86[0-9]{9,}$'::text) THEN ('+86****'::text || "right"(number, 2)) WHEN (number ~ '^\+?[0-9]{9,}$'::text) THEN ('****'::text || "right"(number, 2)) ELSE '****'::text END;
COMMENT ON FUNCTION rtc.mask_number(number text) IS '+86138****0021; short, foreign and fixed-line numbers show less / 号码脱敏';

CREATE OR REPLACE FUNCTION rtc.mask_number(number text, own text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (number = own) THEN number ELSE rtc.mask_number(number) END;
COMMENT ON FUNCTION rtc.mask_number(number text, own text) IS 'The same; the company''s own number is shown / 号码脱敏，企业自有号码除外';

CREATE OR REPLACE FUNCTION rtc.mask_text(words text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(words, '\+?([0-9０-９]([ ．.()（）-]{0,2}[0-9０-９]){6,}|[0-9０-９]{5,})'::text, '***'::text, 'g'::text);
COMMENT ON FUNCTION rtc.mask_text(words text) IS 'Text in which no run of five digits is left, and none of seven in groups / 遮盖文本中的长数字串';

CREATE OR REPLACE FUNCTION rtc.may_hold_number(session_id text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN ((session_id ~ '\+[0-9]|(^|[^0-9])(?!20[0-9]{12}([^0-9]|$))[0-9]{7}|[^ -~]'::text) AND (session_id !~ '^([0-9]{1,6}_[0-9]{1,10}_[0-9]{1,10}_20[0-9]{12}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})(@[a-zA-Z]([a-zA-Z.-]|[0-9]{1,6}(?![0-9]))*)?$'::text));
COMMENT ON FUNCTION rtc.may_hold_number(session_id text) IS 'Whether a session id may embed a phone number / 会话标识是否可能含号码';

CREATE OR REPLACE FUNCTION rtc.merge_counts(at_most integer DEFAULT 100)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET jit TO 'off'
AS $function$
#variable_conflict use_column
DECLARE
  hours timestamptz[];
BEGIN
  PERFORM FROM rtc.maintenance m WHERE m.task = 'statistics' FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  hours := ARRAY(
    SELECT x.hour FROM ops.call_counts x WHERE NOT x.is_merged
    UNION SELECT x.hour FROM ops.delays x WHERE NOT x.is_merged
    ORDER BY 1 DESC LIMIT at_most);
  WITH gone AS (
    DELETE FROM ops.call_counts x WHERE x.hour = ANY (hours) RETURNING *
  )
  INSERT INTO ops.call_counts (hour, bill_day, app_key, scenario, bind_num, outcome, reason_source, reason_code, reason_en,
    reason_zh, has_events, has_cdr, is_merged, attempts, effective, talks, talk_seconds, legs, legs_answered, events, cdrs,
    a_legs_billed, a_minutes, b_legs_billed, b_minutes, billed_seconds, estimated)
  SELECT x.hour, x.bill_day, x.app_key, x.scenario, x.bind_num, x.outcome, x.reason_source, x.reason_code, x.reason_en,
      x.reason_zh, x.has_events, x.has_cdr, true, sum(x.attempts), sum(x.effective), sum(x.talks), sum(x.talk_seconds),
      sum(x.legs), sum(x.legs_answered), sum(x.events), sum(x.cdrs), sum(x.a_legs_billed), sum(x.a_minutes),
      sum(x.b_legs_billed), sum(x.b_minutes), sum(x.billed_seconds), sum(x.estimated)
    FROM gone x
   GROUP BY x.hour, x.bill_day, x.app_key, x.scenario, x.bind_num, x.outcome, x.reason_source, x.reason_code, x.reason_en,
     x.reason_zh, x.has_events, x.has_cdr
  HAVING sum(x.attempts) <> 0;

  WITH gone AS (
    DELETE FROM ops.delays x WHERE x.hour = ANY (hours) RETURNING *
  )
  INSERT INTO ops.delays (hour, kind, app_key, scenario, bind_num, is_merged, seconds, calls)
  SELECT x.hour, x.kind, x.app_key, x.scenario, x.bind_num, true, x.seconds, sum(x.calls)
    FROM gone x
   GROUP BY x.hour, x.kind, x.app_key, x.scenario, x.bind_num, x.seconds
  HAVING sum(x.calls) <> 0;

  RETURN cardinality(hours);
END
$function$;
REVOKE EXECUTE ON FUNCTION rtc.merge_counts(at_most integer) FROM PUBLIC;
COMMENT ON FUNCTION rtc.merge_counts(at_most integer) IS 'Merges appended counts of the latest hours that have any; says of how many hours / 合并追加的计数，返回小时数';

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
REVOKE EXECUTE ON FUNCTION rtc.plain_number(number text) FROM PUBLIC;
COMMENT ON FUNCTION rtc.plain_number(number text) IS 'The number as one text however it was written / 归一化号码';

CREATE OR REPLACE FUNCTION rtc.quarantine_size(OUT entries bigint, OUT bytes bigint, OUT disk_bytes bigint)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  -- First, for it locks the table: a TRUNCATE that had the table and waited for the rows below would wait for ever.
  disk_bytes := pg_total_relation_size('rtc.quarantine');
  WITH gone AS (
    DELETE FROM rtc.quarantine_growth g RETURNING g.entries, g.bytes
  )
  INSERT INTO rtc.quarantine_growth (entries, bytes)
    SELECT sum(gone.entries), sum(gone.bytes) FROM gone HAVING count(*) > 0;
  SELECT coalesce(sum(g.entries), 0), coalesce(sum(g.bytes), 0) INTO entries, bytes FROM rtc.quarantine_growth g;
END
$function$;
REVOKE EXECUTE ON FUNCTION rtc.quarantine_size(OUT entries bigint, OUT bytes bigint, OUT disk_bytes bigint) FROM PUBLIC;
COMMENT ON FUNCTION rtc.quarantine_size(OUT entries bigint, OUT bytes bigint, OUT disk_bytes bigint) IS 'Entries in rtc.quarantine, the bytes they take, and those of its files; reads no entry / 隔离区条数、占用字节与磁盘字节';

CREATE OR REPLACE FUNCTION rtc.recount_hour(hour timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET jit TO 'off'
AS $function$
#variable_conflict use_variable
DECLARE
  after ops.call_measures[];
BEGIN
  PERFORM FROM rtc.maintenance m WHERE m.task = 'statistics' FOR UPDATE;
  IF hour < (SELECT m.reached FROM rtc.maintenance m WHERE m.task = 'retention') THEN
    RAISE 'rtc.recount_hour: retention has removed calls of this hour' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  WITH counts AS (
    DELETE FROM ops.call_counts x WHERE x.hour = recount_hour.hour
  ), delays AS (
    DELETE FROM ops.delays x WHERE x.hour = recount_hour.hour
  )
  SELECT coalesce(array_agg(m), '{}') INTO after FROM ops.call_measures m
   WHERE m.started_at >= recount_hour.hour AND m.started_at < recount_hour.hour + interval '1 hour';
  PERFORM rtc.count_calls('{}', after);
  INSERT INTO rtc.stale_hours (hour) VALUES (recount_hour.hour);
END
$function$;
REVOKE EXECUTE ON FUNCTION rtc.recount_hour(hour timestamp with time zone) FROM PUBLIC;
COMMENT ON FUNCTION rtc.recount_hour(hour timestamp with time zone) IS 'Counts the calls that began in a full hour again / 重新统计某整点小时';

CREATE OR REPLACE FUNCTION rtc.references_of(kind text, value text)
 RETURNS text[]
 LANGUAGE sql
 STABLE PARALLEL SAFE
BEGIN ATOMIC
 SELECT array_agg("left"(encode(sha256((k.key || convert_to(((references_of.kind || ':'::text) || references_of.value), 'UTF8'::name))), 'hex'::text), 16)) AS array_agg
    FROM rtc.keys k
   WHERE (k.purpose = ANY (ARRAY['ref'::text, 'ref_unsigned'::text]));
END;
REVOKE EXECUTE ON FUNCTION rtc.references_of(kind text, value text) FROM PUBLIC;
COMMENT ON FUNCTION rtc.references_of(kind text, value text) IS 'References of a value, as they stand in ops.calls / 某值在 ops.calls 中的引用';

CREATE OR REPLACE FUNCTION rtc.refuse_erased(digests uuid[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
  IF EXISTS (SELECT FROM rtc.erased_keys k WHERE digests IS NULL OR k.key_digest = ANY (digests)) THEN
    RAISE 'rtc.refuse_erased: keys of erased rows' USING ERRCODE = 'RTC01';
  END IF;
END
$function$;
COMMENT ON FUNCTION rtc.refuse_erased(digests uuid[]) IS 'Fails if one of the digests, or with NULL any at all, is that of an erased key / 若为已清除记录的键摘要则报错';

CREATE OR REPLACE FUNCTION rtc.remove_self_test(of_session text, at timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  DELETE FROM rtc.call_events e WHERE e.session_id = of_session AND e.occurred_at = at AND e.event_type = 'selftest';
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  INSERT INTO rtc.unfolded (session_id) VALUES (of_session);
  RETURN true;
END
$function$;
REVOKE EXECUTE ON FUNCTION rtc.remove_self_test(of_session text, at timestamp with time zone) FROM PUBLIC;
COMMENT ON FUNCTION rtc.remove_self_test(of_session text, at timestamp with time zone) IS 'Removes the event of a self-test / 删除自检事件';

CREATE OR REPLACE FUNCTION rtc.replace_cdr(of_session text, of_icid text, at timestamp with time zone, received timestamp with time zone, of_call uuid, as_sent jsonb)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  DELETE FROM rtc.cdrs d
    WHERE d.session_id = of_session AND d.icid = of_icid AND d.cdr_time = at AND d.received_at = received AND d.erased_at IS NULL;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  INSERT INTO rtc.replaced_cdrs (cdr_time, call_ref, session_id, icid, replaced_by, cdr)
    VALUES (at, of_call, of_session, of_icid, session_user, as_sent);
  RETURN true;
END
$function$;
REVOKE EXECUTE ON FUNCTION rtc.replace_cdr(of_session text, of_icid text, at timestamp with time zone, received timestamp with time zone, of_call uuid, as_sent jsonb) FROM PUBLIC;
COMMENT ON FUNCTION rtc.replace_cdr(of_session text, of_icid text, at timestamp with time zone, received timestamp with time zone, of_call uuid, as_sent jsonb) IS 'Moves a CDR to rtc.replaced_cdrs / 将话单移入 rtc.replaced_cdrs';

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
  last_position bigint;
  refs uuid[];
  deleted integer := 0;
BEGIN
  IF what IS NULL OR what NOT IN ('call_events', 'cdrs', 'calls', 'placed_calls', 'notices', 'replaced_cdrs',
    'bill_changes', 'redeliveries', 'reveals', 'look_ups', 'erased_keys', 'feed') THEN
    RAISE 'rtc.tidy: no such table' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF before IS NULL OR before > now() - (CASE WHEN what IN ('reveals', 'look_ups') THEN interval '179 days'
    WHEN what = 'erased_keys' THEN interval '29 days' ELSE interval '1 day' END) THEN
    RAISE 'rtc.tidy: what is younger stays' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF batch IS NULL OR batch NOT BETWEEN 1 AND 100000 THEN
    RAISE 'rtc.tidy: a batch is 1 to 100000' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM rtc.lock_retention();

  CASE what
    WHEN 'call_events' THEN
      SELECT max(x.t) INTO last_time FROM (SELECT e.occurred_at AS t FROM rtc.call_events e
        WHERE e.occurred_at < least(before, old_end) ORDER BY e.occurred_at LIMIT batch) x;
      DELETE FROM rtc.call_events e WHERE e.occurred_at <= last_time AND e.occurred_at < old_end;
    WHEN 'cdrs' THEN
      SELECT max(x.t) INTO last_time FROM (SELECT c.cdr_time AS t FROM rtc.cdrs c
        WHERE c.cdr_time < least(before, old_end) ORDER BY c.cdr_time LIMIT batch) x;
      DELETE FROM rtc.cdrs c WHERE c.cdr_time <= last_time AND c.cdr_time < old_end;
    WHEN 'calls' THEN
      -- Whoever gives positions in the feed holds the lock of the fold.
      PERFORM FROM rtc.maintenance m WHERE m.task = 'fold' FOR UPDATE;
      -- A call that came lately stays, whatever its times say: one event of a wrong clock must not take it away.
      refs := ARRAY(SELECT o.call_ref FROM ops.calls o
        WHERE o.started_at < before AND o.last_received_at < before ORDER BY o.started_at LIMIT batch);
      DELETE FROM rtc.calls_private p WHERE p.call_ref = ANY (refs);
      DELETE FROM ops.calls c WHERE c.call_ref = ANY (refs);
      INSERT INTO rtc.feed (kind, call_ref) SELECT 'removed', unnest(refs);
    WHEN 'placed_calls' THEN
      DELETE FROM rtc.placed_calls p WHERE p.id IN (SELECT o.id FROM rtc.placed_calls o
        WHERE o.placed_at < before ORDER BY o.id LIMIT batch);
    WHEN 'notices' THEN
      DELETE FROM rtc.notices n WHERE n.notice_key IN (SELECT o.notice_key FROM rtc.notices o
        WHERE o.received_at < before AND o.last_received_at < before ORDER BY o.received_at LIMIT batch);
    WHEN 'replaced_cdrs' THEN
      -- By the time of the call, not of the replacement: it goes when the call goes.
      DELETE FROM rtc.replaced_cdrs r WHERE r.id IN (SELECT o.id FROM rtc.replaced_cdrs o
        WHERE o.cdr_time < before ORDER BY o.id LIMIT batch);
    WHEN 'bill_changes' THEN
      DELETE FROM ops.bill_changes b WHERE (b.call_ref, b.changed_at) IN (SELECT o.call_ref, o.changed_at FROM ops.bill_changes o
        WHERE o.changed_at < before ORDER BY o.changed_at LIMIT batch);
    WHEN 'redeliveries' THEN
      DELETE FROM rtc.redeliveries r WHERE (r.hour, r.kind, r.app_key) IN (SELECT o.hour, o.kind, o.app_key FROM rtc.redeliveries o
        WHERE o.hour < before ORDER BY o.hour LIMIT batch);
    WHEN 'reveals' THEN
      DELETE FROM rtc.reveals r WHERE r.ticket IN (SELECT o.ticket FROM rtc.reveals o
        WHERE o.asked_at < before ORDER BY o.asked_at LIMIT batch);
    WHEN 'look_ups' THEN
      DELETE FROM rtc.look_ups l WHERE l.id IN (SELECT o.id FROM rtc.look_ups o
        WHERE o.asked_at < before ORDER BY o.asked_at LIMIT batch);
    WHEN 'erased_keys' THEN
      DELETE FROM rtc.erased_keys k WHERE k.key_digest IN (SELECT o.key_digest FROM rtc.erased_keys o
        WHERE o.erased_at < before ORDER BY o.erased_at LIMIT batch);
    WHEN 'feed' THEN
      SELECT max(x.position) INTO last_position FROM (SELECT o.position, o.at FROM rtc.feed o
        ORDER BY o.position LIMIT batch) x WHERE x.at < before;
      DELETE FROM rtc.dead_letters d WHERE d.position <= last_position;
      UPDATE rtc.maintenance m SET ran_at = now(), reached_id = last_position WHERE m.task = 'feed' AND last_position IS NOT NULL;
      DELETE FROM rtc.feed f WHERE f.position <= last_position;
  END CASE;
  GET DIAGNOSTICS deleted = ROW_COUNT;
  IF deleted > 0 AND what IN ('call_events', 'cdrs') THEN
    UPDATE rtc.maintenance m SET ran_at = now(), reached = greatest(m.reached, least(before, old_end))
      WHERE m.task = 'retention';
  END IF;
  RETURN deleted;
END
$function$;
REVOKE EXECUTE ON FUNCTION rtc.tidy(what text, before timestamp with time zone, batch integer) FROM PUBLIC;
COMMENT ON FUNCTION rtc.tidy(what text, before timestamp with time zone, batch integer) IS 'Deletes old rows of _old, of the calls and of small tables, a batch at a time / 分批删除过期数据';

CREATE OR REPLACE FUNCTION ops.ask_reveal(call_ref uuid, why text)
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
$function$;
REVOKE EXECUTE ON FUNCTION ops.ask_reveal(call_ref uuid, why text) FROM PUBLIC;
COMMENT ON FUNCTION ops.ask_reveal(call_ref uuid, why text) IS 'Asks to see the numbers of a call; gives the ticket for ops.reveal / 申请查看某呼叫的号码明文，返回凭据';

CREATE OR REPLACE FUNCTION ops.bucket_of(at timestamp with time zone, bucket text, time_zone text)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN CASE WHEN (bucket ~ '^[a-z]+$'::text) THEN date_trunc(bucket, at, time_zone) WHEN ((bucket)::interval < '1 day'::interval) THEN date_bin((bucket)::interval, at, date_trunc('day'::text, at, time_zone)) ELSE (date_bin((bucket)::interval, (at AT TIME ZONE time_zone), '2001-01-01 00:00:00'::timestamp without time zone) AT TIME ZONE time_zone) END;
COMMENT ON FUNCTION ops.bucket_of(at timestamp with time zone, bucket text, time_zone text) IS 'Beginning of the bucket of a time zone in which a time lies / 时间所在时间桶的起点';

CREATE OR REPLACE FUNCTION ops.call_stats(from_day date, to_day date, bucket text DEFAULT 'day'::text, time_zone text DEFAULT 'Asia/Shanghai'::text, split_by text[] DEFAULT '{app_key,scenario,bind_num}'::text[])
 RETURNS SETOF ops.call_stat
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  RETURN QUERY SELECT * FROM ops.call_stats(from_day::timestamp AT TIME ZONE time_zone, to_day::timestamp AT TIME ZONE time_zone,
    bucket, time_zone, split_by);
END
$function$;
REVOKE EXECUTE ON FUNCTION ops.call_stats(from_day date, to_day date, bucket text, time_zone text, split_by text[]) FROM PUBLIC;
COMMENT ON FUNCTION ops.call_stats(from_day date, to_day date, bucket text, time_zone text, split_by text[]) IS 'The same for days of the time zone, up to and not including to_day / 同上，按该时区的日期，不含 to_day';

CREATE OR REPLACE FUNCTION ops.call_stats(from_time timestamp with time zone, to_time timestamp with time zone, bucket text DEFAULT 'day'::text, time_zone text DEFAULT 'Asia/Shanghai'::text, split_by text[] DEFAULT '{app_key,scenario,bind_num}'::text[])
 RETURNS SETOF ops.call_stat
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET jit TO 'off'
AS $function$
#variable_conflict use_column
DECLARE
  by_app CONSTANT boolean := 'app_key' = ANY (split_by);
  by_scenario CONSTANT boolean := 'scenario' = ANY (split_by);
  by_number CONSTANT boolean := 'bind_num' = ANY (split_by);
  part CONSTANT record := ops.split_range(from_time, to_time, bucket, time_zone);
BEGIN
  IF NOT split_by <@ ARRAY['app_key', 'scenario', 'bind_num'] THEN
    RAISE 'ops.call_stats: split_by takes app_key, scenario and bind_num' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  RETURN QUERY
  WITH piece AS (
    -- Once for both: these calls are read, and not their counts.
    SELECT ops.bucket_of(m.started_at, bucket, time_zone) AS bucket_start, m.app_key, m.scenario, m.bind_num, m.outcome,
        m.effective, m.talks, m.talk_seconds, m.legs, m.legs_answered, m.a_minutes + m.b_minutes AS billed_minutes, m.post_dial_delay
      FROM unnest(part.piece_starts, part.piece_ends) AS p (piece_start, piece_end)
      JOIN ops.call_measures m ON m.started_at >= p.piece_start AND m.started_at < p.piece_end
  ), measured AS (
    SELECT h.bucket_start, c.app_key, c.scenario, c.bind_num, c.outcome, c.attempts, c.effective, c.talks, c.talk_seconds,
        c.legs, c.legs_answered, c.a_minutes + c.b_minutes AS billed_minutes
      FROM unnest(part.hours, part.buckets) AS h (hour, bucket_start)
      JOIN ops.call_counts c ON c.hour = h.hour
     WHERE c.hour >= part.hours[1] AND c.hour <= part.hours[cardinality(part.hours)]
    UNION ALL
    SELECT p.bucket_start, p.app_key, p.scenario, p.bind_num, p.outcome, 1, p.effective, p.talks, p.talk_seconds, p.legs,
        p.legs_answered, p.billed_minutes
      FROM piece p
  ), counted AS (
    SELECT x.bucket_start, CASE WHEN by_app THEN x.app_key END AS app_key, CASE WHEN by_scenario THEN x.scenario END AS scenario,
        CASE WHEN by_number THEN x.bind_num END AS bind_num, sum(x.attempts) AS attempts,
        coalesce(sum(x.attempts) FILTER (WHERE x.outcome = 'answered'), 0) AS answered,
        sum(x.effective) AS effective,
        coalesce(sum(x.attempts) FILTER (WHERE x.outcome = 'busy'), 0) AS busy,
        coalesce(sum(x.attempts) FILTER (WHERE x.outcome = 'no answer'), 0) AS no_answer,
        coalesce(sum(x.attempts) FILTER (WHERE x.outcome = 'rejected'), 0) AS rejected,
        coalesce(sum(x.attempts) FILTER (WHERE x.outcome = 'cancelled'), 0) AS cancelled,
        coalesce(sum(x.attempts) FILTER (WHERE x.outcome = 'unreachable'), 0) AS unreachable,
        coalesce(sum(x.attempts) FILTER (WHERE x.outcome = 'failed'), 0) AS failed,
        coalesce(sum(x.attempts) FILTER (WHERE x.outcome IN ('unknown', 'in progress')), 0) AS unknown,
        sum(x.talks) AS talks, sum(x.talk_seconds)::bigint AS talk_seconds, sum(x.legs) AS legs,
        sum(x.legs_answered) AS legs_answered, sum(x.billed_minutes) AS billed_minutes
      FROM measured x
     GROUP BY 1, 2, 3, 4
    HAVING sum(x.attempts) > 0
  ), delayed AS (
    SELECT h.bucket_start, d.app_key, d.scenario, d.bind_num, d.seconds, d.calls
      FROM unnest(part.hours, part.buckets) AS h (hour, bucket_start)
      JOIN ops.delays d ON d.kind = 'post-dial' AND d.hour = h.hour
     WHERE d.hour >= part.hours[1] AND d.hour <= part.hours[cardinality(part.hours)]
    UNION ALL
    SELECT p.bucket_start, p.app_key, p.scenario, p.bind_num, p.post_dial_delay, 1
      FROM piece p
     WHERE p.post_dial_delay IS NOT NULL
  ), delays AS (
    SELECT x.bucket_start, CASE WHEN by_app THEN x.app_key END AS app_key, CASE WHEN by_scenario THEN x.scenario END AS scenario,
        CASE WHEN by_number THEN x.bind_num END AS bind_num, x.seconds, sum(x.calls) AS calls
      FROM delayed x
     GROUP BY 1, 2, 3, 4, 5
    HAVING sum(x.calls) > 0
  ), ranked AS (
    -- The calls in the order of their delays: those with a delay take the places up to `upto`.
    SELECT x.*, sum(x.calls) OVER (PARTITION BY x.bucket_start, x.app_key, x.scenario, x.bind_num ORDER BY x.seconds) AS upto,
        sum(x.calls) OVER (PARTITION BY x.bucket_start, x.app_key, x.scenario, x.bind_num) AS total
      FROM delays x
  ), percentile AS (
    -- As percentile_cont: between the two calls beside the place.
    SELECT x.bucket_start, x.app_key, x.scenario, x.bind_num, x.total,
        min(x.seconds) FILTER (WHERE x.upto > floor(0.5 * (x.total - 1))) AS p50_low,
        min(x.seconds) FILTER (WHERE x.upto > ceil(0.5 * (x.total - 1))) AS p50_high,
        min(x.seconds) FILTER (WHERE x.upto > floor(0.95 * (x.total - 1))) AS p95_low,
        min(x.seconds) FILTER (WHERE x.upto > ceil(0.95 * (x.total - 1))) AS p95_high
      FROM ranked x
     GROUP BY x.bucket_start, x.app_key, x.scenario, x.bind_num, x.total
  )
  SELECT n.bucket_start, n.app_key, n.scenario, n.bind_num, n.attempts,
      n.answered, round(n.answered / nullif(n.attempts, 0)::numeric, 4),
      n.effective, round(n.effective / nullif(n.attempts, 0)::numeric, 4),
      n.busy, n.no_answer, n.rejected, n.cancelled, n.unreachable, n.failed, n.unknown,
      n.talks, n.talk_seconds, round(n.talk_seconds / nullif(n.talks, 0)::numeric, 1),
      n.legs, n.legs_answered, round(n.legs_answered / nullif(n.legs, 0)::numeric, 4),
      coalesce(d.total, 0)::bigint,
      round(d.p50_low + mod(0.5 * (d.total - 1), 1) * (d.p50_high - d.p50_low), 1),
      round(d.p95_low + mod(0.95 * (d.total - 1), 1) * (d.p95_high - d.p95_low), 1),
      n.billed_minutes
    FROM counted n
    -- NULL is a group like any other, and IS NOT DISTINCT FROM would compare each row with all.
    LEFT JOIN percentile d ON d.bucket_start = n.bucket_start AND coalesce(d.app_key, '') = coalesce(n.app_key, '')
      AND coalesce(d.scenario, '') = coalesce(n.scenario, '') AND coalesce(d.bind_num, '') = coalesce(n.bind_num, '')
   ORDER BY 1, 2, 3, 4;
END
$function$;
REVOKE EXECUTE ON FUNCTION ops.call_stats(from_time timestamp with time zone, to_time timestamp with time zone, bucket text, time_zone text, split_by text[]) FROM PUBLIC;
COMMENT ON FUNCTION ops.call_stats(from_time timestamp with time zone, to_time timestamp with time zone, bucket text, time_zone text, split_by text[]) IS 'Calls that began from from_time up to, not including, to_time, by bucket (hour, day, week, month, or a length as 15 minutes) of a time zone, split by any of app_key, scenario and bind_num; split_by => ''{}'' gives one row a bucket, with medians over all calls / 按时区与时间桶统计从 from_time 到 to_time（不含）开始的呼叫，可按应用、场景、企业号码拆分；split_by => ''{}'' 时每个时间桶一行，中位数基于全部呼叫';

CREATE OR REPLACE FUNCTION ops.calls_by_session(session_id text)
 RETURNS TABLE(call_ref uuid, started_at timestamp with time zone)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET jit TO 'off'
AS $function$
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
$function$;
REVOKE EXECUTE ON FUNCTION ops.calls_by_session(session_id text) FROM PUBLIC;
COMMENT ON FUNCTION ops.calls_by_session(session_id text) IS 'The call of a session id, also where that holds numbers / 某会话标识对应的呼叫';

CREATE OR REPLACE FUNCTION ops.calls_by_subscription(subscription_id text, since timestamp with time zone DEFAULT (now() - '30 days'::interval), until timestamp with time zone DEFAULT (now() + '1 day'::interval))
 RETURNS TABLE(call_ref uuid, started_at timestamp with time zone)
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$ SELECT * FROM rtc.look_up('subscription', subscription_id, since, until) $function$;
REVOKE EXECUTE ON FUNCTION ops.calls_by_subscription(subscription_id text, since timestamp with time zone, until timestamp with time zone) FROM PUBLIC;
COMMENT ON FUNCTION ops.calls_by_subscription(subscription_id text, since timestamp with time zone, until timestamp with time zone) IS 'Private number: calls of a binding / 某隐私号绑定的呼叫';

CREATE OR REPLACE FUNCTION ops.calls_by_user_data(user_data text, since timestamp with time zone DEFAULT (now() - '30 days'::interval), until timestamp with time zone DEFAULT (now() + '1 day'::interval))
 RETURNS TABLE(call_ref uuid, started_at timestamp with time zone)
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$ SELECT * FROM rtc.look_up('user_data', user_data, since, until) $function$;
REVOKE EXECUTE ON FUNCTION ops.calls_by_user_data(user_data text, since timestamp with time zone, until timestamp with time zone) FROM PUBLIC;
COMMENT ON FUNCTION ops.calls_by_user_data(user_data text, since timestamp with time zone, until timestamp with time zone) IS 'Calls whose request had this userData / 某 userData 对应的呼叫';

CREATE OR REPLACE FUNCTION ops.calls_of(number text, since timestamp with time zone DEFAULT (now() - '30 days'::interval), until timestamp with time zone DEFAULT (now() + '1 day'::interval))
 RETURNS TABLE(call_ref uuid, started_at timestamp with time zone)
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$ SELECT * FROM rtc.look_up('number', rtc.plain_number(number), since, until) $function$;
REVOKE EXECUTE ON FUNCTION ops.calls_of(number text, since timestamp with time zone, until timestamp with time zone) FROM PUBLIC;
COMMENT ON FUNCTION ops.calls_of(number text, since timestamp with time zone, until timestamp with time zone) IS 'Calls that a number took part in, as A or as B / 某号码参与的呼叫';

CREATE OR REPLACE FUNCTION ops.cdrs_between(from_time timestamp with time zone, to_time timestamp with time zone, at_most integer DEFAULT 1000)
 RETURNS SETOF ops.cdrs
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
DECLARE
  sessions CONSTANT text[] := ARRAY(SELECT DISTINCT x.session_id FROM (SELECT f.session_id FROM rtc.cdrs f
    WHERE f.cdr_time >= from_time AND f.cdr_time < to_time ORDER BY f.cdr_time DESC LIMIT at_most) x);
BEGIN
  RETURN QUERY SELECT * FROM rtc.cdrs_of_sessions(sessions, from_time, to_time, at_most);
END
$function$;
REVOKE EXECUTE ON FUNCTION ops.cdrs_between(from_time timestamp with time zone, to_time timestamp with time zone, at_most integer) FROM PUBLIC;
COMMENT ON FUNCTION ops.cdrs_between(from_time timestamp with time zone, to_time timestamp with time zone, at_most integer) IS 'CDRs from from_time up to, not including, to_time, the latest first / 从 from_time 到 to_time（不含）的话单';

CREATE OR REPLACE FUNCTION ops.cdrs_of(call_ref uuid, at_most integer DEFAULT 1000)
 RETURNS SETOF ops.cdrs
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  sessions CONSTANT text[] := ARRAY(SELECT p.session_id FROM rtc.calls_private p WHERE p.call_ref = cdrs_of.call_ref);
BEGIN
  RETURN QUERY SELECT * FROM rtc.cdrs_of_sessions(sessions, '-infinity', 'infinity', at_most);
END
$function$;
REVOKE EXECUTE ON FUNCTION ops.cdrs_of(call_ref uuid, at_most integer) FROM PUBLIC;
COMMENT ON FUNCTION ops.cdrs_of(call_ref uuid, at_most integer) IS 'CDRs of a call, the latest first / 某呼叫的话单';

CREATE OR REPLACE FUNCTION ops.cdrs_of(session_id text, at_most integer DEFAULT 1000)
 RETURNS SETOF ops.cdrs
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  -- By what ops.calls shows: where an id holds a number, nobody finds out here whether there is such a call.
  sessions CONSTANT text[] := ARRAY(SELECT c.session_id FROM ops.calls c WHERE c.session_id = cdrs_of.session_id);
BEGIN
  RETURN QUERY SELECT * FROM rtc.cdrs_of_sessions(sessions, '-infinity', 'infinity', at_most);
END
$function$;
REVOKE EXECUTE ON FUNCTION ops.cdrs_of(session_id text, at_most integer) FROM PUBLIC;
COMMENT ON FUNCTION ops.cdrs_of(session_id text, at_most integer) IS 'CDRs of a session, the latest first / 某会话的话单';

CREATE OR REPLACE FUNCTION ops.events_between(from_time timestamp with time zone, to_time timestamp with time zone, at_most integer DEFAULT 1000)
 RETURNS SETOF ops.events
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
DECLARE
  sessions CONSTANT text[] := ARRAY(SELECT DISTINCT x.session_id FROM (SELECT f.session_id FROM rtc.call_events f
    WHERE f.occurred_at >= from_time AND f.occurred_at < to_time ORDER BY f.occurred_at DESC LIMIT at_most) x);
BEGIN
  RETURN QUERY SELECT * FROM rtc.events_of_sessions(sessions, from_time, to_time, at_most);
END
$function$;
REVOKE EXECUTE ON FUNCTION ops.events_between(from_time timestamp with time zone, to_time timestamp with time zone, at_most integer) FROM PUBLIC;
COMMENT ON FUNCTION ops.events_between(from_time timestamp with time zone, to_time timestamp with time zone, at_most integer) IS 'Call status events from from_time up to, not including, to_time, the latest first / 从 from_time 到 to_time（不含）的呼叫状态事件';

CREATE OR REPLACE FUNCTION ops.events_of(call_ref uuid, at_most integer DEFAULT 1000)
 RETURNS SETOF ops.events
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  sessions CONSTANT text[] := ARRAY(SELECT p.session_id FROM rtc.calls_private p WHERE p.call_ref = events_of.call_ref);
BEGIN
  RETURN QUERY SELECT * FROM rtc.events_of_sessions(sessions, '-infinity', 'infinity', at_most);
END
$function$;
REVOKE EXECUTE ON FUNCTION ops.events_of(call_ref uuid, at_most integer) FROM PUBLIC;
COMMENT ON FUNCTION ops.events_of(call_ref uuid, at_most integer) IS 'Call status events of a call, the latest first / 某呼叫的呼叫状态事件';

CREATE OR REPLACE FUNCTION ops.events_of(session_id text, at_most integer DEFAULT 1000)
 RETURNS SETOF ops.events
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  -- By what ops.calls shows: where an id holds a number, nobody finds out here whether there is such a call.
  sessions CONSTANT text[] := ARRAY(SELECT c.session_id FROM ops.calls c WHERE c.session_id = events_of.session_id);
BEGIN
  RETURN QUERY SELECT * FROM rtc.events_of_sessions(sessions, '-infinity', 'infinity', at_most);
END
$function$;
REVOKE EXECUTE ON FUNCTION ops.events_of(session_id text, at_most integer) FROM PUBLIC;
COMMENT ON FUNCTION ops.events_of(session_id text, at_most integer) IS 'Call status events of a session, the latest first / 某会话的呼叫状态事件';

CREATE OR REPLACE FUNCTION ops.failures(from_day date, to_day date, of_app text DEFAULT NULL::text, of_scenario text DEFAULT NULL::text, of_bind_num text DEFAULT NULL::text, time_zone text DEFAULT 'Asia/Shanghai'::text)
 RETURNS SETOF ops.failure
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  RETURN QUERY SELECT * FROM ops.failures(from_day::timestamp AT TIME ZONE time_zone, to_day::timestamp AT TIME ZONE time_zone,
    of_app, of_scenario, of_bind_num);
END
$function$;
REVOKE EXECUTE ON FUNCTION ops.failures(from_day date, to_day date, of_app text, of_scenario text, of_bind_num text, time_zone text) FROM PUBLIC;
COMMENT ON FUNCTION ops.failures(from_day date, to_day date, of_app text, of_scenario text, of_bind_num text, time_zone text) IS 'The same for days of a time zone, up to and not including to_day / 同上，按该时区的日期，不含 to_day';

CREATE OR REPLACE FUNCTION ops.failures(from_time timestamp with time zone, to_time timestamp with time zone, of_app text DEFAULT NULL::text, of_scenario text DEFAULT NULL::text, of_bind_num text DEFAULT NULL::text)
 RETURNS SETOF ops.failure
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET jit TO 'off'
AS $function$
#variable_conflict use_column
DECLARE
  part CONSTANT record := ops.split_range(from_time, to_time, 'hour', 'UTC');
BEGIN
  RETURN QUERY
  WITH measured AS (
    SELECT c.hour, c.app_key, c.scenario, c.bind_num, c.outcome, c.reason_source, c.reason_code, c.reason_en, c.reason_zh, c.attempts
      FROM ops.call_counts c
     WHERE c.hour = ANY (part.hours)
    UNION ALL
    SELECT m.hour, m.app_key, m.scenario, m.bind_num, m.outcome, m.reason_source, m.reason_code, m.reason_en, m.reason_zh, 1
      FROM unnest(part.piece_starts, part.piece_ends) AS p (piece_start, piece_end)
      JOIN ops.call_measures m ON m.started_at >= p.piece_start AND m.started_at < p.piece_end
  ), counted AS (
    SELECT x.outcome, x.reason_source, x.reason_code, x.reason_en, x.reason_zh, sum(x.attempts) AS calls,
        sum(sum(x.attempts)) OVER () AS attempts, min(x.hour) AS first_hour, max(x.hour) AS last_hour
      FROM measured x
     WHERE (of_app IS NULL OR x.app_key = of_app) AND (of_scenario IS NULL OR x.scenario = of_scenario)
       AND (of_bind_num IS NULL OR x.bind_num = of_bind_num)
     GROUP BY x.outcome, x.reason_source, x.reason_code, x.reason_en, x.reason_zh
    HAVING sum(x.attempts) > 0
  )
  SELECT n.outcome, n.reason_source, n.reason_code, n.reason_en, n.reason_zh, n.calls, (sum(n.calls) OVER ())::bigint,
      n.attempts::bigint, round(n.calls / sum(n.calls) OVER (), 4), n.first_hour, n.last_hour
    FROM counted n
   WHERE n.outcome <> 'answered'
   ORDER BY n.calls DESC, n.outcome, n.reason_source, n.reason_code;
END
$function$;
REVOKE EXECUTE ON FUNCTION ops.failures(from_time timestamp with time zone, to_time timestamp with time zone, of_app text, of_scenario text, of_bind_num text) FROM PUBLIC;
COMMENT ON FUNCTION ops.failures(from_time timestamp with time zone, to_time timestamp with time zone, of_app text, of_scenario text, of_bind_num text) IS 'Why the calls that began from from_time up to, not including, to_time were not answered; of one application, scenario or number if wanted / 从 from_time 到 to_time（不含）开始的呼叫的未接通原因，可限定应用、场景或企业号码';

CREATE OR REPLACE FUNCTION ops.frequent_callees(from_day date, to_day date, at_least integer DEFAULT 2, time_zone text DEFAULT 'Asia/Shanghai'::text)
 RETURNS SETOF ops.frequent_callee
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  RETURN QUERY SELECT * FROM ops.frequent_callees(from_day::timestamp AT TIME ZONE time_zone,
    to_day::timestamp AT TIME ZONE time_zone, at_least);
END
$function$;
REVOKE EXECUTE ON FUNCTION ops.frequent_callees(from_day date, to_day date, at_least integer, time_zone text) FROM PUBLIC;
COMMENT ON FUNCTION ops.frequent_callees(from_day date, to_day date, at_least integer, time_zone text) IS 'The same for days of a time zone, up to and not including to_day / 同上，按该时区的日期，不含 to_day';

CREATE OR REPLACE FUNCTION ops.frequent_callees(from_time timestamp with time zone, to_time timestamp with time zone, at_least integer DEFAULT 2)
 RETURNS SETOF ops.frequent_callee
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET work_mem TO '64MB'
 SET max_parallel_workers_per_gather TO '0'
 SET jit TO 'off'
AS $function$
#variable_conflict use_column
DECLARE
  often text[];
BEGIN
  -- Numbers that take part so often at all, from indexes that hold no more than the references; then only their calls.
  often := ARRAY(
    SELECT x.ref
      FROM (
        SELECT a.a_ref AS ref FROM ops.calls a WHERE a.started_at >= from_time AND a.started_at < to_time AND a.a_ref IS NOT NULL
        UNION ALL
        SELECT b.b_ref FROM ops.calls b WHERE b.started_at >= from_time AND b.started_at < to_time AND b.b_ref IS NOT NULL
      ) x
     GROUP BY x.ref
    HAVING count(*) >= at_least
  );
  RETURN QUERY
  SELECT l.callee_ref, min(l.callee), l.app_key, count(*), count(l.answered_at), min(l.started_at), max(l.started_at)
    FROM (
      SELECT a.a_ref AS callee_ref, a.a_number AS callee, a.app_key, a.a_answered_at AS answered_at, a.started_at
        FROM ops.calls a
       WHERE a.a_ref = ANY (often) AND a.started_at >= from_time AND a.started_at < to_time
         AND a.scenario IS DISTINCT FROM 'privateNumber'
      UNION ALL
      SELECT b.b_ref, b.b_number, b.app_key, b.b_answered_at, b.started_at
        FROM ops.calls b
       WHERE b.b_ref = ANY (often) AND b.started_at >= from_time AND b.started_at < to_time
    ) l
   GROUP BY l.callee_ref, l.app_key
  HAVING count(*) >= at_least
   ORDER BY 4 DESC, 1, 3;
END
$function$;
REVOKE EXECUTE ON FUNCTION ops.frequent_callees(from_time timestamp with time zone, to_time timestamp with time zone, at_least integer) FROM PUBLIC;
COMMENT ON FUNCTION ops.frequent_callees(from_time timestamp with time zone, to_time timestamp with time zone, at_least integer) IS 'Numbers that the platform dialed at least so often, for each application, in calls that began from from_time up to, not including, to_time / 从 from_time 到 to_time（不含）被平台呼叫达到指定次数的号码，按应用统计';

CREATE OR REPLACE FUNCTION ops.reveal(ticket uuid)
 RETURNS TABLE(call_ref uuid, session_id text, a_number text, b_number text, shown_to_a text, shown_to_b text, bind_num text, user_data text, subscription_id text, extension text, digits text, recording text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;
REVOKE EXECUTE ON FUNCTION ops.reveal(ticket uuid) FROM PUBLIC;
COMMENT ON FUNCTION ops.reveal(ticket uuid) IS 'Shows the numbers of a call, with the ticket that ops.ask_reveal gave in an earlier transaction / 凭此前申请的凭据查看号码明文';

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
$function$;
COMMENT ON FUNCTION ops.skeleton(value jsonb, depth integer) IS 'Names, types and lengths of a JSON value / JSON 结构骨架，不含内容';

CREATE OR REPLACE FUNCTION ops.split_range(from_time timestamp with time zone, to_time timestamp with time zone, bucket text, time_zone text, OUT hours timestamp with time zone[], OUT buckets timestamp with time zone[], OUT piece_starts timestamp with time zone[], OUT piece_ends timestamp with time zone[])
 RETURNS record
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_variable
DECLARE
  first_hour timestamptz;
  last_hour timestamptz;
BEGIN
  -- A range may be infinite; what there is is not.
  from_time := greatest(from_time, least((SELECT min(c.hour) FROM ops.call_counts c), (SELECT min(c.started_at) FROM ops.calls c)));
  to_time := least(to_time, greatest((SELECT max(c.hour) FROM ops.call_counts c) + interval '1 hour',
    (SELECT max(c.started_at) FROM ops.calls c) + interval '1 second'));
  first_hour := least(date_bin('1 hour', from_time + interval '1 hour' - interval '1 microsecond', timestamptz '2000-01-01 00:00:00+00'), to_time);
  last_hour := greatest(date_bin('1 hour', to_time, timestamptz '2000-01-01 00:00:00+00'), first_hour);
  SELECT coalesce(array_agg(h.hour) FILTER (WHERE h.is_whole), '{}'), coalesce(array_agg(h.bucket_start) FILTER (WHERE h.is_whole), '{}'),
      coalesce(array_agg(h.hour) FILTER (WHERE NOT h.is_whole), '{}'), coalesce(array_agg(h.hour + interval '1 hour') FILTER (WHERE NOT h.is_whole), '{}')
    INTO hours, buckets, piece_starts, piece_ends
    FROM (
      SELECT x.hour, ops.bucket_of(x.hour, bucket, time_zone) AS bucket_start,
          ops.bucket_of(x.hour, bucket, time_zone)
            = ops.bucket_of(x.hour + interval '1 hour' - interval '1 microsecond', bucket, time_zone) AS is_whole
        FROM generate_series(first_hour, last_hour - interval '1 hour', interval '1 hour') AS x (hour)
    ) h;
  IF from_time < first_hour THEN
    piece_starts := piece_starts || from_time;
    piece_ends := piece_ends || first_hour;
  END IF;
  IF last_hour < to_time THEN
    piece_starts := piece_starts || last_hour;
    piece_ends := piece_ends || to_time;
  END IF;
END
$function$;
REVOKE EXECUTE ON FUNCTION ops.split_range(from_time timestamp with time zone, to_time timestamp with time zone, bucket text, time_zone text, OUT hours timestamp with time zone[], OUT buckets timestamp with time zone[], OUT piece_starts timestamp with time zone[], OUT piece_ends timestamp with time zone[]) FROM PUBLIC;
COMMENT ON FUNCTION ops.split_range(from_time timestamp with time zone, to_time timestamp with time zone, bucket text, time_zone text, OUT hours timestamp with time zone[], OUT buckets timestamp with time zone[], OUT piece_starts timestamp with time zone[], OUT piece_ends timestamp with time zone[]) IS 'A range of time as full hours, each in one bucket, and the rest / 将时间范围拆分为完整小时与其余部分';

CREATE OR REPLACE FUNCTION feed.calls_after(after bigint, most integer DEFAULT 1000)
 RETURNS TABLE("position" bigint, at timestamp with time zone, kind text, call_ref uuid, app_key text, scenario text, content json)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET jit TO 'off'
AS $function$
#variable_conflict use_column
DECLARE
  last bigint := calls_after.after;
BEGIN
  LOOP
    RETURN QUERY
      WITH page AS MATERIALIZED (SELECT * FROM rtc.feed_page(last, calls_after.most, false))
      SELECT x.* FROM (
        SELECT p.position, p.at, p.kind, p.call_ref, c.app_key, c.scenario, json_strip_nulls(row_to_json(c)) FROM page p
          JOIN ops.calls c ON p.kind = 'call' AND c.call_ref = p.call_ref AND c.version = p.position
        UNION ALL
        SELECT p.position, p.at, p.kind, p.call_ref, NULL, NULL, NULL FROM page p WHERE p.kind <> 'call'
      ) x
      ORDER BY x.position;
    EXIT WHEN FOUND;
    last := (SELECT max(p.position) FROM rtc.feed_page(last, calls_after.most, false) p);
    EXIT WHEN last IS NULL;
  END LOOP;
END
$function$;
REVOKE EXECUTE ON FUNCTION feed.calls_after(after bigint, most integer) FROM PUBLIC;
COMMENT ON FUNCTION feed.calls_after(after bigint, most integer) IS 'Calls that changed after a position, masked as in ops.calls, and those that are gone / 某位点之后变化的呼叫（脱敏）';

CREATE OR REPLACE FUNCTION feed.entries_after(after bigint, most integer DEFAULT 1000, facts boolean DEFAULT true)
 RETURNS TABLE("position" bigint, at timestamp with time zone, kind text, call_ref uuid, app_key text, scenario text, content json)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET "TimeZone" TO 'UTC'
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET jit TO 'off'
AS $function$
#variable_conflict use_column
DECLARE
  last bigint := entries_after.after;
BEGIN
  LOOP
    RETURN QUERY
      WITH page AS MATERIALIZED (SELECT * FROM rtc.feed_page(last, entries_after.most, entries_after.facts)),
      -- Joined inside: an outer join with ops.calls itself would bring all of it to the coordinator of a Citus.
      known AS MATERIALIZED (
        SELECT c.call_ref, c.app_key, c.scenario FROM (SELECT DISTINCT p.call_ref FROM page p) r JOIN ops.calls c ON c.call_ref = r.call_ref
      )
      SELECT x.position, x.at, x.kind, x.call_ref, coalesce(x.app_key, c.app_key), c.scenario, x.content
      FROM (
        SELECT p.position, p.at, p.kind, p.call_ref, e.signed_by AS app_key, json_strip_nulls(row_to_json(e)) AS content FROM page p
          JOIN rtc.call_events e ON e.session_id = p.session_id AND e.event_key = p.event_key AND e.occurred_at = p.fact_time
        UNION ALL
        SELECT p.position, p.at, p.kind, p.call_ref, coalesce(d.app_key, d.signed_by), json_strip_nulls(row_to_json(d)) FROM page p
          JOIN rtc.cdrs d ON d.session_id = p.session_id AND d.icid = p.icid AND d.cdr_time = p.fact_time
        UNION ALL
        SELECT p.position, p.at, p.kind, p.call_ref, NULL, json_strip_nulls(row_to_json(a)) FROM page p
          JOIN app.calls a ON p.kind = 'call' AND a.call_ref = p.call_ref AND a.version = p.position
        UNION ALL
        SELECT p.position, p.at, p.kind, p.call_ref, NULL, NULL FROM page p WHERE p.kind IN ('removed', 'erased')
      ) x LEFT JOIN known c ON c.call_ref = x.call_ref
      ORDER BY x.position;
    EXIT WHEN FOUND;
    -- Nothing is left of this page: facts that were erased or are gone by age, calls that have changed since.
    last := (SELECT max(p.position) FROM rtc.feed_page(last, entries_after.most, entries_after.facts) p);
    EXIT WHEN last IS NULL;
  END LOOP;
END
$function$;
REVOKE EXECUTE ON FUNCTION feed.entries_after(after bigint, most integer, facts boolean) FROM PUBLIC;
COMMENT ON FUNCTION feed.entries_after(after bigint, most integer, facts boolean) IS 'After a position: events and CDRs as they came (unless facts is false), calls that changed, and those that are gone; whole numbers / 某位点之后的事件、话单与变化的呼叫（未脱敏）';

CREATE OR REPLACE FUNCTION feed.head()
 RETURNS bigint
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  SELECT coalesce((SELECT max(f.position) FROM rtc.feed f), (SELECT m.reached_id FROM rtc.maintenance m WHERE m.task = 'feed'), 0)
$function$;
REVOKE EXECUTE ON FUNCTION feed.head() FROM PUBLIC;
COMMENT ON FUNCTION feed.head() IS 'Last position: a cursor that begins here gets what comes from now on / 最新位点';

CREATE OR REPLACE FUNCTION feed.position_at(moment timestamp with time zone)
 RETURNS bigint
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  low bigint := coalesce((SELECT m.reached_id FROM rtc.maintenance m WHERE m.task = 'feed'), 0);
  high bigint := feed.head();
  middle bigint;
BEGIN
  WHILE low < high LOOP
    middle := (low + high) / 2;
    IF (SELECT f.at < moment FROM rtc.feed f WHERE f.position > middle ORDER BY f.position LIMIT 1) THEN
      low := middle + 1;
    ELSE
      high := middle;
    END IF;
  END LOOP;
  RETURN low;
END
$function$;
REVOKE EXECUTE ON FUNCTION feed.position_at(moment timestamp with time zone) FROM PUBLIC;
COMMENT ON FUNCTION feed.position_at(moment timestamp with time zone) IS 'Position from which a cursor gets what came since a time / 某时刻对应的位点';
