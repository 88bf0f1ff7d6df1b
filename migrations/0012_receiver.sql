-- Up Migration
--
-- For a receiver that logs in as a member of rtc_writer and owns nothing: what it may take away, and no more.

SET LOCAL lock_timeout = '5s';

-- `rtc-receiver check` takes its own test callback away again. Its call goes when it is computed again: it has no facts then.
CREATE FUNCTION rtc.remove_self_test(of_session text, at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  DELETE FROM rtc.call_events e WHERE e.session_id = of_session AND e.occurred_at = at AND e.event_type = 'selftest';
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  INSERT INTO rtc.unfolded (session_id) VALUES (of_session);
  RETURN true;
END
$$;
REVOKE EXECUTE ON FUNCTION rtc.remove_self_test(text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION rtc.remove_self_test(text, timestamptz) IS 'Removes the event of a self-test / 删除自检事件';

-- `rtc-receiver quarantine accept` makes room for a corrected CDR. The one that goes stays in rtc.replaced_cdrs: so nothing can
-- be taken away by this that cannot be seen any more. False where the stored one is not the one that was looked at.
CREATE FUNCTION rtc.replace_cdr(of_session text, of_icid text, at timestamptz, received timestamptz, of_call uuid, as_sent jsonb)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
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
$$;
REVOKE EXECUTE ON FUNCTION rtc.replace_cdr(text, text, timestamptz, timestamptz, uuid, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION rtc.replace_cdr(text, text, timestamptz, timestamptz, uuid, jsonb) IS 'Moves a CDR to rtc.replaced_cdrs / 将话单移入 rtc.replaced_cdrs';
