-- Up Migration
--
-- Masks are bound to what they mean when they are made. A body of text is read when it runs, by the search_path of whoever
-- asks, and so somebody who may make an operator or a function in a schema of their own, which up to Postgres 14 everybody may
-- in public, would be handed the numbers behind the views, and the key of the references. RETURN is read now, and merged into
-- a query as a text is. Besides, masks cover more than before: numbers of 14 digits and more and those in the host of a
-- session id, numbers in groups, and times that lie centuries apart no longer overflow.

SET LOCAL lock_timeout = '5s';
SET LOCAL search_path = pg_catalog;

CREATE OR REPLACE FUNCTION rtc.mask_number(number text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN number IS NULL OR number = '' THEN number
  -- A mobile number of China: prefix and the last four.
  WHEN number ~ '^(\+?86)?1[3-9][0-9]{9}$' THEN left(number, length(number) - 8) || '****' || right(number, 4)
  -- Masked by the platform already.
  WHEN number ~ '^\+?(86)?1[0-9]{2}\*{4}[0-9]{4}$' THEN number
  -- Others have fewer digits, or a meaning in their first ones: country and the last two of long ones at most.
  WHEN number ~ '^\+86[0-9]{9,}$' THEN '+86****' || right(number, 2)
  WHEN number ~ '^\+?[0-9]{9,}$' THEN '****' || right(number, 2)
  ELSE '****'
END;

CREATE OR REPLACE FUNCTION rtc.mask_digits(digits text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN length(translate(digits, '-', '')) > 2 THEN '***' ELSE digits END;

-- Digits of an input method for Chinese are digits too.
CREATE OR REPLACE FUNCTION rtc.mask_text(t text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(t, '\+?([0-9０-９]{5,}|[0-9０-９]([ ．.()（）-]{0,2}[0-9０-９]){6,})', '***', 'g');
COMMENT ON FUNCTION rtc.mask_text(text) IS 'Text in which no run of five digits is left, and none of seven in groups / 遮盖文本中的长数字串';

CREATE OR REPLACE FUNCTION rtc.mask_icid(icid text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN icid ~ '\+[0-9]|(^|[^0-9])(00)?(86)?(1[3-9][0-9]{9}|0[0-9]{9,11})([^0-9]|$)' THEN '***' ELSE icid END;

-- Whether a session id may embed a phone number: in private number it begins with two, as +86…_+86…_4_<hex>. The known
-- forms 1201_612_4294967295_20190124030424@host and UUIDs hold none; of others, none that has a + or 7 digits in a row
-- is shown, but for 14 that read as a time.
CREATE OR REPLACE FUNCTION rtc.holds_number(session_id text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN session_id ~ '\+[0-9]|(^|[^0-9])(?!20[0-9]{12}([^0-9]|$))[0-9]{7}'
  AND session_id !~ '^([0-9]{1,6}_[0-9]{1,10}_[0-9]{1,10}_[0-9]{14}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})(@[a-zA-Z]([a-zA-Z.-]|[0-9]{1,6}(?![0-9]))*)?$';

CREATE OR REPLACE FUNCTION rtc.plain_number(number text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(number, '^(\+|00)?(86(?=1[3-9][0-9]{9}$))?', '');

CREATE OR REPLACE FUNCTION rtc.ref(key bytea, kind text, value text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN left(encode(sha256(key || convert_to(kind || ':' || value, 'UTF8')), 'hex'), 16);

CREATE OR REPLACE FUNCTION rtc.event_rank(event_type text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE event_type WHEN 'callin' THEN 1 WHEN 'callout' THEN 2 WHEN 'alerting' THEN 3 WHEN 'answer' THEN 4
  WHEN 'collectInfo' THEN 5 WHEN 'disconnect' THEN 7 ELSE 6 END;

CREATE OR REPLACE FUNCTION rtc.sip_outcome(status integer) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN status IN (486, 600) THEN 'busy'
  WHEN status = 408 THEN 'no answer'
  WHEN status = 480 THEN 'unreachable'
  WHEN status IN (603, 607, 608) THEN 'rejected'
  WHEN status = 487 THEN 'cancelled'
  WHEN status BETWEEN 400 AND 699 THEN 'failed'
END;

CREATE OR REPLACE FUNCTION rtc.seconds_between(a timestamptz, b timestamptz) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN least(greatest(0, extract(epoch FROM b - a)), 2147483647)::integer END;

CREATE OR REPLACE FUNCTION rtc.minutes_between(a timestamptz, b timestamptz) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN a IS NOT NULL AND b IS NOT NULL
  THEN least(greatest(1, ceil(extract(epoch FROM b - a) / 60)), 2147483647)::integer END;

-- Bodies of text that only the owner's functions call, which pin the path.
REVOKE EXECUTE ON FUNCTION rtc.number_forms(text), rtc.bucket_of(timestamptz, text, text), rtc.histogram(integer[]) FROM PUBLIC;

-- Other migrations may follow in the same transaction.
SET LOCAL search_path TO DEFAULT;
