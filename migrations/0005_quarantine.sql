-- Up Migration
--
-- What could not become a row, and what a corrected CDR replaced.

SET LOCAL lock_timeout = '5s';

CREATE TABLE rtc.quarantine (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  first_seen_at timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL,
  stored_at timestamptz NOT NULL DEFAULT now(),
  resolved_at timestamptz,
  seen_count bigint NOT NULL DEFAULT 1,
  record_index integer,
  body_size integer NOT NULL,
  minutes_stored integer,
  minutes_received integer,
  body_key uuid NOT NULL,
  call_ref uuid,
  kind text NOT NULL CONSTRAINT quarantine_kind CHECK (kind IN ('status', 'fee', 'notice', 'unknown', 'unauthenticated')),
  reason text NOT NULL,
  resolution text,
  signed_by text,
  differing text[],
  errors jsonb NOT NULL DEFAULT '[]',
  body bytea NOT NULL,
  CONSTRAINT quarantine_same UNIQUE (body_key, reason, kind)
);
CREATE INDEX quarantine_last_seen_at ON rtc.quarantine (last_seen_at);
-- What makes room first.
CREATE INDEX quarantine_resolved_at ON rtc.quarantine (resolved_at) WHERE resolved_at IS NOT NULL;
CREATE INDEX quarantine_call_ref ON rtc.quarantine (call_ref) WHERE call_ref IS NOT NULL;
-- Conflicts that nobody has looked at yet.
CREATE INDEX quarantine_new_conflicts ON rtc.quarantine (id) WHERE reason = 'conflict' AND call_ref IS NULL AND resolved_at IS NULL;

COMMENT ON TABLE rtc.quarantine IS 'Records and bodies that could not be stored, with the reason; the same one again is counted, not added / 隔离区：无法入库的记录及原因，重复的只计数';
COMMENT ON COLUMN rtc.quarantine.id IS 'Number of the entry / 编号';
COMMENT ON COLUMN rtc.quarantine.first_seen_at IS 'When the callback first came; a replayed record is stored with it as received_at / 首次收到时间，重放时作为 received_at';
COMMENT ON COLUMN rtc.quarantine.last_seen_at IS 'When the same came last / 最近收到时间';
COMMENT ON COLUMN rtc.quarantine.stored_at IS 'When it was stored last, by the clock of the database: none goes by age before / 最近入库时间（数据库时钟）';
COMMENT ON COLUMN rtc.quarantine.resolved_at IS 'When it was dealt with. The same again within 24 hours leaves it closed (the platform re-sends CDRs for hours), later it opens again / 处理时间；24 小时内重发不会重新打开';
COMMENT ON COLUMN rtc.quarantine.seen_count IS 'How often it came, equal records of one body counted each / 收到次数，同一报文中相同的记录分别计数';
COMMENT ON COLUMN rtc.quarantine.record_index IS 'Place in feeLst, from 0; NULL for a status event or a whole body / 在 feeLst 中的序号';
COMMENT ON COLUMN rtc.quarantine.body_size IS 'Bytes of the original, of which body may be only the beginning / 原文字节数';
COMMENT ON COLUMN rtc.quarantine.body_key IS 'Keyed digest (128 bits) by which the same is known again; the type is used because it is 16 bytes fixed / 原文摘要';
COMMENT ON COLUMN rtc.quarantine.kind IS 'status, fee, notice, unknown (unreadable) or unauthenticated / 类别';
COMMENT ON COLUMN rtc.quarantine.reason IS 'Short code of the reason; conflict = a CDR with the key of a stored one and other content / 原因代码；conflict 为同键不同内容的话单';
COMMENT ON COLUMN rtc.quarantine.resolution IS 'How it was dealt with / 处理结果';
COMMENT ON COLUMN rtc.quarantine.signed_by IS 'appKey of the verified X-AKSK header, for replay / 验签通过的 appKey';
COMMENT ON COLUMN rtc.quarantine.errors IS 'List of {pointer, message}: the place of the error, never the value / 出错位置，不含值';
COMMENT ON COLUMN rtc.quarantine.body IS 'The record''s JSON as parsed, or the raw bytes of a body that could not be read / 记录 JSON 或无法解析的原文';
COMMENT ON COLUMN rtc.quarantine.call_ref IS 'Conflict: the call, as in ops.calls / 冲突话单对应的呼叫引用';
COMMENT ON COLUMN rtc.quarantine.differing IS 'Conflict: names of the fields that differ from the stored CDR / 与已存话单不同的字段名';
COMMENT ON COLUMN rtc.quarantine.minutes_stored IS 'Conflict: billed minutes, both legs, by the stored CDR / 已存话单的计费分钟';
COMMENT ON COLUMN rtc.quarantine.minutes_received IS 'Conflict: billed minutes, both legs, by this one / 本话单的计费分钟';

