-- Up Migration
--
-- Code tables of the platform: one set for both products, voice (VoiceCall) and private number.
--
-- `outcome` says how a call ended that shows this code and was not answered; 'answered' where the code can only stand in
-- an answered call. Whether a call was answered is told by its answer times, never by a code alone. The choices:
--   busy, no answer, rejected: the network did its work and the called side did not take the call. They count as effective
--     in NER, so what the platform or a carrier refuses by itself must not stand here.
--   busy: Q.850 17, SIP 486 and 600, no free agent. no answer: Q.850 18 and 19, ringing or INVITE timed out.
--   rejected: the called person declined (Q.850 21, SIP 603, hung up while it rang). 8105 and 8111 of the voice product say
--     "hung up or suspended"; the first is far more common. Private number has 7503 for hanging up, so its 8105 is
--     unreachable. In a callback call the "caller" of 8106 to 8111 is A, who is called too.
--   unreachable: switched off, absent, out of service (Q.850 20 and 27, SIP 480, 8103, 8104).
--   cancelled: the calling side or the customer gave up before the answer.
--   failed: a wrong number (Q.850 1, 22, 28; 8100), routes, ports, licenses, bindings, blacklists, frequency control,
--     announcements (8002 too: nobody knows which one the far end played), recording, our own mistakes. A wrong number is
--     nobody's answer, and carriers leave it out of NER as well.
--   NULL: the code says where it ended and not why. Release points 518 to 521, 550 and 551, state code 8001 and Q.850 0,
--     16, 31 (and 30, 40, 127) send the reader on to another code.
--
-- `product` is part of the key because some codes mean different things: 8008 asks the called party in voice and the
-- caller in AXE. Most mean the same in both.
-- 7xxx and 8xxx mean the same as release point and as state code, and each of the platform's lists leaves out some that
-- the other has (protocol.md: codes). So what both would say in the same words stands in rtc.hangup_reasons only, and
-- the views in schema ops, which the receiver reads too, look in the other table for what one does not have. The
-- platform adds codes without notice, so nothing refers to these tables.

SET LOCAL lock_timeout = '5s';

-- A DBA may have made them for a role that may make none; IF NOT EXISTS would ask for the right all the same.
DO $$ BEGIN IF to_regnamespace('ops') IS NULL THEN CREATE SCHEMA ops; END IF; END $$;
DO $$ BEGIN IF to_regnamespace('app') IS NULL THEN CREATE SCHEMA app; END IF; END $$;
COMMENT ON SCHEMA ops IS 'What ops see: calls, legs, statistics and gaps, no personal data / 运维视图，不含个人信息';
COMMENT ON SCHEMA app IS 'What the customer''s own applications read: calls with whole numbers / 供客户自有应用读取，含完整号码';

-- State codes --------------------------------------------------------------------------------------------------------
-- stateCode of disconnect events in both products, and in older lists (protocol.md: codes).

