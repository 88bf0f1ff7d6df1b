import { type Static, Type } from 'typebox'
import { columnsOf, flag, int, optionalProperties, SessionId, text, time, url } from './fields.ts'

/**
 * Every documented field of a CDR (protocol.md: CDR callback), and what the private-number product, which shares the
 * envelope, adds to it (protocol.md: private-number CDRs).
 */
export const feeFields = [
  int('direction', 'direction', '0 outgoing; private number: 0 somebody calls A, 1 A calls, 2 abnormal'),
  text('spId', 'sp_id', "The customer's cloud account"),
  text('appKey', 'app_key', 'app_key of the application'),
  text('icid', 'icid', 'Unique id of the call record'),
  text('bindNum', 'bind_num', 'Fixed-line number that placed the call'),
  text('sessionId', 'session_id', 'Id of the call'),
  text('callerNum', 'caller_num', 'Number shown to A'),
  text('calleeNum', 'callee_num', 'A, the first party called'),
  text('fwdDisplayNum', 'fwd_display_num', 'Number shown to B'),
  text('fwdDstNum', 'fwd_dst_num', 'B, the second party called'),
  time('callInTime', 'call_in_time', 'Start of an inbound call (private number)'),
  time('callOutStartTime', 'call_out_start_time', 'Start of the leg to A'),
  time('callOutAlertingTime', 'call_out_alerting_time', 'A rings'),
  time('callOutAnswerTime', 'call_out_answer_time', 'A answered'),
  int('callOutUnaswRsn', 'call_out_unasw_rsn', 'Q.850 cause when the leg to A failed, 0 otherwise'),
  time('fwdStartTime', 'fwd_start_time', 'Start of the leg to B'),
  time('fwdAlertingTime', 'fwd_alerting_time', 'B rings'),
  time('fwdAnswerTime', 'fwd_answer_time', 'B answered'),
  int('fwdUnaswRsn', 'fwd_unasw_rsn', 'Q.850 cause when the leg to B failed, 0 otherwise'),
  time('callEndTime', 'call_end_time', 'End of the call'),
  time('failTime', 'fail_time', 'Time of failure'),
  int('ulFailReason', 'ul_fail_reason', 'Release point, 0 for an answered call'),
  int('sipStatusCode', 'sip_status_code', 'SIP status of the failure, 0 when there was none'),
  time('dynIVRStartTime', 'dyn_ivr_start_time', 'Start of the dynamic IVR'),
  text('dynIVRPath', 'dyn_ivr_path', 'Keys pressed in the dynamic IVR, joined by "-"'),
  flag('recordFlag', 'record_flag', '0 not recorded, 1 recorded'),
  time('recordStartTime', 'record_start_time', 'Start of the recording'),
  text('recordObjectName', 'record_object_name', 'Name of the recording file'),
  text('recordBucketName', 'record_bucket_name', 'Directory of the recording file'),
  text('recordDomain', 'record_domain', 'Host that stores the recording file'),
  url('recordFileDownloadUrl', 'record_file_download_url', 'Download address, for when domain and name are empty'),
  int('ttsPlayTimes', 'tts_play_times', 'How often text-to-speech was used'),
  int('ttsTransDuration', 'tts_trans_duration', 'Time the text-to-speech server needed, in seconds'),
  text(
    'serviceType',
    'service_type',
    '001 playback, 002 callback; private number: 003 AX, 004 AXB or X, 005 AXE, 007 AXYB',
  ),
  text('hostName', 'host_name', 'Host that made the record'),
  text('userData', 'user_data', "The request's userData"),
  text('subscriptionId', 'subscription_id', 'Id of the binding (private number)'),
  text('extendNumber', 'extend_number', 'Extension that was keyed (private number, AXE)'),
  text('notifyMode', 'notify_mode', 'Always Block (private number, X mode)'),
  int('callRelDirection', 'call_rel_direction', 'Who hung up: 1 caller, 2 callee (private number, X mode)'),
] as const

/** Other names of fields, and the name above (protocol.md: private-number CDRs). */
export const feeAliases: ReadonlyMap<string, string> = new Map([['extendNum', 'extendNumber']])

/** Counters and causes that say "none" by 0: the platform sends it or omits the field (protocol.md: CDR callback). */
export const zeroMeansNone: ReadonlySet<string> = new Set([
  'callOutUnaswRsn',
  'fwdUnaswRsn',
  'ulFailReason',
  'sipStatusCode',
  'ttsPlayTimes',
  'ttsTransDuration',
])

/**
 * One CDR. The platform requires more fields (protocol.md: CDR callback); only sessionId and one time decide whether it
 * can be stored.
 */
export const FeeInfo = Type.Object(
  {
    ...optionalProperties(feeFields),
    sessionId: SessionId('Id of the call'),
  },
  { additionalProperties: true, description: 'One CDR' },
)
export type FeeInfo = Static<typeof FeeInfo>

/** Columns of a CDR that come from the record. */
export const cdrColumns = [
  ...columnsOf(feeFields),
  { column: 'cdr_time', type: 'time' },
  { column: 'extra', type: 'json' },
] as const