-- How much there is of it ---------------------------------------------------------------------------------------------
-- The receiver keeps its quarantine within bounds, so it asks once a minute. Counted as entries come and go: at millions
-- of them every other way is a scan, and the size of the files does not say how much of it is free again.

CREATE TABLE rtc.quarantine_growth (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  entries bigint NOT NULL,
  bytes bigint NOT NULL
);
COMMENT ON TABLE rtc.quarantine_growth IS 'Entries and bytes that came to rtc.quarantine, or went; the sum is what is there / 隔离区增减记录，合计即现有量';
COMMENT ON COLUMN rtc.quarantine_growth.id IS 'Number of the row / 编号';
COMMENT ON COLUMN rtc.quarantine_growth.entries IS 'Entries added, or removed if negative / 增减条数';
COMMENT ON COLUMN rtc.quarantine_growth.bytes IS 'Bytes of their bodies, and 512 for each entry: its row and its part of the indexes / 增减字节数，每条另计 512 字节';

-- A row for each statement: one that all of them update would make them wait for each other.
CREATE FUNCTION rtc.count_quarantine() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
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
$$;
REVOKE EXECUTE ON FUNCTION rtc.count_quarantine() FROM PUBLIC;
COMMENT ON FUNCTION rtc.count_quarantine() IS 'Counts what comes to rtc.quarantine and what goes / 统计隔离区增减';

CREATE TRIGGER count_added AFTER INSERT ON rtc.quarantine
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION rtc.count_quarantine();
CREATE TRIGGER count_removed AFTER DELETE ON rtc.quarantine
  REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION rtc.count_quarantine();
CREATE TRIGGER count_changed AFTER UPDATE OF body ON rtc.quarantine
  FOR EACH ROW WHEN (octet_length(OLD.body) <> octet_length(NEW.body)) EXECUTE FUNCTION rtc.count_quarantine();
CREATE TRIGGER count_emptied AFTER TRUNCATE ON rtc.quarantine
  FOR EACH STATEMENT EXECUTE FUNCTION rtc.count_quarantine();

-- The two statements see each other's work only because each has a snapshot of its own: whoever waited for another caller
-- finds nothing left to delete, and then the sum that the other one left.
CREATE FUNCTION rtc.quarantine_size(OUT entries bigint, OUT bytes bigint, OUT disk_bytes bigint)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
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
$$;
REVOKE EXECUTE ON FUNCTION rtc.quarantine_size() FROM PUBLIC;
COMMENT ON FUNCTION rtc.quarantine_size() IS 'Entries in rtc.quarantine, the bytes they take, and those of its files; reads no entry / 隔离区条数、占用字节与磁盘字节';

-- Corrected CDRs -----------------------------------------------------------------------------------------------------
-- `quarantine accept` puts a conflicting CDR in the place of the stored one, which is kept here as the platform named its
-- fields.
CREATE TABLE rtc.replaced_cdrs (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  replaced_at timestamptz NOT NULL DEFAULT now(),
  cdr_time timestamptz NOT NULL,
  erased_at timestamptz,
  call_ref uuid NOT NULL,
  session_id text NOT NULL,
  icid text NOT NULL,
  replaced_by text NOT NULL,
  cdr jsonb NOT NULL
);
CREATE INDEX replaced_cdrs_replaced_at ON rtc.replaced_cdrs (replaced_at);
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