CREATE TABLE rtc.hangup_reasons (
  code integer,
  product text CONSTRAINT hangup_reasons_product CHECK (product IN ('both', 'voice', 'privateNumber')),
  en text NOT NULL,
  zh text NOT NULL,
  outcome text CONSTRAINT hangup_reasons_outcome CHECK (outcome IN
    ('answered', 'busy', 'no answer', 'rejected', 'cancelled', 'unreachable', 'failed')),
  PRIMARY KEY (code, product)
);
COMMENT ON TABLE rtc.hangup_reasons IS 'State codes of disconnect events / 通话挂机原因值';
COMMENT ON COLUMN rtc.hangup_reasons.code IS 'The code as the platform sends it / 平台发送的代码';
COMMENT ON COLUMN rtc.hangup_reasons.product IS 'voice or privateNumber where the code means different things, else both / 产品；含义相同时为 both';
COMMENT ON COLUMN rtc.hangup_reasons.en IS 'Meaning in English / 英文含义';
COMMENT ON COLUMN rtc.hangup_reasons.zh IS 'Meaning in Chinese / 中文含义';
COMMENT ON COLUMN rtc.hangup_reasons.outcome IS 'How an unanswered call with this code ended; NULL when the code only points elsewhere / 未接通时对应的结果；仅指向其他代码时为空';
INSERT INTO rtc.hangup_reasons VALUES
  (0, 'both', 'answered call, then a party hung up normally', '接通后主动挂机', 'answered'),
  (522, 'both', 'platform out of voice ports', '平台端口不够', 'failed'),
  (7001, 'both', 'call-frequency control on the developer account', '开发者呼叫频次管控', 'failed'),
  (7002, 'both', 'call-frequency control on the application', '应用呼叫频次管控', 'failed'),
  (7003, 'both', 'call-frequency control on the fixed-line (display) number', '固话号码呼叫频次管控', 'failed'),
  (7004, 'both', 'callee is on the called-party blacklist', '被叫黑名单呼叫管控', 'failed'),
  (7005, 'voice', 'caller is on the calling-party blacklist', '主叫黑名单安全管控', 'failed'),
  (7005, 'privateNumber', 'caller is blacklisted', '主叫在黑名单', 'failed'),
  (7100, 'both', 'application unknown', '查无该应用', 'failed'),
  (7101, 'both', 'application has no private-number resources', '应用没有隐私号码', 'failed'),
  (7102, 'both', 'other abnormal behavior', '其他异常', 'failed'),
  (7105, 'both', 'service type does not match', '业务类型不符', 'failed'),
  (7106, 'both', 'application is not enabled for private number', '应用未开通隐私通话', 'failed'),
  (7107, 'both', 'announcement of the security control could not be played', '管控提示音未能播放', 'failed'),
  (7108, 'voice', 'account state is frozen', '用户状态已冻结', 'failed'),
  (7108, 'privateNumber', 'account frozen', '账户冻结', 'failed'),
  (7109, 'voice', 'not enough voice ports', '语音端口不足', 'failed'),
  (7109, 'privateNumber', 'tenant out of voice ports', '租户端口不够', 'failed'),
  (7500, 'both', 'calls to this prefix are restricted', '号码前缀受限', 'failed'),
  (7501, 'both', 'caller hung up before the callee''s phone rang', '振铃前主叫挂断', 'cancelled'),
  (7502, 'both', 'caller hung up while the callee''s phone rang', '振铃中主叫挂断', 'cancelled'),
  (7503, 'both', 'callee declined', '被叫拒绝接听', 'rejected'),
  (7504, 'both', 'call refused: declined, do-not-disturb or blacklist of the callee, or an app on the phone that blocks', '遭拒：拒接、免打扰、黑名单或拦截软件', 'rejected'),
  (7505, 'both', 'network fault on the caller''s side', '主叫网络故障', 'failed'),
  (7506, 'both', 'network fault on the callee''s side, for example a bound number in a wrong format', '被叫网络故障或号码格式不对', 'failed'),
  (7507, 'both', 'announcement file missing', '缺放音文件', 'failed'),
  (7508, 'both', 'no route', '无法选路', 'failed'),
  (7516, 'both', 'caller hung up before the call was forwarded, for example before keying the extension in AXE', '转接前主叫挂断', 'cancelled'),
  (8000, 'both', 'internal error', '内部错误', 'failed'),
  (8001, 'both', 'user leg was not connected (frequency control, line/operator fault, callee off / busy / no answer)', '用户未接续成功', NULL),
  (8002, 'both', 'far end returned a failure announcement while connecting', '接续用户时对端返回失败放音', 'failed'),
  (8003, 'both', 'ringing timed out', '用户振铃超时', 'no answer'),
  (8004, 'both', 'user hung up while ringing', '用户振铃时挂机', 'rejected'),
  (8005, 'both', 'text-to-speech conversion failed', 'TTS转换失败', 'failed'),
  (8006, 'voice', 'announcement file does not exist', '放音文件不存在', 'failed'),
  (8006, 'privateNumber', 'announcement file of X mode missing', 'X模式放音文件缺失', 'failed'),
  (8007, 'voice', 'playing the announcement to the user failed', '给用户放音失败', 'failed'),
  (8007, 'privateNumber', 'tone of the last minute could not be played', '末分钟提示音未播', 'failed'),
  (8008, 'voice', 'play-and-collect failed (digits must be keyed within 5 s after the prompt ends)', '给用户放音收号失败', 'answered'),
  (8008, 'privateNumber', 'play-and-collect failed', '放音收号未成', 'failed'),
  (8009, 'both', 'caller hung up before the call was answered', '接通前主叫用户主动挂机', 'cancelled'),
  (8010, 'voice', 'hung up because the maximum call duration was reached', '超过通话最大时长挂机', 'answered'),
  (8010, 'privateNumber', 'longest allowed duration reached', '到最长时长', 'answered'),
  (8011, 'both', 'other abnormal behavior', '其他异常', 'failed'),
  (8012, 'both', 'invalid app_key', '无效的app_key', 'failed'),
  (8013, 'voice', 'invalid personal-number (AX) call', '无效的个人小号呼叫', 'failed'),
  (8013, 'privateNumber', 'AX: bound, but no temporary callee was set', 'AX未设临时被叫', 'failed'),
  (8014, 'voice', 'invalid relation-number (AXB) call', '无效的关系小号呼叫', 'failed'),
  (8014, 'privateNumber', 'AXB or X: invalid call, for example no binding or a wrong number format', 'AXB/X呼叫无效：无绑定或格式不对', 'failed'),
  (8015, 'both', 'recording the user failed', '给用户录音失败', 'failed'),
  (8016, 'voice', 'call direction not allowed (private number)', '关系小号呼叫方向不允许', 'failed'),
  (8016, 'privateNumber', 'AX or AXB: the binding does not allow this direction', '绑定不允许该方向', 'failed'),
  (8017, 'both', 'hang-up ordered by the customer (e.g. call stop API)', '用户指示挂机', 'cancelled'),
  (8018, 'voice', 'no permission for the service', '业务无权限', 'failed'),
  (8018, 'privateNumber', 'not permitted; also used when no AX binding exists', '无权限，含无AX绑定', 'failed'),
  (8019, 'voice', 'binding does not exist (private number)', '绑定关系不存在', 'failed'),
  (8019, 'privateNumber', 'A called X, but nobody is on record to be called back (AX, AXE)', '无可回呼的记录', 'failed'),
  (8020, 'voice', 'service exception', '业务异常', 'failed'),
  (8020, 'privateNumber', 'other abnormal behavior', '其他异常', 'failed'),
  (8022, 'voice', 'invalid extension number', '无效的分机号码', 'failed'),
  (8022, 'privateNumber', 'AXE, B calls X: binding missing or expired', 'AXE绑定缺失或过期', 'failed'),
  (8023, 'both', 'a fixed line may not be the caller', '固话不得作主叫', 'failed'),
  (8024, 'both', 'showing the real caller number is not allowed', '不许显示真实主叫', 'failed'),
  (8025, 'both', 'AXE: the X number called does not exist', 'AXE的X号码不存在', 'failed'),
  (8030, 'both', 'AXYB: no binding', 'AXYB无绑定', 'failed'),
  (8031, 'both', 'AXYB: no Y number could be assigned during the call', 'AXYB分配Y失败', 'failed'),
  (8032, 'both', 'AXYB: a party dialed its own private number', 'AXYB拨打自己的隐私号', 'failed'),
  (8033, 'both', 'no extension was keyed', '未输入分机号', 'failed'),
  (8035, 'both', 'no connection within about 90 s after the forward', '转接约90秒未接续', 'no answer'),
  (8040, 'both', 'other abnormal behavior', '其他异常', 'failed'),
  (8041, 'both', 'recording failed', '录音未成', 'failed'),
  (8042, 'both', 'international incoming calls barred', '国际来话禁止', 'failed'),
  (8043, 'both', 'international outgoing calls barred', '国际去话禁止', 'failed'),
  (8044, 'both', 'control: abnormal call times', '管控：通话时间异常', 'failed'),
  (8046, 'both', 'control: abnormal answer rate', '管控：接通率异常', 'failed'),
  (8047, 'both', 'control: the caller calls too often', '管控：主叫频次', 'failed'),
  (8048, 'both', 'control: the callee is called too often', '管控：被叫频次', 'failed'),
  (8049, 'both', 'control: the service number is used too often', '管控：业务号码频次', 'failed'),
  (8050, 'both', 'calls barred at this time of day', '该时段禁呼', 'failed'),
  (8051, 'both', 'sub-enterprise suspended', '子企业停用', 'failed'),
  (8055, 'both', 'X number unusable for calls and SMS', 'X号码不能通话和短信', 'failed'),
  (8056, 'both', 'control: probe-call number', '管控：拨测号码', 'failed'),
  (8057, 'both', 'control: call direction', '管控：呼叫方向', 'failed'),
  (8100, 'both', 'callee number does not exist', '被叫号码不存在', 'failed'),
  (8101, 'both', 'callee did not answer', '被叫无应答', 'no answer'),
  (8102, 'both', 'callee busy', '被叫用户正忙', 'busy'),
  (8103, 'voice', 'callee temporarily unreachable', '被叫用户暂时无法接通', 'unreachable'),
  (8103, 'privateNumber', 'callee has no signal, carrier could not connect', '被叫无信号', 'unreachable'),
  (8104, 'both', 'callee powered off', '被叫已关机', 'unreachable'),
  (8105, 'voice', 'callee hung up, or callee service suspended', '被叫挂机或被叫已停机', 'rejected'),
  (8105, 'privateNumber', 'callee''s line is suspended', '被叫停机', 'unreachable'),
  (8106, 'both', 'caller number does not exist', '主叫号码不存在', 'failed'),
  (8107, 'both', 'caller did not answer', '主叫无应答', 'no answer'),
  (8108, 'both', 'caller busy', '主叫用户正忙', 'busy'),
  (8109, 'both', 'caller temporarily unreachable', '主叫用户暂时无法接通', 'unreachable'),
  (8110, 'both', 'caller powered off', '主叫已关机', 'unreachable'),
  (8111, 'both', 'caller service suspended / hung up', '主叫挂机或主叫已停机', 'rejected'),
  (8139, 'both', 'other abnormal behavior', '其他异常', 'failed');

