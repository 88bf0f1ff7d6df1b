-- Up Migration
--
-- For a receiver that logs in as a member of rtc_writer and owns nothing.

SET LOCAL lock_timeout = '5s';

-- With the key of call_ref and a_ref every number behind them could be found by trying. The owner, as whom the views run,
-- is not bound by policies.
ALTER TABLE rtc.keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY keys_digest ON rtc.keys FOR SELECT USING (purpose = 'digest');

-- `rtc-receiver check` takes its own test callback away again; nothing else is ever deleted by the receiver itself.
CREATE FUNCTION rtc.remove_self_test(of_session text, at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  DELETE FROM rtc.call_events WHERE session_id = of_session AND occurred_at = at AND event_type = 'selftest';
  RETURN FOUND;
END
$$;
REVOKE EXECUTE ON FUNCTION rtc.remove_self_test(text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION rtc.remove_self_test(text, timestamptz) IS 'Removes the event of a self-test / 删除自检事件';
