-- Up Migration
--
-- Code tables of the platform, and the tables beside the two big ones.
--
-- `outcome` says how a call ended that shows this code and was not answered; 'answered' where the code can only stand in
-- an answered call. Whether a call was answered is told by its answer times, never by a code alone. The choices:
--   busy, no answer, rejected, unreachable: the network did its work and the called side did not take the call. They
--     count as effective in NER, so what the platform or a carrier refuses by itself must not stand here.
--   busy: Q.850 17, SIP 486 and 600, no free agent. no answer: Q.850 18 and 19, ringing or INVITE timed out.
--   unreachable: switched off, absent, out of service (Q.850 20 and 27, SIP 480, 8103, 8104), and 8002: the far network
--     played an announcement, so the call had got there.
--   rejected: the called person declined (Q.850 21, SIP 603, hung up while it rang). 8105 and 8111 say "hung up or
--     suspended"; the first is far more common. In a callback call the "caller" of 8106 to 8111 is A, who is called too.
--   cancelled: the calling side or the customer gave up before the answer.
--   failed: a wrong number (Q.850 1, 22, 28; 8100), routes, ports, licences, blacklists, frequency control, announcements,
--     recording, our own mistakes. A wrong number is nobody's answer, and carriers leave it out of NER as well.
--   NULL: the code says where it ended and not why. Release points 518 to 521, 550 and 551, state code 8001 and Q.850 0,
--     16, 31 (and 30, 40, 127) send the reader on to another code.
-- The platform adds codes without notice, so nothing refers to these tables, and views join them from the outside.

SET LOCAL lock_timeout = '5s';

-- State codes: stateCode of disconnect events, page STATE; those of older lists (private number) too.
CREATE TABLE rtc.hangup_reasons (
  code integer PRIMARY KEY,
  en text NOT NULL,
  zh text NOT NULL,
  outcome text CONSTRAINT hangup_reasons_outcome CHECK (outcome IN
    ('answered', 'busy', 'no answer', 'rejected', 'cancelled', 'unreachable', 'failed'))
);
INSERT INTO rtc.hangup_reasons VALUES
  (0, 'answered call, then a party hung up normally', '接通后主动挂机', 'answered'),
  (7001, 'call-frequency control on the developer account', '开发者呼叫频次管控', 'failed'),
  (7002, 'call-frequency control on the application', '应用呼叫频次管控', 'failed'),
  (7003, 'call-frequency control on the fixed-line (display) number', '固话号码呼叫频次管控', 'failed'),
  (7004, 'callee is on the called-party blacklist', '被叫黑名单呼叫管控', 'failed'),
  (7005, 'caller is on the calling-party blacklist', '主叫黑名单安全管控', 'failed'),
  (7108, 'account state is frozen', '用户状态已冻结', 'failed'),
  (7109, 'not enough voice ports', '语音端口不足', 'failed'),
  (8000, 'internal error', '内部错误', 'failed'),
  (8001, 'user leg was not connected (frequency control, line/operator fault, callee off / busy / no answer)', '用户未接续成功', NULL),
  (8002, 'far end returned a failure announcement while connecting', '接续用户时对端返回失败放音', 'unreachable'),
  (8003, 'ringing timed out', '用户振铃超时', 'no answer'),
  (8004, 'user hung up while ringing', '用户振铃时挂机', 'rejected'),
  (8005, 'text-to-speech conversion failed', 'TTS转换失败', 'failed'),
  (8006, 'announcement file does not exist', '放音文件不存在', 'failed'),
  (8007, 'playing the announcement to the user failed', '给用户放音失败', 'failed'),
  (8008, 'play-and-collect failed (digits must be keyed within 5 s after the prompt ends)', '给用户放音收号失败', 'answered'),
  (8009, 'caller hung up before the call was answered', '接通前主叫用户主动挂机', 'cancelled'),
  (8010, 'hung up because the maximum call duration was reached', '超过通话最大时长挂机', 'answered'),
  (8012, 'invalid app_key', '无效的app_key', 'failed'),
  (8013, 'invalid personal-number (AX) call', '无效的个人小号呼叫', 'failed'),
  (8014, 'invalid relation-number (AXB) call', '无效的关系小号呼叫', 'failed'),
  (8015, 'recording the user failed', '给用户录音失败', 'failed'),
  (8016, 'call direction not allowed (private number)', '关系小号呼叫方向不允许', 'failed'),
  (8017, 'hang-up ordered by the customer (e.g. call stop API)', '用户指示挂机', 'cancelled'),
  (8018, 'no permission for the service', '业务无权限', 'failed'),
  (8019, 'binding does not exist (private number)', '绑定关系不存在', 'failed'),
  (8020, 'service exception', '业务异常', 'failed'),
  (8022, 'invalid extension number', '无效的分机号码', 'failed'),
  (8100, 'callee number does not exist', '被叫号码不存在', 'failed'),
  (8101, 'callee did not answer', '被叫无应答', 'no answer'),
  (8102, 'callee busy', '被叫用户正忙', 'busy'),
  (8103, 'callee temporarily unreachable', '被叫用户暂时无法接通', 'unreachable'),
  (8104, 'callee powered off', '被叫已关机', 'unreachable'),
  (8105, 'callee hung up, or callee service suspended', '被叫挂机或被叫已停机', 'rejected'),
  (8106, 'caller number does not exist', '主叫号码不存在', 'failed'),
  (8107, 'caller did not answer', '主叫无应答', 'no answer'),
  (8108, 'caller busy', '主叫用户正忙', 'busy'),
  (8109, 'caller temporarily unreachable', '主叫用户暂时无法接通', 'unreachable'),
  (8110, 'caller powered off', '主叫已关机', 'unreachable'),
  (8111, 'caller service suspended / hung up', '主叫挂机或主叫已停机', 'rejected');