-- SIP statuses -------------------------------------------------------------------------------------------------------
-- sipStatusCode of CDRs: what the status of a failed call means, in the words of RFC 3261 and the mapping of RFC 3398.

CREATE TABLE rtc.sip_statuses (
  code integer PRIMARY KEY,
  en text NOT NULL,
  zh text NOT NULL,
  outcome text CONSTRAINT sip_statuses_outcome CHECK (outcome IN
    ('answered', 'busy', 'no answer', 'rejected', 'cancelled', 'unreachable', 'failed'))
);
COMMENT ON TABLE rtc.sip_statuses IS 'SIP statuses of failed calls / 失败呼叫的 SIP 状态码';
COMMENT ON COLUMN rtc.sip_statuses.code IS 'The status / 状态码';
COMMENT ON COLUMN rtc.sip_statuses.en IS 'Meaning in English / 英文含义';
COMMENT ON COLUMN rtc.sip_statuses.zh IS 'Meaning in Chinese / 中文含义';
COMMENT ON COLUMN rtc.sip_statuses.outcome IS 'How a call ended that failed with this status / 以此状态失败的呼叫结果';
INSERT INTO rtc.sip_statuses
SELECT status, 'SIP status ' || status, 'SIP 状态码 ' || status,
  CASE
    WHEN status IN (486, 600) THEN 'busy'
    WHEN status = 408 THEN 'no answer'
    WHEN status = 480 THEN 'unreachable'
    WHEN status IN (603, 607, 608) THEN 'rejected'
    WHEN status = 487 THEN 'cancelled'
    ELSE 'failed'
  END
