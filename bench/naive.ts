import { createHash } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import pg from 'pg'

/**
 * What one would write in an afternoon: the body parsed by Fastify, one INSERT per status event, one transaction of
 * single INSERTs per feeLst, a pool of 10. No signatures, no checks, no quarantine, no log, no metrics; the digest that
 * the key of an event needs is plain MD5.
 */
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL ?? '', max: 10 })
const app = Fastify({ bodyLimit: 1024 * 1024 })
const accepted = { resultcode: '0', resultdesc: 'Success' }

type Values = Record<string, string | number>

const digest = (value: unknown) => createHash('md5').update(JSON.stringify(value)).digest('hex')
const time = (text: string | number | undefined) => (text ? `${text}+00` : null)

const insertEvent = `INSERT INTO rtc.call_events (session_id, event_type, occurred_at, caller, called, user_data, digit_info,
  party_type, state_code, state_desc, event_key, received_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, now()) ON CONFLICT DO NOTHING`

app.post<{ Body: { eventType: string; statusInfo: Values } }>('/rtc/status', async ({ body }) => {
  const { eventType, statusInfo: s } = body
  await pool.query(insertEvent, [
    s.sessionId,
    eventType,
    time(s.timestamp),
    s.caller,
    s.called,
    s.userData,
    s.digitInfo,
    s.partyType,
    s.stateCode,
    s.stateDesc,
    digest(body),
  ])
  return accepted
})

const insertCdr = `INSERT INTO rtc.cdrs (session_id, icid, cdr_time, direction, sp_id, app_key, bind_num, caller_num, callee_num,
  fwd_display_num, fwd_dst_num, call_out_start_time, call_out_alerting_time, call_out_answer_time, fwd_start_time,
  fwd_alerting_time, fwd_answer_time, call_end_time, fail_time, call_out_unasw_rsn, fwd_unasw_rsn, ul_fail_reason,
  sip_status_code, record_flag, record_start_time, record_domain, record_bucket_name, record_object_name,
  record_file_download_url, tts_play_times, tts_trans_duration, service_type, host_name, user_data, received_at)
  VALUES (${Array.from({ length: 34 }, (_, i) => `$${i + 1}`).join()}, now()) ON CONFLICT DO NOTHING`

app.post<{ Body: { feeLst: Values[] } }>('/rtc/fee', async ({ body }) => {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    for (const r of body.feeLst) {
      await client.query(insertCdr, [
        r.sessionId,
        r.icid ?? '',
        time(r.callEndTime ?? r.failTime),
        r.direction,
        r.spId,
        r.appKey,
        r.bindNum,
        r.callerNum,
        r.calleeNum,
        r.fwdDisplayNum,
        r.fwdDstNum,
        time(r.callOutStartTime),
        time(r.callOutAlertingTime),
        time(r.callOutAnswerTime),
        time(r.fwdStartTime),
        time(r.fwdAlertingTime),
        time(r.fwdAnswerTime),
        time(r.callEndTime),
        time(r.failTime),
        r.callOutUnaswRsn,
        r.fwdUnaswRsn,
        r.ulFailReason,
        r.sipStatusCode,
        r.recordFlag,
        time(r.recordStartTime),
        r.recordDomain,
        r.recordBucketName,
        r.recordObjectName,
        r.recordFileDownloadUrl,
        r.ttsPlayTimes,
        r.ttsTransDuration,
        r.serviceType,
        r.hostName,
        r.userData,
      ])
    }
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
  return accepted
})

await app.listen({ host: '127.0.0.1', port: 0 })
process.send?.({ port: (app.server.address() as AddressInfo).port })
