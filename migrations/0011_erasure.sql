-- Up Migration
--
-- Erasure of a number: what a run leaves behind, and how a receiver knows an erased event again when it is sent once more.

SET LOCAL lock_timeout = '5s';

ALTER TABLE rtc.quarantine ADD COLUMN erased_at timestamptz;
COMMENT ON COLUMN rtc.quarantine.erased_at IS 'When personal data were erased from the entry / 个人信息清除时间';

ALTER TABLE rtc.erasures ADD COLUMN finished_at timestamptz, ADD COLUMN events_until timestamptz;
COMMENT ON COLUMN rtc.erasures.erased_at IS 'When the run began / 开始时间';
COMMENT ON COLUMN rtc.erasures.finished_at IS 'When it had been through all tables; NULL: it was interrupted, and has to be run again / 完成时间，为空表示中断';
COMMENT ON COLUMN rtc.erasures.events_until IS 'No erased event is later than this: later ones need not be compared / 已清除事件的最晚时间';

-- A CDR that is sent again meets the erased one under its key. The key of an event is a digest of all it says, the number
-- as well, so an erased event has a random one, and is told by what was not erased. The two functions below do that; the
-- receiver calls the first every other second, and the second only for events that are not later than its answer.

CREATE FUNCTION rtc.erased_until() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$ SELECT to_char(max(events_until) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') FROM rtc.erasures $$;
REVOKE EXECUTE ON FUNCTION rtc.erased_until() FROM PUBLIC;
COMMENT ON FUNCTION rtc.erased_until() IS 'The latest time that an erased event may have, UTC / 已清除事件的最晚时间';

-- event_key of those events, given as rows of rtc.call_events with times in UTC, that meet an erased one.
CREATE FUNCTION rtc.erased_events(events jsonb) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
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
$$;
REVOKE EXECUTE ON FUNCTION rtc.erased_events(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION rtc.erased_events(jsonb) IS 'Which of these events were stored before and erased / 判断事件是否为已清除事件的重发';

-- The receiver cannot do without them, and `rtc-receiver roles` may have been run long ago.
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'rtc_writer') THEN
    GRANT EXECUTE ON FUNCTION rtc.erased_until(), rtc.erased_events(jsonb) TO rtc_writer;
  END IF;
END
$$;