FROM generate_series(400, 699) AS status;

-- Release points -----------------------------------------------------------------------------------------------------
-- ulFailReason of CDRs in both products (protocol.md: codes). The ranges 400 to 699 (the SIP status itself, when the
-- far end gave no Q.850 cause) and 2901 to 2914 are written out, one row a code; single values win.

CREATE TABLE rtc.release_points (
  code integer,
  product text CONSTRAINT release_points_product CHECK (product IN ('both', 'voice', 'privateNumber')),
  en text NOT NULL,
  zh text NOT NULL,
  outcome text CONSTRAINT release_points_outcome CHECK (outcome IN
    ('answered', 'busy', 'no answer', 'rejected', 'cancelled', 'unreachable', 'failed')),
  PRIMARY KEY (code, product)
);
COMMENT ON TABLE rtc.release_points IS 'Release points of CDRs, ranges written out / 呼叫拆线点，区间已展开';
COMMENT ON COLUMN rtc.release_points.code IS 'The code as the platform sends it / 平台发送的代码';
COMMENT ON COLUMN rtc.release_points.product IS 'voice or privateNumber where the code means different things, else both / 产品；含义相同时为 both';
COMMENT ON COLUMN rtc.release_points.en IS 'Meaning in English / 英文含义';
COMMENT ON COLUMN rtc.release_points.zh IS 'Meaning in Chinese / 中文含义';
COMMENT ON COLUMN rtc.release_points.outcome IS 'How an unanswered call with this code ended; NULL when the code only points elsewhere / 未接通时对应的结果；仅指向其他代码时为空';
INSERT INTO rtc.release_points VALUES
  (0, 'both', 'answered call, then a party hung up normally', '接通后主动挂机', 'answered'),
  (100, 'both', 'play-and-collect: collected digits were empty (key within 5 s of prompt end)', '放音收号时系统接收到的号码为空', 'answered'),
  (501, 'both', 'recording: creating the conference failed', '录音创建会议失败', 'failed'),
  (502, 'both', 'recording: creating the conference timed out', '录音创建会议超时', 'failed'),
  (503, 'both', 'recording: caller failed to join the conference', '录音主叫加入会议失败', 'failed'),
  (504, 'both', 'recording: caller join timed out', '录音主叫加入会议超时', 'failed'),
  (505, 'both', 'recording: adding the record endpoint failed', '录音增加录音端点失败', 'failed'),
  (506, 'both', 'recording: adding the record endpoint timed out', '录音增加录音端点超时', 'failed'),
  (507, 'both', 'starting the recording failed', '启动录音失败', 'failed'),
  (508, 'both', 'starting the recording timed out', '启动录音超时', 'failed'),
  (509, 'both', 'playing the recording notice failed', '放录音提示音失败', 'failed'),
  (510, 'both', 'playing the recording notice timed out', '放录音提示音超时', 'failed'),
  (512, 'both', 'recording: VCU switchover released the call', '录音VCU倒换释放呼叫', 'failed'),
  (513, 'both', 'call timed out', '呼叫超时', 'no answer'),
  (514, 'both', 'ringing timed out', '振铃超时', 'no answer'),
  (515, 'both', 'remote user cancelled', '远端用户主动Cancel', 'cancelled'),
  (516, 'both', 'local user cancelled', '本端用户主动Cancel', 'cancelled'),
  (517, 'both', 'platform response timed out', '平台响应超时', 'failed'),
  (518, 'both', 'remote user call failed; look at the Q.850 value', '远端用户呼叫失败', NULL),
  (519, 'both', 'local user call failed (0XX/OXX); look at the Q.850 value', '本端用户呼叫失败(OXX)', NULL),
  (520, 'both', 'local user call failed (18X); look at the Q.850 value', '本端用户呼叫失败(18X)', NULL),
  (521, 'both', 'remote leg released before it rang', '远端呼叫还未振铃已经拆线', NULL),
  (522, 'both', 'not enough voice ports', '语音端口不足', 'failed'),
  (524, 'both', 'announcement file does not exist', '放音文件不存在', 'failed'),
  (526, 'both', 'mute failed', '静音失败', 'failed'),
  (527, 'both', 'unmute failed', '取消静音失败', 'failed'),
  (528, 'both', 'calls to numbers without the allowed prefix are restricted', '限制呼叫非特定前缀的号码', 'failed'),
  (529, 'both', 'appkey does not exist', 'appkey不存在', 'failed'),
  (530, 'both', 'caller hung up before the forward', 'forward前主叫挂机', 'cancelled'),
  (539, 'both', 'caller hung up before the recording flow finished', '录音流程未完成,主叫主动挂断电话', 'cancelled'),
  (540, 'both', 'callee hung up before the recording flow finished', '录音流程未完成,被叫主动挂断电话', 'rejected'),
  (541, 'both', 'renegotiation with the caller failed after the callee answered', '被叫接通后和主叫的重协商失败', 'failed'),
  (542, 'both', 'recording timeout released the call', '录音超时释放呼叫', 'answered'),
  (550, 'both', 'local leg failed to ring', '本端呼叫振铃失败', NULL),
  (551, 'both', 'click-to-call local leg received a 0XX/OXX message', '点击呼叫本端收到OXX消息', NULL),
  (552, 'both', 'local user hung up while the remote leg was ringing', '远端振铃时本端用户挂机', 'cancelled'),
  (553, 'both', 'local user hung up before the remote leg rang', '远端还未振铃时本端用户挂机', 'cancelled'),
  (1001, 'both', 'agent hung up', '坐席主动挂机', 'answered'),
  (1002, 'both', 'user hung up', '用户主动挂机', 'answered'),
  (1003, 'both', 'customer released the call through the switchboard API', 'SP调用总机释放接口挂机', 'cancelled'),
  (1004, 'both', 'agent blind-transferred after a click-out call and hung up', '发起点击外呼后,坐席进行盲转并挂机', 'answered'),
  (2801, 'both', 'IVR announcement failed', 'IVR放音失败', 'failed'),
  (2802, 'both', 'IVR rule invalid', 'IVR规则无效', 'failed'),
  (2803, 'both', 'IVR key presses exceeded the maximum', 'IVR按键超过最大次数', 'answered'),
  (2805, 'both', 'IVR outside service hours (1)', 'IVR不在服务时间-1', 'failed'),
  (2806, 'both', 'IVR outside service hours (2)', 'IVR不在服务时间-2', 'failed'),
  (2810, 'both', 'MRF not configured', '未配置MRF', 'failed'),
  (2811, 'both', 'I-CSCF not configured', '未配置ICSCF', 'failed'),
  (2812, 'both', 'announcement timed out', '放音超时', 'failed'),
  (2825, 'both', 'satisfaction survey finished (closing tone configured)', '满意度调查结束-1', 'answered'),
  (2829, 'both', 'dialed extension busy or no answer', '拨分机号被叫忙或者无应答', 'no answer'),
  (2831, 'both', 'enterprise inbound license limit', '企业呼入License受限', 'failed'),
  (2837, 'both', 'announcement failed', '放音失败', 'failed'),
  (2838, 'both', 'released by INVITE timeout', 'INVITE超时释放', 'no answer'),
  (2847, 'both', 'switchboard line selection found no available agent', '总机选线无可用坐席', 'busy'),
  (2853, 'both', 'agent unavailable, incoming call refused', '坐席不可用,拒接呼入', 'rejected'),
  (2863, 'both', 'voice message: creating the recording failed', '留言创建录音失败', 'failed'),
  (2868, 'both', 'enterprise service suspended', '企业已停机', 'failed'),
  (2871, 'both', 'dynamic IVR timed out waiting for a customer instruction', '动态ivr等待sp指令超时', 'answered'),
  (7003, 'both', 'call-frequency control on the display number', '显示号码呼叫频次管控', 'failed'),
  (7005, 'both', 'caller is on the calling-party blacklist', '主叫黑名单呼叫管控', 'failed'),
  (7100, 'both', 'app information does not exist', 'app信息不存在', 'failed'),
  (7102, 'both', 'internal error of the service', '平台服务内部错误', 'failed'),
  (7103, 'both', 'caller number is unknown to the platform', '主叫号码无记录', 'failed'),
  (7104, 'both', 'no AX binding', '没有AX绑定', 'failed'),
  (7105, 'both', 'service type mismatch', '业务类型不匹配', 'failed'),
  (7106, 'both', 'the app has not applied for the private-number capability', 'APP未申请个人小号能力', 'failed'),
  (7107, 'both', 'playing the security-control announcement failed', '安全管控提示音放音失败', 'failed'),
  (7108, 'both', 'account state is frozen', '用户状态已冻结', 'failed'),
  (7109, 'both', 'not enough voice ports', '语音端口不足', 'failed'),
  (7503, 'both', 'callee hung up', '被叫挂断', 'rejected'),
  (7504, 'both', 'call refused', '呼叫遭拒', 'rejected'),
  (8001, 'both', 'user leg was not connected (see stateCode 8001)', '用户未接续成功', NULL),
  (8006, 'privateNumber', 'announcement file missing', '放音文件缺失', 'failed'),
  (8007, 'privateNumber', 'announcement could not be played', '放音未成', 'failed'),
  (8008, 'voice', 'play-and-collect failed (key within 5 s of prompt end)', '给用户放音收号失败', 'answered'),
  (8010, 'both', 'hung up because the maximum call duration was reached', '超过通话最大时长挂机', 'answered'),
  (8011, 'both', 'internal error', '内部错误', 'failed'),
  (8014, 'privateNumber', 'AXB: invalid call', 'AXB呼叫无效', 'failed'),
  (8017, 'both', 'hang-up ordered by the customer', '客户指示挂机', 'cancelled'),
  (8020, 'both', 'service exception', '业务异常', 'failed'),
  (8035, 'both', 'callee did not answer, ringing timed out', '被叫久叫不应', 'no answer'),
  (8040, 'both', 'internal error', '内部错误', 'failed'),
  (8055, 'both', 'X number may neither call nor send SMS; look at its state', 'X号码不能通话和短信', 'failed'),
  (8058, 'both', 'worker''s real name not verified', '从业人员未做实名', 'failed'),
  (8059, 'both', 'blocked by the carrier', '被运营商拦下', 'failed'),
  (8102, 'both', 'callee busy (in a call, ringing, ...)', '被叫用户正忙', 'busy'),
  (8103, 'both', 'callee temporarily unreachable', '被叫用户暂时无法接通', 'unreachable'),
  (8104, 'both', 'callee powered off (off, flight mode, no network)', '被叫已关机', 'unreachable'),
  (8108, 'both', 'caller busy (in a call, ringing, ...)', '主叫用户正忙', 'busy'),
  (8110, 'both', 'caller powered off (off, flight mode, no network)', '主叫已关机', 'unreachable'),
  (8111, 'both', 'caller hung up, or caller service suspended', '主叫挂机或主叫已停机', 'rejected');
