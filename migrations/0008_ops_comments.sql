-- Up Migration
--
-- Says of each view, function and column of schema ops what it is, in English and Chinese. docs/data-dictionary.md is made
-- from this. A column that is a base table's own, unmasked, takes that one's comment.

SET LOCAL lock_timeout = '5s';

DO $$
DECLARE
  item record;
BEGIN
  FOR item IN SELECT * FROM (VALUES
    ('calls', 'One row per call: its latest CDR with what its events add, or its events alone when no CDR has come. Give a range of started_at, or a session_id / 每次呼叫一行：以最新话单为准并补充状态事件；尚无话单时仅依据状态事件。查询请限定 started_at 范围或 session_id'),
    ('legs', 'One row per leg: A = the party called first (private number: the caller), B = the second. The platform''s console counts legs. Give a range of call_started_at / 每段一行：A 为先呼叫的一方（隐私号为主叫），B 为后呼叫的一方；平台控制台按段统计。查询请限定 call_started_at 范围'),
    ('events', 'Call status events, masked. Give a range of occurred_at or stored_at, or a session_id / 呼叫状态事件（已脱敏）'),
    ('cdrs', 'CDRs, masked, names as on the wire. Give a range of cdr_time or stored_at, or a session_id / 话单（已脱敏）'),
    ('apps', 'Applications as their owner described them / 应用登记'),
    ('hangup_reasons', 'State codes of disconnect events / 通话挂机原因值'),
    ('q850_causes', 'Q.850 causes of legs that were not answered / Q.850 原因值'),
    ('release_points', 'Release points of CDRs / 呼叫拆线点'),
    ('service_types', 'Service types of CDRs / 业务类型'),
    ('placed_calls', 'Calls placed from here, masked / 经本系统发起的呼叫（已脱敏）'),
    ('reveals', 'Who asked to see numbers, when and why / 号码明文查看记录'),
    ('erasures', 'Runs of erasing a number / 号码清除记录'),
    ('billing_daily', 'Billed minutes by day, from CDRs: every answered leg, started minutes, at least one. Days are those of Asia/Shanghai on which calls ended, so that they match the bill / 按日计费分钟数：每个已接通的段按分钟进位计费；日期为北京时间呼叫结束日，与账单一致'),
    ('digit_inputs', 'Keys pressed in voice notification and dynamic IVR; more than two are covered / 语音通知收号与动态 IVR 按键，超过两位已遮盖'),
    ('recordings', 'Calls that were recorded; the address is shown by ops.reveal only / 有录音的呼叫，录音地址仅可经 ops.reveal 查看'),
    ('frequent_callees', 'Numbers dialled more than once on a day of Asia/Shanghai, by app. Give a day / 同一天（北京时间）被呼叫多次的号码。查询请限定 day'),
    ('concurrent_legs', 'Most legs at the same time in each hour, by app: compare with the voice ports that were bought. Give a day / 每小时最大并发段数，可与所购语音端口数比较。查询请限定 day'),
    ('missing_cdrs', 'Calls that ended without a CDR: a disconnect for every leg and ten minutes gone, or no event for 25 hours; only apps that had CDRs in the week before. Give a day / 已结束但缺话单的呼叫：各段均已挂机且过去十分钟，或 25 小时无事件；仅统计前一周内有话单的应用。查询请限定 day'),
    ('cdrs_without_events', 'CDRs of calls without any event: status callbacks were lost; only apps whose events came in the week before. Give a day / 缺状态事件的话单；仅统计前一周内有状态事件的应用。查询请限定 day'),
    ('subscriptions', 'Which kinds of callback came for each app in the last week / 各应用最近一周收到的回调种类'),
    ('repeated_cdrs', 'Sessions with more than one CDR: corrections, and the same call reported twice. Give a range of cdr_time / 同一会话的多条话单。查询请限定 cdr_time 范围'),
    ('callback_delay', 'How long callbacks took from what they tell to the receiver, by hour. Give a day / 回调从事件发生到收到的时延（按小时）。查询请限定 day'),
    ('silence', 'The last 48 full hours: how much came, and the median of the same weekday and hour of four weeks / 最近 48 小时的到达量与前四周同一时段的中位数'),
    ('quarantine_open', 'Records and bodies that could not be stored and wait for somebody; shape only / 待处理的隔离记录，仅显示结构')
  ) AS t (name, comment) LOOP
    EXECUTE format('COMMENT ON VIEW ops.%I IS %L', item.name, item.comment);
  END LOOP;

  FOR item IN
    WITH said (view, name, comment) AS (VALUES
      (NULL, 'call_ref', 'Reference of the call, the same in every view: for joining, grouping and ops.ask_reveal / 呼叫引用，各视图一致，可用于关联与申请查看'),
      (NULL, 'session_id', 'The platform''s id of the call; NULL when it holds a phone number: use call_ref / 会话标识；含号码时为空，请用 call_ref'),
      (NULL, 'app_key', 'appKey of the application; of an event the verified signer''s, else that of the CDR / 应用的 appKey'),
      (NULL, 'scenario', 'click2Call, callnotify, callVerify, privateNumber; playback = notification or verification; NULL = not known / 业务场景；playback 为语音通知或语音验证码'),
      (NULL, 'bind_num', 'The company''s own number that placed the call, shown whole / 企业绑定号码，不脱敏'),
      (NULL, 'started_at', 'When dialling began, or the call came in / 开始呼叫或呼入的时间'),
      (NULL, 'ringing_at', 'When the phone rang: B''s where B was dialled, else A''s / 振铃时间'),
      (NULL, 'ended_at', 'End of the call; NULL while it is in progress / 结束时间；通话中为空'),
      (NULL, 'received_at', 'When the callback came / 收到回调的时间'),
      (NULL, 'stored_at', 'When the row was stored; a cursor for copying data out / 入库时间，可作为导出游标'),
      (NULL, 'erased_at', 'When personal data were erased / 个人信息清除时间'),
      (NULL, 'day', 'Day in Asia/Shanghai; filter by it / 北京时间日期，请按此过滤'),
      (NULL, 'hour', 'Beginning of the hour / 小时起点'),
      (NULL, 'digits', 'Keys pressed; more than two are covered / 按键，超过两位已遮盖'),
      (NULL, 'user_data', '*** when the request had userData / 有 userData 时为 ***'),
      (NULL, 'extra', 'Names of the fields without a column; values covered / 其余字段名，值已遮盖'),
      (NULL, 'post_dial_delay_seconds', 'Seconds from dialling to ringing, else to the answer / 拨号到振铃（或应答）的秒数'),
      (NULL, 'has_cdr', 'Whether a CDR has come / 是否已收到话单'),
      (NULL, 'cdr_count', 'CDRs of the session; the last one received counts / 该会话的话单数，以最后收到的为准'),
      (NULL, 'code', 'The code as the platform sends it / 平台发送的代码'),
      (NULL, 'en', 'Meaning in English / 英文含义'),
      (NULL, 'zh', 'Meaning in Chinese / 中文含义'),
      (NULL, 'call_started_at', 'When the call began; filter by it / 呼叫开始时间，请按此过滤'),
      (NULL, 'kind', 'status = call status event, fee = CDR / 类别：状态或话单'),
      ('calls', 'started_at', 'When the call began; filter by it / 呼叫开始时间，请按此过滤'),
      ('calls', 'a_number', 'A, masked: the party called first; private number: the caller / A 号码（脱敏）'),
      ('calls', 'b_number', 'B, masked: the second party of a callback or private-number call / B 号码（脱敏）'),
      ('calls', 'shown_to_a', 'Number A saw, or dialled in private number / A 看到（或拨打）的号码'),
      ('calls', 'shown_to_b', 'Number B saw / B 看到的号码'),
      ('calls', 'a_ref', 'Reference of A''s number, the same for the same number everywhere / A 号码引用，同一号码相同'),
      ('calls', 'b_ref', 'Reference of B''s number / B 号码引用'),
      ('calls', 'answered_at', 'When it was answered: by B where the service has a B, else by A / 应答时间：有 B 的业务以 B 应答为准'),
      ('calls', 'ring_seconds', 'Seconds from ringing to the answer, else to the end / 振铃秒数'),
      ('calls', 'talk_seconds', 'Seconds from the answer to the end; NULL when not answered / 通话秒数，未接通为空'),
      ('calls', 'outcome', 'in progress, answered, busy, no answer, rejected, cancelled, unreachable, failed or unknown / 结果：通话中、已接通、忙、无应答、拒接、取消、无法接通、失败、未知'),
      ('calls', 'reason', 'Text of the first code that says why / 原因说明'),
      ('calls', 'release_point', 'ulFailReason, see ops.release_points / 拆线点，见 ops.release_points'),
      ('calls', 'a_q850', 'Q.850 cause of leg A, see ops.q850_causes / A 段 Q.850 原因值'),
      ('calls', 'b_q850', 'Q.850 cause of leg B / B 段 Q.850 原因值'),
      ('calls', 'sip_status', 'SIP status of the failure, 0 = none / 失败的 SIP 状态码'),
      ('calls', 'hung_up_by', 'Side that hung up, as the platform says it / 挂机方'),
      ('calls', 'has_recording', 'Whether it was recorded / 是否有录音'),
      ('calls', 'has_events', 'Whether status events have come / 是否有状态事件'),
      ('legs', 'leg', 'A or B / A 或 B'),
      ('legs', 'number', 'Number of the party, masked / 该方号码（脱敏）'),
      ('legs', 'number_ref', 'Reference of the number / 号码引用'),
      ('legs', 'shown_number', 'Number the party saw / 该方看到的号码'),
      ('legs', 'ringing_at', 'When it rang / 振铃时间'),
      ('legs', 'answered_at', 'When it was answered; leg A of private number: when B answered / 应答时间'),
      ('legs', 'q850', 'Q.850 cause / Q.850 原因值'),
      ('events', 'occurred_at', 'When it happened; filter by it / 事件发生时间，请按此过滤'),
      ('events', 'caller', 'Calling number of the leg, masked / 本段主叫（脱敏）'),
      ('events', 'called', 'Called number of the leg, masked / 本段被叫（脱敏）'),
      ('events', 'caller_ref', 'Reference of the calling number / 主叫号码引用'),
      ('events', 'called_ref', 'Reference of the called number / 被叫号码引用'),
      ('events', 'reason', 'Text of the state code / 挂机原因说明'),
      ('events', 'state_desc', '*** when there was a text; see reason / 有描述时为 ***，请看 reason'),
      ('events', 'party_type', 'Side that hung up, as the platform says it / 挂机方'),
      ('cdrs', 'icid', 'The platform''s id of the CDR; *** when it seems to hold a number / 话单标识；疑似含号码时为 ***'),
      ('cdrs', 'cdr_time', 'End of the call, else the last time the CDR has; filter by it / 话单时间，请按此过滤'),
      ('cdrs', 'caller_num', 'Number shown to A, or A in private number, masked / 主叫（脱敏）'),
      ('cdrs', 'callee_num', 'A, or the number dialled in private number, masked / 被叫（脱敏）'),
      ('cdrs', 'fwd_display_num', 'Number shown to B, masked / 对 B 显示的号码（脱敏）'),
      ('cdrs', 'fwd_dst_num', 'B, masked / B 号码（脱敏）'),
      ('cdrs', 'caller_ref', 'Reference of caller_num / 主叫号码引用'),
      ('cdrs', 'callee_ref', 'Reference of callee_num / 被叫号码引用'),
      ('cdrs', 'fwd_dst_ref', 'Reference of fwd_dst_num / B 号码引用'),
      ('cdrs', 'dyn_ivr_path', 'Keys pressed in the dynamic IVR; more than two are covered / 动态 IVR 按键，超过两位已遮盖'),
      ('cdrs', 'record_domain', '*** when there is one / 有值时为 ***'),
      ('cdrs', 'record_bucket_name', '*** when there is one / 有值时为 ***'),
      ('cdrs', 'record_object_name', '*** when there is one / 有值时为 ***'),
      ('cdrs', 'record_file_download_url', '*** when there is one / 有值时为 ***'),
      ('cdrs', 'subscription_id', '*** when there is one / 有值时为 ***'),
      ('legs', 'seconds', 'Seconds from the answer to the end; NULL when not answered / 接通秒数'),
      ('legs', 'billed_minutes', 'Started minutes, at least one; NULL when not answered / 计费分钟数'),
      ('billing_daily', 'calls', 'Calls with a CDR, answered or not / 有话单的呼叫数'),
      ('billing_daily', 'a_legs_billed', 'Answered legs A / 接通的 A 段数'),
      ('billing_daily', 'a_minutes', 'Billed minutes of legs A / A 段计费分钟'),
      ('billing_daily', 'b_legs_billed', 'Answered legs B / 接通的 B 段数'),
      ('billing_daily', 'b_minutes', 'Billed minutes of legs B / B 段计费分钟'),
      ('billing_daily', 'billed_minutes', 'Billed minutes of both / 计费分钟合计'),
      ('billing_daily', 'leg_seconds', 'Seconds of answered legs, not rounded up / 接通总秒数'),
      ('digit_inputs', 'occurred_at', 'When they were pressed; of a dynamic IVR the end of the call; filter by it / 按键时间，请按此过滤'),
      ('digit_inputs', 'source', 'collectInfo = voice notification, dynamic IVR / 来源'),
      ('digit_inputs', 'keys', 'How many; 0 = none in time / 按键个数'),
      ('recordings', 'recording_started_at', 'When recording began / 录音开始时间'),
      ('recordings', 'ended_at', 'End of the call; filter by it / 呼叫结束时间，请按此过滤'),
      ('recordings', 'likely_gone', 'Older than the 7 days for which the platform keeps recordings / 已超过平台 7 天保存期'),
      ('frequent_callees', 'callee_ref', 'Reference of the number / 号码引用'),
      ('frequent_callees', 'callee', 'Number, masked / 号码（脱敏）'),
      ('frequent_callees', 'calls', 'How often it was dialled / 呼叫次数'),
      ('frequent_callees', 'answered', 'How often it answered / 接通次数'),
      ('frequent_callees', 'first_at', 'First time / 首次'),
      ('frequent_callees', 'last_at', 'Last time / 末次'),
      ('concurrent_legs', 'peak_legs', 'Most legs at one time, ringing ones too / 最大并发段数（含振铃）'),
      ('missing_cdrs', 'last_event_at', 'Last event seen / 最后事件时间'),
      ('missing_cdrs', 'presumed', 'No disconnect was seen for every leg, but 25 hours have gone / 未见全部挂机，按 25 小时无事件推定'),
      ('missing_cdrs', 'resends_left', 'At most so many more times the platform will send the CDR / 平台最多还会重推的次数'),
      ('missing_cdrs', 'ended_at', 'Last disconnect; NULL when presumed / 挂机时间；推定时为空'),
      ('cdrs_without_events', 'ended_at', 'Time of the CDR / 话单时间'),
      ('subscriptions', 'name', 'Name of the application / 应用名称'),
      ('subscriptions', 'sessions', 'Sessions seen in the last 7 days / 最近 7 天会话数'),
      ('subscriptions', 'events', 'Events / 状态事件数'),
      ('subscriptions', 'cdrs', 'CDRs / 话单数'),
      ('subscriptions', 'last_event_at', 'Last event of these days / 最近事件时间'),
      ('subscriptions', 'last_cdr_at', 'Last CDR of these days / 最近话单时间'),
      ('subscriptions', 'finding', 'What that means / 结论'),
      ('repeated_cdrs', 'icid', 'The platform''s id of the CDR; *** when it seems to hold a number / 话单标识；疑似含号码时为 ***'),
      ('repeated_cdrs', 'cdr_time', 'Time of the CDR; filter by it / 话单时间，请按此过滤'),
      ('repeated_cdrs', 'seconds', 'Seconds from the answer to the end / 接通秒数'),
      ('repeated_cdrs', 'counts', 'Whether it is the one that ops.calls shows / 是否为生效的话单'),
      ('callback_delay', 'callbacks', 'Events or CDRs / 条数'),
      ('callback_delay', 'delay_p50', 'Median delay, seconds / 时延中位数（秒）'),
      ('callback_delay', 'delay_p95', '95 % took no longer, seconds / 95 分位时延（秒）'),
      ('callback_delay', 'delay_max', 'Longest, seconds / 最大时延（秒）'),
      ('callback_delay', 'over_a_minute', 'How many took more than a minute / 超过一分钟的条数'),
      ('callback_delay', 'over_an_hour', 'How many took more than an hour: re-sent ones / 超过一小时（重推）的条数'),
      ('silence', 'callbacks', 'Events or CDRs of the hour / 该小时条数'),
      ('silence', 'expected', 'Median of the same hour 1 to 4 weeks before / 前四周同一时段中位数'),
      ('silence', 'silent', 'Nothing came although 20 or more were expected / 预期不少于 20 条却为 0'),
      ('quarantine_open', 'kind', 'status, fee, unknown (unreadable) or unauthenticated / 类别'),
      ('quarantine_open', 'errors', 'Places of the errors, never values / 出错位置'),
      ('quarantine_open', 'skeleton', 'Names, types and lengths of the body; NULL when it is no JSON / 结构骨架'),
      ('quarantine_open', 'app_key', 'appKey of the verified signature / 验签通过的 appKey'),
      ('placed_calls', 'display_nbr', 'Number shown to the callee, masked / 主显号码（脱敏）'),
      ('placed_calls', 'callee_nbr', 'Number called, masked / 被叫号码（脱敏）'),
      ('placed_calls', 'callee_ref', 'Reference of the number called / 被叫号码引用'),
      ('placed_calls', 'result_desc', 'resultdesc of the answer, long digits covered / 结果描述'),
      ('reveals', 'why', 'Reason given, long digits covered / 申请理由')
    )
    SELECT c.relname AS view, a.attname AS name,
      coalesce(
        (SELECT s.comment FROM said s WHERE s.view = c.relname AND s.name = a.attname),
        (SELECT s.comment FROM said s WHERE s.view IS NULL AND s.name = a.attname),
        (SELECT col_description(b.oid, ba.attnum)
          FROM pg_catalog.pg_class b JOIN pg_catalog.pg_attribute ba ON ba.attrelid = b.oid AND ba.attname = a.attname
          WHERE b.relnamespace = 'rtc'::regnamespace AND b.relkind IN ('r', 'p') AND NOT b.relispartition
            AND b.relname = CASE c.relname WHEN 'events' THEN 'call_events' WHEN 'quarantine_open' THEN 'quarantine'
              WHEN 'repeated_cdrs' THEN 'cdrs' ELSE c.relname END)
      ) AS comment
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    WHERE c.relnamespace = 'ops'::regnamespace AND c.relkind = 'v'
  LOOP
    IF item.comment IS NULL THEN
      RAISE 'ops.%.% has no comment', item.view, item.name;
    END IF;
    EXECUTE format('COMMENT ON COLUMN ops.%I.%I IS %L', item.view, item.name, item.comment);
  END LOOP;