-- Q.850 causes: callOutUnaswRsn and fwdUnaswRsn, page Q850.
CREATE TABLE rtc.q850_causes (
  code integer PRIMARY KEY,
  en text NOT NULL,
  zh text NOT NULL,
  outcome text CONSTRAINT q850_causes_outcome CHECK (outcome IN
    ('answered', 'busy', 'no answer', 'rejected', 'cancelled', 'unreachable', 'failed'))
);
INSERT INTO rtc.q850_causes VALUES
  (0, 'not applicable', '不涉及', NULL),
  (1, 'number cannot be found (unallocated)', '无法找到号码', 'failed'),
  (2, 'no route to network', '无法路由到网络', 'failed'),
  (3, 'no route to destination', '无法路由到目的地', 'failed'),
  (4, 'send special information tone', '发送特殊消息', 'failed'),
  (5, 'misdialled trunk prefix', '中继前缀出错', 'failed'),
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
  (57, 'bearer capability not authorised', '无权限发送', 'failed'),
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
  (110, 'message with unrecognised parameter', '消息中带有未识别的参数', 'failed'),
  (111, 'protocol error', '协议错误', 'failed'),
  (127, 'interworking, unspecified', '未指定的交互', NULL);

-- Release points: ulFailReason, page REL. The ranges 400 to 699 (the SIP status itself, when the far end gave no Q.850
-- cause) and 2901 to 2914 are written out, one row a code, so that a plain equality join serves; single values win.
CREATE TABLE rtc.release_points (
  code integer PRIMARY KEY,
  en text NOT NULL,
  zh text NOT NULL,
  outcome text CONSTRAINT release_points_outcome CHECK (outcome IN
    ('answered', 'busy', 'no answer', 'rejected', 'cancelled', 'unreachable', 'failed'))
);
INSERT INTO rtc.release_points VALUES
  (0, 'answered call, then a party hung up normally', '接通后主动挂机', 'answered'),
  (100, 'play-and-collect: collected digits were empty (key within 5 s of prompt end)', '放音收号时系统接收到的号码为空', 'answered'),
  (501, 'recording: creating the conference failed', '录音创建会议失败', 'failed'),
  (502, 'recording: creating the conference timed out', '录音创建会议超时', 'failed'),
  (503, 'recording: caller failed to join the conference', '录音主叫加入会议失败', 'failed'),
  (504, 'recording: caller join timed out', '录音主叫加入会议超时', 'failed'),
  (505, 'recording: adding the record endpoint failed', '录音增加录音端点失败', 'failed'),
  (506, 'recording: adding the record endpoint timed out', '录音增加录音端点超时', 'failed'),
  (507, 'starting the recording failed', '启动录音失败', 'failed'),
  (508, 'starting the recording timed out', '启动录音超时', 'failed'),
  (509, 'playing the recording notice failed', '放录音提示音失败', 'failed'),
  (510, 'playing the recording notice timed out', '放录音提示音超时', 'failed'),
  (512, 'recording: VCU switchover released the call', '录音VCU倒换释放呼叫', 'failed'),
  (513, 'call timed out', '呼叫超时', 'no answer'),
  (514, 'ringing timed out', '振铃超时', 'no answer'),
  (515, 'remote user cancelled', '远端用户主动Cancel', 'cancelled'),
  (516, 'local user cancelled', '本端用户主动Cancel', 'cancelled'),
  (517, 'platform response timed out', '平台响应超时', 'failed'),
  (518, 'remote user call failed; look at the Q.850 value', '远端用户呼叫失败', NULL),
  (519, 'local user call failed (0XX/OXX); look at the Q.850 value', '本端用户呼叫失败(OXX)', NULL),
  (520, 'local user call failed (18X); look at the Q.850 value', '本端用户呼叫失败(18X)', NULL),
  (521, 'remote leg released before it rang', '远端呼叫还未振铃已经拆线', NULL),
  (522, 'not enough voice ports', '语音端口不足', 'failed'),
  (524, 'announcement file does not exist', '放音文件不存在', 'failed'),
  (526, 'mute failed', '静音失败', 'failed'),
  (527, 'unmute failed', '取消静音失败', 'failed'),
  (528, 'calls to numbers without the allowed prefix are restricted', '限制呼叫非特定前缀的号码', 'failed'),
  (529, 'appkey does not exist', 'appkey不存在', 'failed'),
  (530, 'caller hung up before the forward', 'forward前主叫挂机', 'cancelled'),
  (539, 'caller hung up before the recording flow finished', '录音流程未完成,主叫主动挂断电话', 'cancelled'),
  (540, 'callee hung up before the recording flow finished', '录音流程未完成,被叫主动挂断电话', 'rejected'),
  (541, 'renegotiation with the caller failed after the callee answered', '被叫接通后和主叫的重协商失败', 'failed'),
  (542, 'recording timeout released the call', '录音超时释放呼叫', 'answered'),
  (550, 'local leg failed to ring', '本端呼叫振铃失败', NULL),
  (551, 'click-to-call local leg received a 0XX/OXX message', '点击呼叫本端收到OXX消息', NULL),
  (552, 'local user hung up while the remote leg was ringing', '远端振铃时本端用户挂机', 'cancelled'),
  (553, 'local user hung up before the remote leg rang', '远端还未振铃时本端用户挂机', 'cancelled'),
  (1001, 'agent hung up', '坐席主动挂机', 'answered'),
  (1002, 'user hung up', '用户主动挂机', 'answered'),
  (1003, 'customer released the call through the switchboard API', 'SP调用总机释放接口挂机', 'cancelled'),
  (1004, 'agent blind-transferred after a click-out call and hung up', '发起点击外呼后,坐席进行盲转并挂机', 'answered'),
  (2801, 'IVR announcement failed', 'IVR放音失败', 'failed'),
  (2802, 'IVR rule invalid', 'IVR规则无效', 'failed'),
  (2803, 'IVR key presses exceeded the maximum', 'IVR按键超过最大次数', 'answered'),
  (2805, 'IVR outside service hours (1)', 'IVR不在服务时间-1', 'failed'),
  (2806, 'IVR outside service hours (2)', 'IVR不在服务时间-2', 'failed'),
  (2810, 'MRF not configured', '未配置MRF', 'failed'),
  (2811, 'I-CSCF not configured', '未配置ICSCF', 'failed'),
  (2812, 'announcement timed out', '放音超时', 'failed'),
  (2825, 'satisfaction survey finished (closing tone configured)', '满意度调查结束-1', 'answered'),
  (2829, 'dialled extension busy or no answer', '拨分机号被叫忙或者无应答', 'no answer'),
  (2831, 'enterprise inbound licence limit', '企业呼入License受限', 'failed'),
  (2837, 'announcement failed', '放音失败', 'failed'),
  (2838, 'released by INVITE timeout', 'INVITE超时释放', 'no answer'),
  (2847, 'switchboard line selection found no available agent', '总机选线无可用坐席', 'busy'),
  (2853, 'agent unavailable, incoming call refused', '坐席不可用,拒接呼入', 'rejected'),
  (2863, 'voice message: creating the recording failed', '留言创建录音失败', 'failed'),
  (2868, 'enterprise service suspended', '企业已停机', 'failed'),
  (2871, 'dynamic IVR timed out waiting for a customer instruction', '动态ivr等待sp指令超时', 'answered'),
  (7001, 'call-frequency control on the developer account', '开发者呼叫频次管控', 'failed'),
  (7002, 'call-frequency control on the application', '应用呼叫频次管控', 'failed'),
  (7003, 'call-frequency control on the display number', '显示号码呼叫频次管控', 'failed'),
  (7004, 'callee is on the called-party blacklist', '被叫黑名单呼叫管控', 'failed'),
  (7005, 'caller is on the calling-party blacklist', '主叫黑名单呼叫管控', 'failed'),
  (7100, 'app information does not exist', 'app信息不存在', 'failed'),
  (7105, 'service type mismatch', '业务类型不匹配', 'failed'),
  (7106, 'the app has not applied for the private-number capability', 'APP未申请个人小号能力', 'failed'),
  (7107, 'playing the security-control announcement failed', '安全管控提示音放音失败', 'failed'),
  (7108, 'account state is frozen', '用户状态已冻结', 'failed'),
  (7109, 'not enough voice ports', '语音端口不足', 'failed'),
  (8000, 'internal error', '内部错误', 'failed'),
  (8001, 'user leg was not connected (see stateCode 8001)', '用户未接续成功', NULL),
  (8002, 'far end returned a failure announcement while connecting', '接续用户时对端返回失败放音', 'unreachable'),
  (8003, 'ringing timed out', '用户振铃超时', 'no answer'),
  (8004, 'user hung up while ringing', '用户振铃时挂机', 'rejected'),
  (8005, 'text-to-speech conversion failed', 'TTS转换失败', 'failed'),
  (8006, 'announcement file does not exist', '放音文件不存在', 'failed'),
  (8007, 'playing the announcement to the user failed', '给用户放音失败', 'failed'),
  (8008, 'play-and-collect failed (key within 5 s of prompt end)', '给用户放音收号失败', 'answered'),
  (8009, 'caller hung up before the call was answered', '接通前主叫用户主动挂机', 'cancelled'),
  (8010, 'hung up because the maximum call duration was reached', '超过通话最大时长挂机', 'answered'),
  (8011, 'internal error', '内部错误', 'failed'),
  (8012, 'invalid app_key', '无效的app_key', 'failed'),
  (8015, 'recording the user failed', '给用户录音失败', 'failed'),
  (8017, 'hang-up ordered by the customer', '客户指示挂机', 'cancelled'),
  (8018, 'no permission for the service', '业务无权限', 'failed'),
  (8020, 'service exception', '业务异常', 'failed'),
  (8100, 'callee number does not exist', '被叫号码不存在', 'failed'),
  (8101, 'callee did not answer', '被叫无应答', 'no answer'),
  (8102, 'callee busy (in a call, ringing, ...)', '被叫用户正忙', 'busy'),
  (8103, 'callee temporarily unreachable', '被叫用户暂时无法接通', 'unreachable'),
  (8104, 'callee powered off (off, flight mode, no network)', '被叫已关机', 'unreachable'),
  (8105, 'callee hung up, or callee service suspended', '被叫挂机或被叫已停机', 'rejected'),
  (8106, 'caller number does not exist', '主叫号码不存在', 'failed'),
  (8107, 'caller did not answer', '主叫无应答', 'no answer'),
  (8108, 'caller busy (in a call, ringing, ...)', '主叫用户正忙', 'busy'),
  (8109, 'caller temporarily unreachable', '主叫用户暂时无法接通', 'unreachable'),
  (8110, 'caller powered off (off, flight mode, no network)', '主叫已关机', 'unreachable'),
  (8111, 'caller hung up, or caller service suspended', '主叫挂机或主叫已停机', 'rejected');