INSERT INTO rtc.release_points
SELECT code, 'both', en || ' from the far end', '对端返回的 ' || zh, outcome FROM rtc.sip_statuses
UNION ALL
SELECT code, 'both', 'recording failed', '录音失败', 'failed' FROM generate_series(2901, 2914) AS code
ON CONFLICT DO NOTHING;

-- Q.850 causes -------------------------------------------------------------------------------------------------------
-- callOutUnaswRsn and fwdUnaswRsn of CDRs: the same in both products (protocol.md: codes).

CREATE TABLE rtc.q850_causes (
  code integer PRIMARY KEY,
  en text NOT NULL,
  zh text NOT NULL,
  outcome text CONSTRAINT q850_causes_outcome CHECK (outcome IN
    ('answered', 'busy', 'no answer', 'rejected', 'cancelled', 'unreachable', 'failed'))
);
COMMENT ON TABLE rtc.q850_causes IS 'Q.850 causes of legs that were not answered / Q.850 原因值';
COMMENT ON COLUMN rtc.q850_causes.code IS 'The cause as the platform sends it / 平台发送的原因值';
COMMENT ON COLUMN rtc.q850_causes.en IS 'Meaning in English / 英文含义';
COMMENT ON COLUMN rtc.q850_causes.zh IS 'Meaning in Chinese / 中文含义';
COMMENT ON COLUMN rtc.q850_causes.outcome IS 'How an unanswered call with this cause ended; NULL when the cause only points elsewhere / 未接通时对应的结果；仅指向其他代码时为空';
INSERT INTO rtc.q850_causes VALUES
  (0, 'not applicable', '不涉及', NULL),
  (1, 'number cannot be found (unallocated)', '无法找到号码', 'failed'),
  (2, 'no route to network', '无法路由到网络', 'failed'),
  (3, 'no route to destination', '无法路由到目的地', 'failed'),
  (4, 'send special information tone', '发送特殊消息', 'failed'),
  (5, 'misdialed trunk prefix', '中继前缀出错', 'failed'),
  (6, 'channel unacceptable', '通道无法接入', 'failed'),
  (7, 'channel already established (call awarded)', '已经建立频道', 'failed'),
  (8, 'preemption', '抢先占有', 'failed'),
  (9, 'preemption, circuit reserved', '抢先占有保留', 'failed'),
  (16, 'normal call clearing', '正常呼叫清除', NULL),
  (17, 'user busy', '用户忙', 'busy'),
  (18, 'no response', '无应答', 'no answer'),
  (19, 'no answer from user', '无用户应答', 'no answer'),
  (20, 'subscriber absent / unreachable', '用户不可及', 'unreachable'),
  (21, 'call rejected', '拒绝呼叫', 'rejected'),
  (22, 'number changed', '号码已改变', 'failed'),
  (23, 'redirection', '重定向', 'failed'),
  (25, 'exchange routing error', '交换路由错误', 'failed'),
  (26, 'non-selected user clearing', '无用户准许', 'failed'),
  (27, 'destination out of order', '目标无序', 'unreachable'),
  (28, 'invalid number format', '非法号码格式', 'failed'),
  (29, 'facility rejected', '设备拒绝', 'failed'),
  (30, 'response to status enquiry', '状态查询', NULL),
  (31, 'normal, unspecified', '正常', NULL),
  (34, 'no route / circuit available', '路由不可达', 'failed'),
  (38, 'network out of order', '网络状态不好', 'failed'),
  (39, 'permanent frame connection out of service', '服务链接不上', 'failed'),
  (40, 'permanent frame connection operational', '链接进行中', NULL),
  (41, 'temporary failure', '暂时失败', 'failed'),
  (42, 'switching equipment congestion', '设备拥塞', 'failed'),
  (43, 'access information discarded', '信息丢弃', 'failed'),
  (44, 'requested channel unavailable', '通道无法接入', 'failed'),
  (46, 'call blocked', '呼叫阻塞', 'failed'),
  (47, 'resource unavailable', '无可用资源', 'failed'),
  (49, 'quality of service unavailable', '品质无效', 'failed'),
  (50, 'facility not subscribed', '设备没预订', 'failed'),
  (53, 'outgoing calls barred within CUG', '闭合群OCB呼出受限', 'failed'),
  (55, 'incoming calls barred within CUG', '闭合群ICB呼入受限', 'failed'),
  (57, 'bearer capability not authorized', '无权限发送', 'failed'),
  (58, 'bearer capability not presently available', '发送无效', 'failed'),
  (62, 'inconsistency in access class', '等级不一致', 'failed'),
  (63, 'service or option unavailable', '服务无效', 'failed'),
  (65, 'bearer capability not implemented', '发送无法执行', 'failed'),
  (66, 'channel type not implemented', '通道无法执行', 'failed'),
  (69, 'requested facility not implemented', '设备无效', 'failed'),
  (70, 'only restricted bearer available', '发送有效', 'failed'),
  (79, 'service or option not implemented', 'CV服务没设置', 'failed'),
  (81, 'invalid call reference', '引用非法值', 'failed'),
  (82, 'identified channel does not exist', '通道不存在', 'failed'),
  (83, 'suspended call exists, but not this call identity', 'ID不存在', 'failed'),
  (84, 'call identity in use / not existing', '呼叫ID不存在', 'failed'),
  (85, 'no call suspended / waiting', '无呼叫等待', 'failed'),
  (86, 'call with the requested identity cleared', '隐藏号码呼叫', 'failed'),
  (87, 'user not a member of CUG', 'CUG无成员', 'failed'),
  (88, 'incompatible destination', '目标冲突', 'failed'),
  (90, 'CUG does not exist', 'CUG不存在', 'failed'),
  (91, 'invalid transit network', '无效网络', 'failed'),
  (95, 'invalid message', '无效信息', 'failed'),
  (96, 'mandatory information element missing', '非托管元素', 'failed'),
  (97, 'message type non-existent', '类型不存在', 'failed'),
  (98, 'message not compatible / not carried out', '信息没执行', 'failed'),
  (99, 'information element non-existent', '信息单元不存在', 'failed'),
  (100, 'invalid information element contents', '无效的信息单元', 'failed'),
  (101, 'message not compatible with call state', '呼叫状态不一致', 'failed'),
  (102, 'recovery on timer expiry', '定时器超时', 'failed'),
  (103, 'parameter non-existent', '参数不存在', 'failed'),
  (110, 'message with unrecognized parameter', '消息中带有未识别的参数', 'failed'),
  (111, 'protocol error', '协议错误', 'failed'),
  (127, 'interworking, unspecified', '未指定的交互', NULL);