END
$$;

COMMENT ON FUNCTION ops.call_stats(timestamptz, timestamptz, text, text) IS
'Calls that began in a range, by bucket (hour, day, week, month, or a length as 15 minutes) of a time zone, app, scenario and bind_num. attempts: calls that are over; answered, asr = answered / attempts; effective = answered + busy + no_answer + rejected + unreachable, ner = effective / attempts; talk_seconds, acd_seconds = talk_seconds / answered; legs, legs_answered, leg_asr: the same by leg, as the platform''s console counts; post_dial_delay_p50, _p95: seconds from dialling to ringing, per leg; billed_minutes of both legs / 按时间段、应用、场景与绑定号码统计呼叫：attempts 为已结束呼叫数，asr 为接通率，ner 为网络有效率，acd_seconds 为平均通话秒数，legs 各列按段统计（与平台控制台一致），post_dial_delay 为拨号到振铃秒数，billed_minutes 为计费分钟';
COMMENT ON FUNCTION ops.failures(timestamptz, timestamptz, text, text) IS
'Why the calls that began in a range were not answered: outcome, reason in both languages, all codes, calls, share of the failures listed, first_at and last_at; of one app or bind_num if wanted / 未接通原因统计：结果、中英文原因、各代码、次数、占比、首末时间，可限定应用或绑定号码';
COMMENT ON FUNCTION ops.calls_of(text, timestamptz, timestamptz) IS
'Masked calls of a number that you know already, however it was written; the last 30 days unless told otherwise. Logged / 按已知号码查询呼叫（结果脱敏），默认最近 30 天；有日志';
COMMENT ON FUNCTION ops.calls_by_user_data(text, timestamptz, timestamptz) IS
'Masked calls of a userData that you know already; the last 30 days unless told otherwise. Logged / 按已知 userData 查询呼叫（结果脱敏），默认最近 30 天；有日志';
COMMENT ON FUNCTION ops.ask_reveal(text, text) IS
'Asks to see the numbers of a call and says why; gives a ticket for ops.reveal. At most 30 an hour for each login / 申请查看号码明文并说明理由，返回凭据；每个登录名每小时最多 30 次';
COMMENT ON FUNCTION ops.reveal(uuid, timestamptz) IS
'Shows the numbers, userData, keys and recording address of the call, in a later transaction, for ten minutes, to the login that asked; started_at of the call makes it fast / 凭凭据查看号码、userData、按键与录音地址：须在申请提交之后的事务中、十分钟内、由同一登录名执行；给出 started_at 可加快查找';
