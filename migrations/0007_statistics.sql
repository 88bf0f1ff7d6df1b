-- Up Migration
--
-- Statistics. What is asked of all calls of a day or a month is counted when calls are written, by the hour in which they
-- began, so that such a question adds up a few thousand rows:
--
--   ops.call_counts        outcomes and reasons, talk time, the bill
--   ops.delays             how many calls had which delay: a median over calls needs them all
--   ops.concurrent_legs    the most legs at one time
--   ops.bill_changes       calls whose bill changed
--
-- The folder asks rtc.calls_before and then tells rtc.calls_changed, in the transaction that writes the calls; both counts
-- are appended, -1 and +1 of them, so that nobody waits for a row. rtc.merge_counts makes one row of many every now and
-- then. Counts hold no personal data and stay when retention deletes the calls.
--
-- PL/pgSQL and not SQL functions, plain joins and no correlated subqueries: on Citus ops.calls is distributed, and an
-- inlined function would read the coordinator's empty shell of it.

SET LOCAL lock_timeout = '5s';

-- What one call counts for -------------------------------------------------------------------------------------------

-- The definitions of ASR, NER, ACD and the bill stand here. A call that goes on counts for nothing yet; one whose end was
-- never seen is an attempt, but adds neither talk time nor minutes.
CREATE VIEW ops.call_measures AS
SELECT c.call_ref, c.started_at, c.folded_at, c.cdr_received_at,
  -- Without an end its legs are taken to have lasted until the last word of it.
  coalesce(c.ended_at, c.last_received_at) AS over_at,
  date_bin('1 hour', c.started_at, timestamptz '2000-01-01 00:00:00+00') AS hour,
  c.bill_day, c.app_key, c.scenario, c.bind_num, c.outcome,
  -- An answered call has a reason too, which nobody counts.
  CASE WHEN c.outcome <> 'answered' THEN c.reason_source END AS reason_source,
  CASE WHEN c.outcome <> 'answered' THEN c.reason_code END AS reason_code,
  CASE WHEN c.outcome <> 'answered' THEN c.reason_en END AS reason_en,
  CASE WHEN c.outcome <> 'answered' THEN c.reason_zh END AS reason_zh,
  c.event_count > 0 AS has_events,
  c.cdr_count > 0 AS has_cdr,
  c.is_effective::integer AS effective,
  (c.outcome = 'answered' AND c.end_seen)::integer AS talks,
  CASE WHEN c.outcome = 'answered' AND c.end_seen THEN coalesce(c.talk_seconds, 0) ELSE 0 END AS talk_seconds,
  -- A leg is there when ops.legs shows it.
  (c.a_started_at IS NOT NULL OR c.a_ringing_at IS NOT NULL OR c.a_answered_at IS NOT NULL)::integer
    + (c.b_started_at IS NOT NULL OR c.b_ringing_at IS NOT NULL OR c.b_answered_at IS NOT NULL)::integer AS legs,
  (c.a_answered_at IS NOT NULL)::integer + (c.b_answered_at IS NOT NULL)::integer AS legs_answered,
  c.event_count AS events,
  c.cdr_count AS cdrs,
  coalesce(c.a_minutes > 0, false)::integer AS a_legs_billed,
  coalesce(c.a_minutes, 0) AS a_minutes,
  coalesce(c.b_minutes > 0, false)::integer AS b_legs_billed,
  coalesce(c.b_minutes, 0) AS b_minutes,
  CASE WHEN c.a_minutes > 0 THEN coalesce(c.a_seconds, 0) ELSE 0 END
    + CASE WHEN c.b_minutes > 0 THEN coalesce(c.b_seconds, 0) ELSE 0 END AS billed_seconds,
  (c.cdr_count > 0 AND c.minutes_estimated)::integer AS estimated,
  c.post_dial_delay_seconds AS post_dial_delay,
  CASE WHEN c.event_count > 0 THEN floor(date_part('epoch', c.first_received_at - c.started_at))::integer END AS status_delay,
  floor(date_part('epoch', c.cdr_received_at - c.ended_at))::integer AS fee_delay,
  c.ended_at, c.first_received_at
FROM ops.calls c
WHERE NOT c.is_live;
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

-- Counts -------------------------------------------------------------------------------------------------------------