-- Service types ------------------------------------------------------------------------------------------------------
-- serviceType of CDRs (protocol.md: private-number modes). 006 was found nowhere: X mode shares 004 with AXB.

CREATE TABLE rtc.service_types (
  code text PRIMARY KEY,
  en text NOT NULL,
  zh text NOT NULL,
  scenario text NOT NULL CONSTRAINT service_types_scenario CHECK (scenario IN ('playback', 'click2Call', 'privateNumber')),
  mode text CONSTRAINT service_types_mode CHECK (mode IN ('AX', 'AXB', 'AXE', 'AXYB', 'X'))
);
COMMENT ON TABLE rtc.service_types IS 'Service types of CDRs / 业务类型';
COMMENT ON COLUMN rtc.service_types.code IS 'The code as the platform sends it / 平台发送的代码';
COMMENT ON COLUMN rtc.service_types.en IS 'Meaning in English / 英文含义';
COMMENT ON COLUMN rtc.service_types.zh IS 'Meaning in Chinese / 中文含义';
COMMENT ON COLUMN rtc.service_types.scenario IS 'Scenario that follows from it; playback = notification or verification / 对应的业务场景';
COMMENT ON COLUMN rtc.service_types.mode IS 'Private number: mode that follows from it; NULL for 004, which is X with a notifyMode and else AXB / 对应的隐私号模式；004 有 notifyMode 时为 X，否则为 AXB';
INSERT INTO rtc.service_types VALUES
  ('001', 'voice playback: voice notification and voice verification code', '语音播放：语音通知与语音验证码', 'playback', NULL),
  ('002', 'voice callback', '语音回呼', 'click2Call', NULL),
  ('003', 'private number, AX', '隐私号AX', 'privateNumber', 'AX'),
  ('004', 'private number, AXB or X', '隐私号AXB或X', 'privateNumber', NULL),
  ('005', 'private number, AXE', '隐私号AXE', 'privateNumber', 'AXE'),
  ('007', 'private number, AXYB', '隐私号AXYB', 'privateNumber', 'AXYB');

