-- Up Migration
--
-- Calls: one row per session, computed from its facts when they are stored (the fold), and never at a read.
--
--   rtc.unfolded        facts that came since their sessions were folded last
--   rtc.fold_later      those of them that are put off: very large ones, and those whose fold failed
--   ops.calls           one row per call, no whole phone number in it: ops people read this
--   rtc.calls_private   the same calls with their numbers; app.calls joins both for the customer's own applications
--   ops.legs            the two sides of each call, a view
--   ops.freshness       how far behind the facts all of this is

SET LOCAL lock_timeout = '5s';

-- Sessions to fold ---------------------------------------------------------------------------------------------------
-- Whoever stores facts notes them here in the same transaction; the fold deletes them in the transaction that writes the
-- calls, and gives them their positions in the feed. So a call is never stale for longer than the fold takes, whatever
-- commits late or is killed when.
-- No unique key: two transactions that store facts of one session shall not wait for each other.

CREATE TABLE rtc.unfolded (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  stored_at timestamptz NOT NULL DEFAULT now(),
  fact_time timestamptz,
  event_key uuid,
  session_id text NOT NULL,
  icid text
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
COMMENT ON TABLE rtc.unfolded IS 'New facts, and sessions whose call has to be computed again / 新事实与待重新计算的会话';
COMMENT ON COLUMN rtc.unfolded.id IS 'Order in which they came / 序号';
COMMENT ON COLUMN rtc.unfolded.stored_at IS 'When the fact was stored (start of its transaction) / 入库时间';
COMMENT ON COLUMN rtc.unfolded.fact_time IS 'Key time of the fact: partitions before it need not be searched; NULL: unknown, all are / 事实的分区时间，为空则搜索全部分区';
COMMENT ON COLUMN rtc.unfolded.event_key IS 'A new event / 新事件';
COMMENT ON COLUMN rtc.unfolded.icid IS 'A new CDR; neither: only the call is to be computed / 新话单；两者皆空则仅重新计算呼叫';
COMMENT ON COLUMN rtc.unfolded.session_id IS 'The session / 会话标识';

-- A table of its own, so that what waits for long does not stand in the way of what is next.
CREATE TABLE rtc.fold_later (
  session_id text PRIMARY KEY,
  due_at timestamptz NOT NULL,
  fact_time timestamptz,
  tries integer NOT NULL,
  error text
);
CREATE INDEX fold_later_due_at ON rtc.fold_later (due_at);
COMMENT ON TABLE rtc.fold_later IS 'Sessions whose fold is put off / 推迟计算的会话';
COMMENT ON COLUMN rtc.fold_later.session_id IS 'The session / 会话标识';
COMMENT ON COLUMN rtc.fold_later.due_at IS 'When it is folded / 计划计算时间';
COMMENT ON COLUMN rtc.fold_later.fact_time IS 'As in rtc.unfolded / 同 rtc.unfolded';
COMMENT ON COLUMN rtc.fold_later.tries IS 'How often its fold has failed; 0 = it has so many facts that it is folded now and then only / 失败次数；0 表示事实过多，仅间隔计算';
COMMENT ON COLUMN rtc.fold_later.error IS 'SQLSTATE or name of the last error / 最近一次错误代码';

-- Calls --------------------------------------------------------------------------------------------------------------

-- Columns stand in the order in which people ask: who, when, what, money, maintenance.
--
-- A call is folded two or three times while its events come in: room for the new versions beside the old ones, and
-- vacuum by the row and not by the fifth of a table of millions.
CREATE TABLE ops.calls (
  call_ref uuid PRIMARY KEY,
  session_id text,
  app_key text,
  sp_id text,
  scenario text,
  service_type text,
  mode text CONSTRAINT calls_mode CHECK (mode IN ('AX', 'AXB', 'AXE', 'AXYB', 'X')),
  direction integer,
  bound_party text CONSTRAINT calls_bound_party CHECK (bound_party IN ('A', 'B')),
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
  started_at timestamptz NOT NULL,
  a_started_at timestamptz,
  a_ringing_at timestamptz,
  a_answered_at timestamptz,
  a_ended_at timestamptz,
  b_started_at timestamptz,
  b_ringing_at timestamptz,
  b_answered_at timestamptz,
  b_ended_at timestamptz,
  ringing_at timestamptz,
  answered_at timestamptz,
  ended_at timestamptz,
  bill_day date,
  ring_seconds integer,
  talk_seconds integer,
  post_dial_delay_seconds integer,
  a_seconds integer,
  b_seconds integer,
  a_post_dial_delay_seconds integer,
  b_post_dial_delay_seconds integer,
  first_received_at timestamptz NOT NULL,
  last_received_at timestamptz NOT NULL,
  cdr_received_at timestamptz,
  outcome text NOT NULL CONSTRAINT calls_outcome CHECK (outcome IN
    ('in progress', 'answered', 'busy', 'no answer', 'rejected', 'cancelled', 'unreachable', 'failed', 'unknown')),
  is_live boolean NOT NULL,
  end_seen boolean NOT NULL,
  is_finished boolean NOT NULL,
  is_effective boolean NOT NULL,
  reason_code integer,
  reason_source text CONSTRAINT calls_reason_source CHECK (reason_source IN ('release point', 'state code', 'Q.850', 'SIP')),
  reason_en text,
  reason_zh text,
  release_point integer,
  a_q850 integer,
  b_q850 integer,
  sip_status integer,
  state_code integer,
  hung_up_by text CONSTRAINT calls_hung_up_by CHECK (hung_up_by IN ('A', 'B', 'platform')),
  party_type text,
  digits text,
  digit_count integer,
  recording text NOT NULL CONSTRAINT calls_recording CHECK (recording IN ('none', 'there', 'expired')),
  recording_started_at timestamptz,
  a_minutes integer,
  b_minutes integer,
  minutes_estimated boolean NOT NULL,
  event_count integer NOT NULL,
  cdr_count integer NOT NULL,
  version bigint NOT NULL,
  recheck_at timestamptz,
  folded_at timestamptz NOT NULL
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);

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

-- A list to choose from: to find the different values of a column Postgres reads all of it.
CREATE VIEW ops.outcomes AS
SELECT o.outcome, o.en, o.zh
FROM (VALUES
  ('in progress', 'goes on, nobody has answered yet', '进行中，尚未接通'),
  ('answered', 'answered: by B where there is a B, else by A', '接通：有 B 侧时以 B 应答为准，否则以 A 应答为准'),
  ('busy', 'the called line was busy', '忙'),
  ('no answer', 'it rang and nobody answered', '无应答'),
  ('rejected', 'the called person declined', '拒接'),
  ('cancelled', 'the calling side gave up', '取消'),
  ('unreachable', 'the called side could not be reached', '无法接通'),
  ('failed', 'the call failed on the way', '失败'),
  ('unknown', 'nobody knows how it went', '结果未知')) AS o (outcome, en, zh);
COMMENT ON VIEW ops.outcomes IS 'What outcome of ops.calls may be; for how often take ops.calls_hourly, or ops.call_counts / ops.calls 中 outcome 的取值；次数请查询 ops.calls_hourly 或 ops.call_counts';
COMMENT ON COLUMN ops.outcomes.outcome IS 'As in ops.calls / 呼叫结果';
COMMENT ON COLUMN ops.outcomes.en IS 'Meaning in English / 英文含义';
COMMENT ON COLUMN ops.outcomes.zh IS 'Meaning in Chinese / 中文含义';

-- Look-ups newest first; each of these is asked with ORDER BY started_at DESC LIMIT.
-- With both references: who was dialed often is counted from the index alone.
CREATE INDEX calls_started_at ON ops.calls (started_at) INCLUDE (a_ref, b_ref);
CREATE INDEX calls_outcome ON ops.calls (outcome, started_at);
CREATE INDEX calls_reason ON ops.calls (reason_source, reason_code, started_at) WHERE reason_code <> 0;
CREATE INDEX calls_app_key ON ops.calls (app_key, started_at);
CREATE INDEX calls_bind_num ON ops.calls (bind_num, started_at);
CREATE INDEX calls_a_ref ON ops.calls (a_ref, started_at) WHERE a_ref IS NOT NULL;
CREATE INDEX calls_b_ref ON ops.calls (b_ref, started_at) WHERE b_ref IS NOT NULL;
CREATE INDEX calls_user_data_ref ON ops.calls (user_data_ref, started_at) WHERE user_data_ref IS NOT NULL;
CREATE INDEX calls_subscription_ref ON ops.calls (subscription_ref, started_at) WHERE subscription_ref IS NOT NULL;
CREATE INDEX calls_session_id ON ops.calls (session_id) WHERE session_id IS NOT NULL;
-- With started_at: legs that go on at a full hour are found without reading calls that began later.
CREATE INDEX calls_ended_at ON ops.calls (ended_at, started_at);
-- The bill.
CREATE INDEX calls_bill_day ON ops.calls (bill_day, app_key) WHERE bill_day IS NOT NULL;
-- What the fold has to look at again by the clock alone.
CREATE INDEX calls_recheck_at ON ops.calls (recheck_at) WHERE recheck_at IS NOT NULL;

CREATE TABLE rtc.calls_private (
  folded_at timestamptz NOT NULL,
  facts_from timestamptz NOT NULL,
  call_ref uuid PRIMARY KEY,
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
  record_file_download_url text
);
-- Unique, so that a view that joins the calls leaves them out of a query that asks for none of their columns.
CREATE UNIQUE INDEX calls_private_session_id ON rtc.calls_private (session_id);
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

-- Legs ---------------------------------------------------------------------------------------------------------------

-- A leg is there when it was dialed or came in: a CDR names B also where nobody got so far as to dial B.
-- Two plain halves, so that a filter on any column of the call reaches its index in both.
CREATE VIEW ops.legs AS
SELECT c.call_ref, 'A' AS leg, c.a_number AS number, c.a_ref AS number_ref, c.shown_to_a AS shown_number,
  c.a_started_at AS leg_started_at, c.a_ringing_at AS ringing_at, c.a_answered_at AS answered_at, c.a_ended_at AS ended_at,
  c.a_seconds AS seconds, c.a_minutes AS billed_minutes, c.a_q850 AS q850, c.state_code,
  c.a_post_dial_delay_seconds AS post_dial_delay_seconds,
  c.session_id, c.app_key, c.sp_id, c.scenario, c.bind_num, c.started_at, c.bill_day, c.cdr_received_at IS NOT NULL AS has_cdr
FROM ops.calls c
WHERE c.a_started_at IS NOT NULL OR c.a_ringing_at IS NOT NULL OR c.a_answered_at IS NOT NULL
UNION ALL
SELECT c.call_ref, 'B', c.b_number, c.b_ref, c.shown_to_b,
  c.b_started_at, c.b_ringing_at, c.b_answered_at, c.b_ended_at,
  c.b_seconds, c.b_minutes, c.b_q850, c.state_code,
  c.b_post_dial_delay_seconds,
  c.session_id, c.app_key, c.sp_id, c.scenario, c.bind_num, c.started_at, c.bill_day, c.cdr_received_at IS NOT NULL
FROM ops.calls c
WHERE c.b_started_at IS NOT NULL OR c.b_ringing_at IS NOT NULL OR c.b_answered_at IS NOT NULL;
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

-- Freshness ----------------------------------------------------------------------------------------------------------

CREATE VIEW ops.freshness AS
SELECT greatest(newest.stored_at, f.reached) AS newest_fact_at, f.reached AS newest_folded_at,
  greatest(0, extract(epoch FROM now() - coalesce(w.oldest, now())))::integer AS lag_seconds,
  w.sessions::integer AS waiting_sessions, l.large::integer AS large_sessions, l.failed::integer AS failed_sessions
FROM rtc.maintenance f
-- From an id on: while a login keeps an old snapshot open, rows that are gone stay in the index.
CROSS JOIN LATERAL (SELECT min(x.stored_at) AS oldest, count(DISTINCT x.session_id) AS sessions
  FROM (SELECT u.stored_at, u.session_id FROM rtc.unfolded u WHERE u.id > coalesce(f.reached_id, 0)
    ORDER BY u.id LIMIT 100000) x) w
CROSS JOIN (SELECT count(*) FILTER (WHERE tries = 0) AS large, count(*) FILTER (WHERE tries > 0) AS failed
  FROM rtc.fold_later) l
LEFT JOIN LATERAL (SELECT u.stored_at FROM rtc.unfolded u WHERE u.id > coalesce(f.reached_id, 0)
  ORDER BY u.id DESC LIMIT 1) newest ON true
WHERE f.task = 'fold';
COMMENT ON VIEW ops.freshness IS 'One row: how far ops.calls is behind the facts / 呼叫数据的新鲜度，一行';
COMMENT ON COLUMN ops.freshness.newest_fact_at IS 'When the newest fact was stored, to within seconds; NULL: none yet / 最新事实的入库时间';
COMMENT ON COLUMN ops.freshness.newest_folded_at IS 'When the newest fact that is in ops.calls was stored, to within seconds / 已计入呼叫的最新事实的入库时间';
COMMENT ON COLUMN ops.freshness.lag_seconds IS 'How long the oldest fact that is not in ops.calls has waited; 0: all are / 尚未计入的最早事实已等待的秒数';
COMMENT ON COLUMN ops.freshness.waiting_sessions IS 'Sessions that wait; at most 100000 facts are looked at / 等待计算的会话数';
COMMENT ON COLUMN ops.freshness.large_sessions IS 'Sessions of thousands of facts that are computed now and then only / 事实过多、间隔计算的会话数';
COMMENT ON COLUMN ops.freshness.failed_sessions IS 'Sessions whose call could not be computed; tried again, the log says why / 计算失败、等待重试的会话数';