CREATE TABLE ops.call_counts (
  hour timestamptz NOT NULL,
  day date NOT NULL GENERATED ALWAYS AS ((hour AT TIME ZONE 'Asia/Shanghai')::date) STORED,
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
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);
CREATE INDEX call_counts_hour ON ops.call_counts (hour);
CREATE INDEX call_counts_day ON ops.call_counts (day);
CREATE INDEX call_counts_bill_day ON ops.call_counts (bill_day) WHERE has_cdr;
CREATE INDEX call_counts_unmerged ON ops.call_counts (hour) WHERE NOT is_merged;
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

CREATE TABLE ops.delays (
  hour timestamptz NOT NULL,
  day date NOT NULL GENERATED ALWAYS AS ((hour AT TIME ZONE 'Asia/Shanghai')::date) STORED,
  kind text NOT NULL CONSTRAINT delays_kind CHECK (kind IN ('post-dial', 'status', 'fee')),
  app_key text,
  scenario text,
  bind_num text,
  is_merged boolean NOT NULL,
  seconds integer NOT NULL,
  calls integer NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);
CREATE INDEX delays_hour ON ops.delays (hour, kind);
CREATE INDEX delays_day ON ops.delays (day) WHERE kind <> 'post-dial';
CREATE INDEX delays_unmerged ON ops.delays (hour) WHERE NOT is_merged;
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

-- Filled with the counts, for questions that are about applications and not about calls.
CREATE TABLE ops.seen_callbacks (
  app_key text NOT NULL,
  kind text NOT NULL CONSTRAINT seen_callbacks_kind CHECK (kind IN ('status', 'fee')),
  PRIMARY KEY (app_key, kind)
);
COMMENT ON TABLE ops.seen_callbacks IS 'Which kinds of callback ever came of which application / 各应用曾收到的回调类别';
COMMENT ON COLUMN ops.seen_callbacks.app_key IS 'appKey of the application; empty for any / 应用的 appKey，空串表示任意应用';
COMMENT ON COLUMN ops.seen_callbacks.kind IS 'status = status events, fee = CDRs / 类别：状态事件或话单';

-- What a bill that somebody has read no longer says.
CREATE TABLE ops.bill_changes (
  changed_at timestamptz NOT NULL DEFAULT now(),
  call_ref uuid NOT NULL,
  app_key text,
  bind_num text,
  cause text NOT NULL CONSTRAINT bill_changes_cause CHECK (cause IN ('late', 'corrected', 'accepted', 'recomputed')),
  bill_day_before date,
  bill_day_after date,
  minutes_before integer,
  minutes_after integer,
  cdr_received_at timestamptz,
  PRIMARY KEY (call_ref, changed_at)
);
CREATE INDEX bill_changes_changed_at ON ops.bill_changes (changed_at);
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

