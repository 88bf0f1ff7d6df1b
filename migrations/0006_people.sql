-- Up Migration
--
-- Calls placed from here, who saw a number, and what was erased.

SET LOCAL lock_timeout = '5s';

-- Calls placed from here ---------------------------------------------------------------------------------------------

CREATE TABLE rtc.placed_calls (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  placed_at timestamptz NOT NULL DEFAULT now(),
  http_status integer,
  session_id text,
  app_key text NOT NULL,
  scenario text NOT NULL CONSTRAINT placed_calls_scenario CHECK (scenario IN ('click2Call', 'callnotify', 'callVerify', 'privateNumber')),
  display_nbr text NOT NULL,
  callee_nbr text NOT NULL,
  user_data text,
  result_code text,
  result_desc text,
  erased_at timestamptz
);
-- The fold asks here for the scenario of a session.
CREATE INDEX placed_calls_session_id ON rtc.placed_calls (session_id) WHERE session_id IS NOT NULL;
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

-- Reveals ------------------------------------------------------------------------------------------------------------

CREATE TABLE rtc.reveals (
  ticket uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  asked_by text NOT NULL,
  asked_from inet,
  asked_in xid8 NOT NULL,
  call_ref uuid NOT NULL,
  why text NOT NULL,
  revealed_at timestamptz,
  erased_at timestamptz
);
CREATE INDEX reveals_asked ON rtc.reveals (asked_by, asked_at);
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

-- Erasures -----------------------------------------------------------------------------------------------------------

CREATE TABLE rtc.erasures (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  erased_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  erased_by text NOT NULL,
  pseudonym text NOT NULL,
  counts jsonb NOT NULL
);
COMMENT ON TABLE rtc.erasures IS 'Runs of erasing a number: what was changed, never the number / 号码清除记录，不含号码';
COMMENT ON COLUMN rtc.erasures.id IS 'Number of the run / 编号';
COMMENT ON COLUMN rtc.erasures.erased_at IS 'When the run began / 开始时间';
COMMENT ON COLUMN rtc.erasures.erased_by IS 'Login that did it / 执行人（登录名）';
COMMENT ON COLUMN rtc.erasures.pseudonym IS 'Random text that stands in the place of the number; nobody keeps what links them / 替代号码的随机化名，不保留对应关系';
COMMENT ON COLUMN rtc.erasures.counts IS 'Rows changed in each table / 各表变更行数';
COMMENT ON COLUMN rtc.erasures.finished_at IS 'When it had been through all tables; NULL: it was interrupted and has to be run again / 完成时间，为空表示中断';

-- Keys of rows that an erasure moved: what is sent again under one is a duplicate. Written in the transaction that moves
-- the row, and looked at after a COPY in the transaction of the COPY: one that waited for the erasure would else let the
-- row back in.
CREATE TABLE rtc.erased_keys (
  erased_at timestamptz NOT NULL DEFAULT now(),
  key_digest uuid PRIMARY KEY
);
CREATE INDEX erased_keys_erased_at ON rtc.erased_keys (erased_at);
COMMENT ON TABLE rtc.erased_keys IS 'Keyed digests of the keys of erased rows, kept for 30 days / 已清除记录的键摘要，保留 30 天';
COMMENT ON COLUMN rtc.erased_keys.erased_at IS 'When the row was erased / 清除时间';
COMMENT ON COLUMN rtc.erased_keys.key_digest IS 'Keyed digest (128 bits) of table and key; not a real UUID / 键摘要';

-- The receiver asks with each COPY of facts: with the digests of their keys, or, as long as nothing has been erased, whether
-- that is still so. Raised and not returned, because it is to undo the COPY in the same query string.
CREATE FUNCTION rtc.refuse_erased(digests uuid[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM rtc.erased_keys k WHERE digests IS NULL OR k.key_digest = ANY (digests)) THEN
    RAISE 'rtc.refuse_erased: keys of erased rows' USING ERRCODE = 'RTC01';
  END IF;
END
$$;
COMMENT ON FUNCTION rtc.refuse_erased(uuid[]) IS 'Fails if one of the digests, or with NULL any at all, is that of an erased key / 若为已清除记录的键摘要则报错';