-- What a SIP status of a failed call means, in the words of RFC 3261 and the mapping of RFC 3398.
CREATE FUNCTION rtc.sip_outcome(status integer) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT CASE
    WHEN status IN (486, 600) THEN 'busy'
    WHEN status = 408 THEN 'no answer'
    WHEN status = 480 THEN 'unreachable'
    WHEN status IN (603, 607, 608) THEN 'rejected'
    WHEN status = 487 THEN 'cancelled'
    WHEN status BETWEEN 400 AND 699 THEN 'failed'
  END
$$;
COMMENT ON FUNCTION rtc.sip_outcome(integer) IS 'How a call ended that failed with this SIP status; NULL for 0 and for what is no failure / SIP 失败状态码对应的结果';

INSERT INTO rtc.release_points
SELECT code, 'SIP status ' || code || ' from the far end', '对端返回的 SIP 状态码 ' || code, rtc.sip_outcome(code)
  FROM generate_series(400, 699) AS code
UNION ALL
SELECT code, 'recording failed', '录音失败', 'failed' FROM generate_series(2901, 2914) AS code
ON CONFLICT (code) DO NOTHING;

-- serviceType of CDRs. 003 and 004 were only seen in bodies of the private-number product.
CREATE TABLE rtc.service_types (
  code text PRIMARY KEY,
  en text NOT NULL,
  zh text NOT NULL,
  scenario text NOT NULL
);
INSERT INTO rtc.service_types VALUES
  ('001', 'voice playback: voice notification and voice verification code', '语音播放：语音通知与语音验证码', 'playback'),
  ('002', 'voice callback', '语音回呼', 'click2Call'),
  ('003', 'private number', '隐私保护通话', 'privateNumber'),
  ('004', 'private number (AX, AXB)', '隐私保护通话（AX、AXB）', 'privateNumber');

