-- Up Migration
--
-- What ops see, last part: looking up calls of a number somebody knows already, and showing numbers to those who must
-- see them. Each function runs with its owner's rights, so each is revoked from PUBLIC here and granted by
-- `rtc-receiver roles`. session_user is the login, whatever role it has taken on.

SET LOCAL lock_timeout = '5s';

-- The ways in which a number may have been written.
CREATE FUNCTION rtc.number_forms(number text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT ARRAY[number, n.plain, '+' || n.plain, '86' || n.plain, '+86' || n.plain, '00' || n.plain, '0086' || n.plain]
  FROM (SELECT rtc.plain_number(number) AS plain) n
$$;
COMMENT ON FUNCTION rtc.number_forms(text) IS 'The ways in which a number may have been written / 号码的各种写法';

-- Masked calls of some sessions; internal, since it takes sessions as they are.
CREATE FUNCTION rtc.calls_of_sessions(sessions text[], "from" timestamptz, "to" timestamptz) RETURNS SETOF ops.calls
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
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
$$;
REVOKE EXECUTE ON FUNCTION rtc.calls_of_sessions(text[], timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION rtc.calls_of_sessions(text[], timestamptz, timestamptz) IS 'Masked calls of some sessions; internal / 指定会话的脱敏呼叫（内部使用）';

CREATE FUNCTION ops.calls_of(
  number text, "from" timestamptz DEFAULT now() - interval '30 days', "to" timestamptz DEFAULT now() + interval '1 day'
) RETURNS SETOF ops.calls
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
SET jit = off
AS $$
DECLARE
  forms CONSTANT text[] := rtc.number_forms(number);
  heads CONSTANT text[] := (SELECT array_agg(left(f, 32)) FROM unnest(forms) AS f);
  until CONSTANT timestamptz := "to" + interval '26 hours';
  sessions text[];
BEGIN
  sessions := ARRAY(
    SELECT c.session_id FROM rtc.cdrs c
    WHERE left(c.callee_num, 32) = ANY(heads) AND c.callee_num = ANY(forms) AND c.cdr_time >= "from" AND c.cdr_time < until
    UNION
    SELECT c.session_id FROM rtc.cdrs c
    WHERE left(c.fwd_dst_num, 32) = ANY(heads) AND c.fwd_dst_num = ANY(forms) AND c.cdr_time >= "from" AND c.cdr_time < until
    UNION
    SELECT c.session_id FROM rtc.cdrs c
    WHERE left(c.caller_num, 32) = ANY(heads) AND c.caller_num = ANY(forms) AND c.call_in_time IS NOT NULL
      AND c.cdr_time >= "from" AND c.cdr_time < until
    UNION
    SELECT e.session_id FROM rtc.call_events e
    WHERE left(e.called, 32) = ANY(heads) AND e.called = ANY(forms) AND e.event_type = 'callout'
      AND e.occurred_at >= "from" AND e.occurred_at < until
    UNION
    SELECT e.session_id FROM rtc.call_events e
    WHERE left(e.caller, 32) = ANY(heads) AND e.caller = ANY(forms) AND e.event_type = 'callin'
      AND e.occurred_at >= "from" AND e.occurred_at < until);
  RAISE LOG 'rtc: % looked up the calls of a number: % sessions', session_user, cardinality(sessions);
  RETURN QUERY SELECT * FROM rtc.calls_of_sessions(sessions, "from", "to");
END
$$;
REVOKE EXECUTE ON FUNCTION ops.calls_of(text, timestamptz, timestamptz) FROM PUBLIC;

CREATE FUNCTION ops.calls_by_user_data(
  user_data text, "from" timestamptz DEFAULT now() - interval '30 days', "to" timestamptz DEFAULT now() + interval '1 day'
) RETURNS SETOF ops.calls
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
SET jit = off
AS $$
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
$$;
REVOKE EXECUTE ON FUNCTION ops.calls_by_user_data(text, timestamptz, timestamptz) FROM PUBLIC;

-- First step: says who, when, why and in which transaction, to be committed before anything is shown.
CREATE FUNCTION ops.ask_reveal(call_ref text, why text) RETURNS uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
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
$$;
REVOKE EXECUTE ON FUNCTION ops.ask_reveal(text, text) FROM PUBLIC;

-- Second step, in another transaction: within ten minutes, by the login that asked. A call_ref cannot be turned back, so
-- the sessions are searched, the latest month first; started_at, when it is known, makes that a matter of milliseconds.
CREATE FUNCTION ops.reveal(ticket uuid, started_at timestamptz DEFAULT NULL) RETURNS TABLE (
  call_ref text, session_id text, a_number text, b_number text, shown_to_a text, shown_to_b text, user_data text, digits text,
  recording text
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
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
$$;
REVOKE EXECUTE ON FUNCTION ops.reveal(uuid, timestamptz) FROM PUBLIC;