-- A peak is no sum, so hours are looked at again when legs in them changed. A row for each change and not for each hour:
-- whoever marks an hour waits for nobody, and a mark that commits while its hour is looked at stays behind.
CREATE TABLE rtc.stale_hours (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  marked_at timestamptz NOT NULL DEFAULT now(),
  hour timestamptz NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
COMMENT ON TABLE rtc.stale_hours IS 'Hours whose most concurrent legs have to be found again / 需要重新计算最大并发的小时';
COMMENT ON COLUMN rtc.stale_hours.id IS 'Number of the mark / 编号';
COMMENT ON COLUMN rtc.stale_hours.marked_at IS 'When legs of the hour changed / 通话段变化的时间';
COMMENT ON COLUMN rtc.stale_hours.hour IS 'The hour (UTC) / 小时（UTC）';

CREATE TABLE ops.concurrent_legs (
  hour timestamptz NOT NULL,
  day date NOT NULL GENERATED ALWAYS AS ((hour AT TIME ZONE 'Asia/Shanghai')::date) STORED,
  app_key text,
  peak_legs integer NOT NULL,
  peak_of_all integer NOT NULL
);
CREATE INDEX concurrent_legs_hour ON ops.concurrent_legs (hour);
CREATE INDEX concurrent_legs_day ON ops.concurrent_legs (day);
COMMENT ON TABLE ops.concurrent_legs IS 'The most legs at one time in each hour that is over, ringing ones too: compare with the voice ports. Peaks cannot be added up. Filter by hour or day / 每小时最大并发段数（含振铃），可与语音端口数比较；峰值不可相加';
COMMENT ON COLUMN ops.concurrent_legs.hour IS 'Full hour (UTC) / 整点小时（UTC）';
COMMENT ON COLUMN ops.concurrent_legs.day IS 'Day of the hour in Asia/Shanghai / 该小时的北京时间日期';
COMMENT ON COLUMN ops.concurrent_legs.app_key IS 'appKey of the application / 应用的 appKey';
COMMENT ON COLUMN ops.concurrent_legs.peak_legs IS 'Most legs of the application at one time / 该应用的最大并发段数';
COMMENT ON COLUMN ops.concurrent_legs.peak_of_all IS 'Most legs of all applications at one time; the same in each row of the hour / 所有应用合计的最大并发段数，同一小时各行相同';

-- Counting -----------------------------------------------------------------------------------------------------------

-- To be asked before calls are written, and given to rtc.calls_changed afterwards.
--
-- The counts of a call stay when retention deletes it. A record of it that comes later still makes a call again, which would
-- count twice: so what was over before the oldest kept fact, and of which nothing had come when retention got there, counts
-- for nothing. A call that nobody had heard of before is not counted either then.
-- With the rights of whoever writes the calls: on Citus a transaction reads what it has written as one user only.
CREATE FUNCTION rtc.calls_before(call_refs uuid[]) RETURNS ops.call_measures[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  kept_from timestamptz;
  removed_at timestamptz;
BEGIN
  SELECT coalesce(t.reached, '-infinity'), coalesce(t.ran_at, 'infinity') INTO kept_from, removed_at
    FROM rtc.maintenance t WHERE t.task = 'retention';
  RETURN ARRAY(SELECT m FROM ops.call_measures m WHERE m.call_ref = ANY (call_refs)
    AND (coalesce(m.ended_at, m.started_at) >= kept_from OR m.first_received_at <= removed_at));
END
$$;
REVOKE EXECUTE ON FUNCTION rtc.calls_before(uuid[]) FROM PUBLIC;
COMMENT ON FUNCTION rtc.calls_before(uuid[]) IS 'What these calls count for before they are written / 写入前各呼叫的计数';

-- Appends what calls count for now and takes away what they counted for before.
CREATE FUNCTION rtc.count_calls(before ops.call_measures[], after ops.call_measures[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
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
$$;
REVOKE EXECUTE ON FUNCTION rtc.count_calls(ops.call_measures[], ops.call_measures[]) FROM PUBLIC;
COMMENT ON FUNCTION rtc.count_calls(ops.call_measures[], ops.call_measures[]) IS 'Appends the counts of calls, less those of before / 追加呼叫计数并扣除原计数';

CREATE FUNCTION rtc.calls_changed(call_refs uuid[], before ops.call_measures[], after ops.call_measures[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
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
$$;
REVOKE EXECUTE ON FUNCTION rtc.calls_changed(uuid[], ops.call_measures[], ops.call_measures[]) FROM PUBLIC;
COMMENT ON FUNCTION rtc.calls_changed(uuid[], ops.call_measures[], ops.call_measures[]) IS 'Counts calls that were just written, given what they counted for before / 呼叫写入后更新计数';

-- Makes one row of all that say the same of an hour, and none of those that cancel out; says of how many hours. Appended
-- rows that it does not see yet stay as they are, so counting and merging need not wait for each other.
CREATE FUNCTION rtc.merge_counts(at_most integer DEFAULT 100) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
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
$$;
REVOKE EXECUTE ON FUNCTION rtc.merge_counts(integer) FROM PUBLIC;
COMMENT ON FUNCTION rtc.merge_counts(integer) IS 'Merges appended counts of the latest hours that have any; says of how many hours / 合并追加的计数，返回小时数';

-- Counts an hour from its calls, for an owner who changed some by hand. One statement takes away what was counted and reads
-- the calls: what a folder appends meanwhile is neither lost nor counted twice.
CREATE FUNCTION rtc.recount_hour(hour timestamptz) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
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
$$;
REVOKE EXECUTE ON FUNCTION rtc.recount_hour(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION rtc.recount_hour(timestamptz) IS 'Counts the calls that began in a full hour again / 重新统计某整点小时';

-- Finds the most legs of hours that are over, the latest first; says of how many. A call that goes on holds its legs.
CREATE FUNCTION rtc.find_peaks(at_most integer DEFAULT 24) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
SET max_parallel_workers_per_gather = 0
SET plan_cache_mode = force_custom_plan
AS $$
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
$$;
REVOKE EXECUTE ON FUNCTION rtc.find_peaks(integer) FROM PUBLIC;
COMMENT ON FUNCTION rtc.find_peaks(integer) IS 'Finds the most concurrent legs of hours whose legs changed; says of how many hours / 重新计算最大并发，返回小时数';

INSERT INTO rtc.maintenance (task) VALUES ('statistics'), ('peaks');

-- Views --------------------------------------------------------------------------------------------------------------

CREATE VIEW ops.calls_hourly AS
SELECT s.hour, s.day, s.app_key, s.scenario, s.bind_num, s.attempts,
  s.answered, round(s.answered / nullif(s.attempts, 0)::numeric, 4) AS asr,
  s.effective, round(s.effective / nullif(s.attempts, 0)::numeric, 4) AS ner,
  s.busy, s.no_answer, s.rejected, s.cancelled, s.unreachable, s.failed, s.unknown,
  s.talks, s.talk_seconds, round(s.talk_seconds / nullif(s.talks, 0)::numeric, 1) AS acd_seconds,
  s.legs, s.legs_answered, round(s.legs_answered / nullif(s.legs, 0)::numeric, 4) AS leg_asr,
  s.billed_minutes
FROM (
  SELECT c.hour, c.day, c.app_key, c.scenario, c.bind_num, sum(c.attempts) AS attempts,
    coalesce(sum(c.attempts) FILTER (WHERE c.outcome = 'answered'), 0) AS answered,
    sum(c.effective) AS effective,
    coalesce(sum(c.attempts) FILTER (WHERE c.outcome = 'busy'), 0) AS busy,
    coalesce(sum(c.attempts) FILTER (WHERE c.outcome = 'no answer'), 0) AS no_answer,
    coalesce(sum(c.attempts) FILTER (WHERE c.outcome = 'rejected'), 0) AS rejected,
    coalesce(sum(c.attempts) FILTER (WHERE c.outcome = 'cancelled'), 0) AS cancelled,
    coalesce(sum(c.attempts) FILTER (WHERE c.outcome = 'unreachable'), 0) AS unreachable,
    coalesce(sum(c.attempts) FILTER (WHERE c.outcome = 'failed'), 0) AS failed,
    coalesce(sum(c.attempts) FILTER (WHERE c.outcome IN ('unknown', 'in progress')), 0) AS unknown,
    sum(c.talks) AS talks, sum(c.talk_seconds)::bigint AS talk_seconds, sum(c.legs) AS legs,
    sum(c.legs_answered) AS legs_answered, sum(c.a_minutes + c.b_minutes) AS billed_minutes
  FROM ops.call_counts c
  GROUP BY c.hour, c.day, c.app_key, c.scenario, c.bind_num
  HAVING sum(c.attempts) > 0
) s;
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

CREATE VIEW ops.failures_daily AS
SELECT c.day, c.app_key, c.scenario, c.bind_num, c.outcome, c.reason_source, c.reason_code, c.reason_en, c.reason_zh,
  sum(c.attempts) AS calls, min(c.hour) AS first_hour, max(c.hour) AS last_hour
FROM ops.call_counts c
WHERE c.outcome <> 'answered'
GROUP BY c.day, c.app_key, c.scenario, c.bind_num, c.outcome, c.reason_source, c.reason_code, c.reason_en, c.reason_zh
HAVING sum(c.attempts) > 0;
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

CREATE VIEW ops.billing_daily AS
SELECT c.bill_day, c.app_key, c.scenario, c.bind_num, sum(c.attempts) AS calls,
  sum(c.a_legs_billed) AS a_legs_billed, sum(c.a_minutes) AS a_minutes,
  sum(c.b_legs_billed) AS b_legs_billed, sum(c.b_minutes) AS b_minutes,
  sum(c.a_minutes + c.b_minutes) AS billed_minutes, sum(c.billed_seconds)::bigint AS billed_seconds,
  sum(c.estimated) AS estimated
FROM ops.call_counts c
WHERE c.has_cdr AND c.bill_day IS NOT NULL
GROUP BY c.bill_day, c.app_key, c.scenario, c.bind_num
HAVING sum(c.attempts) > 0;
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

CREATE VIEW ops.callback_delay AS
SELECT r.hour, r.day, r.kind, r.total AS calls, min(r.seconds) AS delay_min,
  min(r.seconds) FILTER (WHERE r.upto >= 0.5 * r.total) AS delay_p50,
  min(r.seconds) FILTER (WHERE r.upto >= 0.95 * r.total) AS delay_p95,
  max(r.seconds) AS delay_max,
  coalesce(sum(r.calls) FILTER (WHERE r.seconds < 0), 0)::bigint AS negative,
  coalesce(sum(r.calls) FILTER (WHERE r.seconds > 60), 0)::bigint AS over_a_minute,
  coalesce(sum(r.calls) FILTER (WHERE r.seconds > 3600), 0)::bigint AS over_an_hour
FROM (
  -- The calls in the order of their delays: those with a delay take the places up to `upto`.
  SELECT s.hour, s.day, s.kind, s.seconds, s.calls,
    sum(s.calls) OVER (PARTITION BY s.hour, s.day, s.kind ORDER BY s.seconds) AS upto,
    (sum(s.calls) OVER (PARTITION BY s.hour, s.day, s.kind))::bigint AS total
  FROM (
    SELECT d.hour, d.day, d.kind, d.seconds, sum(d.calls) AS calls
    FROM ops.delays d
    WHERE d.kind <> 'post-dial'
    GROUP BY d.hour, d.day, d.kind, d.seconds
    HAVING sum(d.calls) > 0
  ) s
) r
GROUP BY r.hour, r.day, r.kind, r.total;
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

-- Functions ----------------------------------------------------------------------------------------------------------

-- A unit of date_trunc, or a length. Lengths below a day start again at each midnight of the zone; longer ones count from
-- Monday, 2001-01-01. The hour that a clock repeats when it is put back stays two buckets, as it was two hours.
CREATE FUNCTION ops.bucket_of(at timestamptz, bucket text, time_zone text) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
  WHEN bucket ~ '^[a-z]+$' THEN date_trunc(bucket, at, time_zone)
  WHEN bucket::interval < interval '1 day' THEN date_bin(bucket::interval, at, date_trunc('day', at, time_zone))
  ELSE date_bin(bucket::interval, at AT TIME ZONE time_zone, timestamp '2001-01-01') AT TIME ZONE time_zone
END;
COMMENT ON FUNCTION ops.bucket_of(timestamptz, text, text) IS 'Beginning of the bucket of a time zone in which a time lies / 时间所在时间桶的起点';

-- The time from from_time up to to_time in two parts: full hours that lie in one bucket, which are counted already, and
-- pieces whose calls have to be read: before the first and after the last full hour, hours that a bucket of the zone
-- divides (half past in India), and all hours where buckets are shorter.
CREATE FUNCTION ops.split_range(
  from_time timestamptz, to_time timestamptz, bucket text, time_zone text,
  OUT hours timestamptz[], OUT buckets timestamptz[], OUT piece_starts timestamptz[], OUT piece_ends timestamptz[]
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
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
$$;
REVOKE EXECUTE ON FUNCTION ops.split_range(timestamptz, timestamptz, text, text) FROM PUBLIC;
COMMENT ON FUNCTION ops.split_range(timestamptz, timestamptz, text, text) IS 'A range of time as full hours, each in one bucket, and the rest / 将时间范围拆分为完整小时与其余部分';

CREATE TYPE ops.call_stat AS (
  bucket_start timestamptz,
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

CREATE FUNCTION ops.call_stats(
  from_time timestamptz, to_time timestamptz, bucket text DEFAULT 'day', time_zone text DEFAULT 'Asia/Shanghai',
  split_by text[] DEFAULT '{app_key,scenario,bind_num}'
) RETURNS SETOF ops.call_stat
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
SET jit = off
AS $$
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
$$;
REVOKE EXECUTE ON FUNCTION ops.call_stats(timestamptz, timestamptz, text, text, text[]) FROM PUBLIC;
COMMENT ON FUNCTION ops.call_stats(timestamptz, timestamptz, text, text, text[]) IS
'Calls that began from from_time up to, not including, to_time, by bucket (hour, day, week, month, or a length as 15 minutes) of a time zone, split by any of app_key, scenario and bind_num; split_by => ''{}'' gives one row a bucket, with medians over all calls / 按时区与时间桶统计从 from_time 到 to_time（不含）开始的呼叫，可按应用、场景、企业号码拆分；split_by => ''{}'' 时每个时间桶一行，中位数基于全部呼叫';

CREATE FUNCTION ops.call_stats(
  from_day date, to_day date, bucket text DEFAULT 'day', time_zone text DEFAULT 'Asia/Shanghai',
  split_by text[] DEFAULT '{app_key,scenario,bind_num}'
) RETURNS SETOF ops.call_stat
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY SELECT * FROM ops.call_stats(from_day::timestamp AT TIME ZONE time_zone, to_day::timestamp AT TIME ZONE time_zone,
    bucket, time_zone, split_by);
END
$$;
REVOKE EXECUTE ON FUNCTION ops.call_stats(date, date, text, text, text[]) FROM PUBLIC;
COMMENT ON FUNCTION ops.call_stats(date, date, text, text, text[]) IS
'The same for days of the time zone, up to and not including to_day / 同上，按该时区的日期，不含 to_day';

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
  first_hour timestamptz,
  last_hour timestamptz
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

CREATE FUNCTION ops.failures(
  from_time timestamptz, to_time timestamptz, of_app text DEFAULT NULL, of_scenario text DEFAULT NULL, of_bind_num text DEFAULT NULL
) RETURNS SETOF ops.failure
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
SET jit = off
AS $$
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
$$;
REVOKE EXECUTE ON FUNCTION ops.failures(timestamptz, timestamptz, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION ops.failures(timestamptz, timestamptz, text, text, text) IS
'Why the calls that began from from_time up to, not including, to_time were not answered; of one application, scenario or number if wanted / 从 from_time 到 to_time（不含）开始的呼叫的未接通原因，可限定应用、场景或企业号码';

CREATE FUNCTION ops.failures(
  from_day date, to_day date, of_app text DEFAULT NULL, of_scenario text DEFAULT NULL, of_bind_num text DEFAULT NULL,
  time_zone text DEFAULT 'Asia/Shanghai'
) RETURNS SETOF ops.failure
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY SELECT * FROM ops.failures(from_day::timestamp AT TIME ZONE time_zone, to_day::timestamp AT TIME ZONE time_zone,
    of_app, of_scenario, of_bind_num);
END
$$;
REVOKE EXECUTE ON FUNCTION ops.failures(date, date, text, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION ops.failures(date, date, text, text, text, text) IS
'The same for days of a time zone, up to and not including to_day / 同上，按该时区的日期，不含 to_day';

CREATE TYPE ops.frequent_callee AS (
  callee_ref text,
  callee text,
  app_key text,
  calls bigint,
  answered bigint,
  first_at timestamptz,
  last_at timestamptz
);
COMMENT ON TYPE ops.frequent_callee IS 'A row of ops.frequent_callees / ops.frequent_callees 的一行';
COMMENT ON COLUMN ops.frequent_callee.callee_ref IS 'Reference of the number, as a_ref and b_ref of ops.calls / 号码引用';
COMMENT ON COLUMN ops.frequent_callee.callee IS 'The number, masked / 号码（脱敏）';
COMMENT ON COLUMN ops.frequent_callee.app_key IS 'appKey of the application / 应用的 appKey';
COMMENT ON COLUMN ops.frequent_callee.calls IS 'How often it was dialed / 呼叫次数';
COMMENT ON COLUMN ops.frequent_callee.answered IS 'How often it answered / 接通次数';
COMMENT ON COLUMN ops.frequent_callee.first_at IS 'When the first of these calls began / 首次';
COMMENT ON COLUMN ops.frequent_callee.last_at IS 'When the last of these calls began / 末次';

-- Legs that the platform dialed: who calls a private number dialed it himself. Most numbers are dialed once, and the
-- memory to count them all is not every login's default.
CREATE FUNCTION ops.frequent_callees(from_time timestamptz, to_time timestamptz, at_least integer DEFAULT 2)
RETURNS SETOF ops.frequent_callee
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
SET work_mem = '64MB'
SET max_parallel_workers_per_gather = 0
SET jit = off
AS $$
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
$$;
REVOKE EXECUTE ON FUNCTION ops.frequent_callees(timestamptz, timestamptz, integer) FROM PUBLIC;
COMMENT ON FUNCTION ops.frequent_callees(timestamptz, timestamptz, integer) IS
'Numbers that the platform dialed at least so often, for each application, in calls that began from from_time up to, not including, to_time / 从 from_time 到 to_time（不含）被平台呼叫达到指定次数的号码，按应用统计';

CREATE FUNCTION ops.frequent_callees(
  from_day date, to_day date, at_least integer DEFAULT 2, time_zone text DEFAULT 'Asia/Shanghai'
) RETURNS SETOF ops.frequent_callee
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY SELECT * FROM ops.frequent_callees(from_day::timestamp AT TIME ZONE time_zone,
    to_day::timestamp AT TIME ZONE time_zone, at_least);
END
$$;
REVOKE EXECUTE ON FUNCTION ops.frequent_callees(date, date, integer, text) FROM PUBLIC;
COMMENT ON FUNCTION ops.frequent_callees(date, date, integer, text) IS
'The same for days of a time zone, up to and not including to_day / 同上，按该时区的日期，不含 to_day';