COMMENT ON TABLE rtc.hangup_reasons IS 'State codes of disconnect events / 通话挂机原因值';
COMMENT ON TABLE rtc.q850_causes IS 'Q.850 causes of legs that were not answered / Q.850 原因值';
COMMENT ON TABLE rtc.release_points IS 'Release points of CDRs, ranges written out / 呼叫拆线点，区间已展开';
COMMENT ON TABLE rtc.service_types IS 'Service types of CDRs / 业务类型';
COMMENT ON COLUMN rtc.service_types.scenario IS 'Scenario that follows from it; playback = notification or verification / 对应的业务场景';
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['hangup_reasons', 'q850_causes', 'release_points', 'service_types'] LOOP
    EXECUTE format('COMMENT ON COLUMN rtc.%I.code IS %L', name, 'The code as the platform sends it / 平台发送的代码');
    EXECUTE format('COMMENT ON COLUMN rtc.%I.en IS %L', name, 'Meaning in English / 英文含义');
    EXECUTE format('COMMENT ON COLUMN rtc.%I.zh IS %L', name, 'Meaning in Chinese / 中文含义');
    IF name <> 'service_types' THEN
      EXECUTE format('COMMENT ON COLUMN rtc.%I.outcome IS %L', name,
        'How an unanswered call with this code ended; NULL when the code only points elsewhere / 未接通时对应的结果；仅指向其他代码时为空');
    END IF;
  END LOOP;
END
$$;
