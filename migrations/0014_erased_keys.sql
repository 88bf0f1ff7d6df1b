-- Up Migration
--
-- Erased CDRs are looked up as well, where their session id or icid held the number: a receiver asks for those that are not
-- later than rtc.erased_until().

COMMENT ON COLUMN rtc.erasures.events_until IS 'No erased event, and no erased CDR whose key held the number, is later than this: later ones need not be compared / 已清除事件及键中含号码的已清除话单的最晚时间';
COMMENT ON FUNCTION rtc.erased_until() IS 'The latest time that an erased event, or an erased CDR whose key held the number, may have, UTC / 已清除事件及键中含号码的已清除话单的最晚时间';