-- Views --------------------------------------------------------------------------------------------------------------

CREATE VIEW ops.hangup_reasons AS
SELECT DISTINCT ON (p.product, m.code) m.code, p.product, m.en, m.zh, m.outcome
FROM (VALUES ('voice'), ('privateNumber')) AS p (product)
JOIN (
  SELECT 1 AS place, code, product, en, zh, outcome FROM rtc.hangup_reasons
  UNION ALL
  SELECT 2, code, product, en, zh, outcome FROM rtc.release_points WHERE code BETWEEN 7000 AND 8999
) AS m ON m.product IN (p.product, 'both')
ORDER BY p.product, m.code, m.place, m.product = 'both';
COMMENT ON VIEW ops.hangup_reasons IS 'What each state code means in each product / 各产品的挂机原因值含义';
COMMENT ON COLUMN ops.hangup_reasons.code IS 'The code as the platform sends it / 平台发送的代码';
COMMENT ON COLUMN ops.hangup_reasons.product IS 'voice or privateNumber / 产品';
COMMENT ON COLUMN ops.hangup_reasons.en IS 'Meaning in English / 英文含义';
COMMENT ON COLUMN ops.hangup_reasons.zh IS 'Meaning in Chinese / 中文含义';
COMMENT ON COLUMN ops.hangup_reasons.outcome IS 'How an unanswered call with this code ended; NULL when the code only points elsewhere / 未接通时对应的结果；仅指向其他代码时为空';

CREATE VIEW ops.release_points AS
SELECT DISTINCT ON (p.product, m.code) m.code, p.product, m.en, m.zh, m.outcome
FROM (VALUES ('voice'), ('privateNumber')) AS p (product)
JOIN (
  SELECT 1 AS place, code, product, en, zh, outcome FROM rtc.release_points
  UNION ALL
  SELECT 2, code, product, en, zh, outcome FROM rtc.hangup_reasons WHERE code BETWEEN 7000 AND 8999
) AS m ON m.product IN (p.product, 'both')
ORDER BY p.product, m.code, m.place, m.product = 'both';
COMMENT ON VIEW ops.release_points IS 'What each release point means in each product / 各产品的呼叫拆线点含义';
COMMENT ON COLUMN ops.release_points.code IS 'The code as the platform sends it / 平台发送的代码';
COMMENT ON COLUMN ops.release_points.product IS 'voice or privateNumber / 产品';
COMMENT ON COLUMN ops.release_points.en IS 'Meaning in English / 英文含义';
COMMENT ON COLUMN ops.release_points.zh IS 'Meaning in Chinese / 中文含义';
COMMENT ON COLUMN ops.release_points.outcome IS 'How an unanswered call with this code ended; NULL when the code only points elsewhere / 未接通时对应的结果；仅指向其他代码时为空';

CREATE VIEW ops.q850_causes AS SELECT code, en, zh, outcome FROM rtc.q850_causes;
COMMENT ON VIEW ops.q850_causes IS 'Q.850 causes of legs that were not answered / Q.850 原因值';
COMMENT ON COLUMN ops.q850_causes.code IS 'The cause as the platform sends it / 平台发送的原因值';
COMMENT ON COLUMN ops.q850_causes.en IS 'Meaning in English / 英文含义';
COMMENT ON COLUMN ops.q850_causes.zh IS 'Meaning in Chinese / 中文含义';
COMMENT ON COLUMN ops.q850_causes.outcome IS 'How an unanswered call with this cause ended; NULL when the cause only points elsewhere / 未接通时对应的结果；仅指向其他代码时为空';

CREATE VIEW ops.sip_statuses AS SELECT code, en, zh, outcome FROM rtc.sip_statuses;
COMMENT ON VIEW ops.sip_statuses IS 'SIP statuses of failed calls / 失败呼叫的 SIP 状态码';
COMMENT ON COLUMN ops.sip_statuses.code IS 'The status / 状态码';
COMMENT ON COLUMN ops.sip_statuses.en IS 'Meaning in English / 英文含义';
COMMENT ON COLUMN ops.sip_statuses.zh IS 'Meaning in Chinese / 中文含义';
COMMENT ON COLUMN ops.sip_statuses.outcome IS 'How a call ended that failed with this status / 以此状态失败的呼叫结果';

CREATE VIEW ops.service_types AS SELECT code, en, zh, scenario, mode FROM rtc.service_types;
COMMENT ON VIEW ops.service_types IS 'Service types of CDRs / 业务类型';
COMMENT ON COLUMN ops.service_types.code IS 'The code as the platform sends it / 平台发送的代码';
COMMENT ON COLUMN ops.service_types.en IS 'Meaning in English / 英文含义';
COMMENT ON COLUMN ops.service_types.zh IS 'Meaning in Chinese / 中文含义';
COMMENT ON COLUMN ops.service_types.scenario IS 'Scenario that follows from it; playback = notification or verification / 对应的业务场景';
COMMENT ON COLUMN ops.service_types.mode IS 'Private number: mode that follows from it; NULL for 004, which is X with a notifyMode and else AXB / 对应的隐私号模式；004 有 notifyMode 时为 X，否则为 AXB';

CREATE VIEW ops.apps AS SELECT app_key, name, scenario FROM rtc.apps;
COMMENT ON VIEW ops.apps IS 'What the owner tells about each application / 应用登记';
COMMENT ON COLUMN ops.apps.app_key IS 'appKey of the application / 应用的 appKey';
COMMENT ON COLUMN ops.apps.name IS 'Name for people / 应用名称';
COMMENT ON COLUMN ops.apps.scenario IS 'click2Call, callnotify, callVerify or privateNumber / 业务场景：语音回呼、语音通知、语音验证码、隐私保护通话';
