/** Whether the same request can succeed when it is sent again: later, not before something is changed, or not known. */
export type TryAgain = 'later' | 'no' | 'unknown'

export interface ResultCode {
  meaning: string
  /** In the platform's words, where they are documented. */
  chinese?: string
  /** The HTTP status it comes with, where that was seen. */
  httpStatus?: number
  tryAgain: TryAgain
  /** How long to wait before, in seconds, where that is documented. */
  afterSeconds?: number
}

/** What the calling APIs answer (protocol.md: result codes), "0" (success) left out. */
export const resultCodes: Readonly<Record<string, ResultCode>> = {
  '1010001': { meaning: 'internal system error', chinese: '系统错误', httpStatus: 500, tryAgain: 'later' },
  '1010002': { meaning: 'invalid request', chinese: '非法请求', httpStatus: 403, tryAgain: 'no' },
  '1010003': { meaning: 'invalid app_key', chinese: '无效的app_key', httpStatus: 403, tryAgain: 'no' },
  '1010004': {
    meaning: 'access token invalid (old OAuth login, not used with X-AKSK)',
    chinese: 'access token无效',
    tryAgain: 'no',
  },
  '1010005': {
    meaning: 'access token expired (old OAuth login, not used with X-AKSK)',
    chinese: 'access token过期',
    tryAgain: 'no',
  },
  '1010006': { meaning: 'invalid REST API', chinese: '无效的Rest API', httpStatus: 403, tryAgain: 'no' },
  '1010010': {
    meaning: "the platform's flow control limit is reached",
    chinese: '平台达到系统流控上限',
    httpStatus: 403,
    tryAgain: 'later',
    afterSeconds: 60,
  },
  '1010011': {
    meaning: 'app may not call a commercial API',
    chinese: '应用无权限访问商用API',
    httpStatus: 403,
    tryAgain: 'no',
  },
  '1010013': {
    meaning:
      "the time of the X-AKSK header differs too much from the platform's: set the clock, or try the other zone of Created",
    chinese: '时间超出限制',
    httpStatus: 403,
    tryAgain: 'no',
  },
  '1010021': {
    meaning: 'application unavailable: its state stands in the console',
    chinese: '应用不可用',
    httpStatus: 403,
    tryAgain: 'no',
  },
  '1010023': { meaning: 'display number invalid', chinese: '固话号码不合法', httpStatus: 403, tryAgain: 'no' },
  '1010024': { meaning: 'invalid caller number', chinese: '主叫号码不合法', httpStatus: 403, tryAgain: 'no' },
  '1012005': {
    meaning: "a template parameter value does not meet the template's requirement (voice notification)",
    chinese: 'templateParas不符合模板要求',
    tryAgain: 'no',
  },
  '1012006': { meaning: 'service number has not been applied for', chinese: '业务号码未申请', tryAgain: 'no' },
  '1012012': { meaning: 'recording is not enabled for the application', chinese: '应用未开启录音功能', tryAgain: 'no' },
  '1013001': {
    meaning: 'calls exceed the developer (SP) limit',
    chinese: '请求次数超过SP配置上限',
    httpStatus: 403,
    tryAgain: 'later',
  },
  '1013002': {
    meaning: 'calls exceed the application limit',
    chinese: '请求次数超过应用配置上限',
    httpStatus: 403,
    tryAgain: 'later',
  },
  '1013003': {
    meaning: 'calls exceed the display-number limit',
    chinese: '请求次数超过显示号码配置上限',
    httpStatus: 403,
    tryAgain: 'later',
  },
  '1013100': { meaning: 'unknown security-control error', chinese: '未知错误(安全管控)', tryAgain: 'unknown' },
  '1013101': { meaning: 'abnormal call behaviour restricted', chinese: '呼叫行为异常', tryAgain: 'no' },
  '1013111': { meaning: 'international inbound calls forbidden', chinese: '国际呼入限制', tryAgain: 'no' },
  '1013112': { meaning: 'international outbound calls forbidden', chinese: '国际呼出限制', tryAgain: 'no' },
  '1013113': { meaning: 'refused by security control; undocumented', tryAgain: 'unknown' },
  '1013114': { meaning: 'refused by security control; undocumented', tryAgain: 'unknown' },
  '1013115': { meaning: 'refused by security control; undocumented', tryAgain: 'unknown' },
  '1013116': { meaning: 'refused by security control; undocumented', tryAgain: 'unknown' },
  '1013117': { meaning: 'refused by security control; undocumented', tryAgain: 'unknown' },
  '1013118': {
    meaning: 'service-number call frequency restricted',
    chinese: '业务号码呼叫频次限制',
    tryAgain: 'later',
  },
  '1013119': { meaning: 'service number suspended', chinese: '业务号码被暂停', tryAgain: 'no' },
  '1013120': { meaning: 'IP address is null', chinese: 'IP地址为空', tryAgain: 'no' },
  '1013121': {
    meaning: 'refused because of the time of day (rest period)',
    chinese: '呼叫时段为休息时段',
    tryAgain: 'later',
  },
  '1013122': { meaning: 'sub-enterprise suspended', chinese: '子企业已被暂停', tryAgain: 'no' },
  '1020001': { meaning: 'parameter error', chinese: '参数错误', tryAgain: 'no' },
  '1020002': { meaning: 'internal error', chinese: '内部错误', tryAgain: 'later' },
  '1020003': { meaning: 'parameter error', chinese: '参数错误', tryAgain: 'no' },
  '1020150': { meaning: 'app_key invalid', chinese: 'app_key无效', httpStatus: 403, tryAgain: 'no' },
  '1020151': { meaning: 'bindNum invalid', chinese: 'bindNum无效', httpStatus: 403, tryAgain: 'no' },
  '1020152': { meaning: 'invalid call sessionId (call-stop API)', chinese: 'sessionId无效', tryAgain: 'no' },
  '1020165': {
    meaning: "the app_key's voice-call ports are used up",
    chinese: 'app_key呼叫端口超过限制',
    httpStatus: 403,
    tryAgain: 'later',
  },
  '1020166': {
    meaning: 'client IP not in the white list (number of this code inferred)',
    chinese: '客户端IP不在白名单',
    tryAgain: 'no',
  },
  '1020176': {
    meaning: 'authentication failed; the IP is blocked for 30 minutes',
    chinese: '鉴权失败',
    httpStatus: 403,
    tryAgain: 'later',
    afterSeconds: 1800,
  },
  '1023001': { meaning: 'internal error', chinese: '内部错误', httpStatus: 500, tryAgain: 'later' },
  '1023006': {
    meaning: 'Authorization header missing or authentication failed',
    chinese: '无Authorization头或鉴权失败',
    httpStatus: 400,
    tryAgain: 'no',
  },
  '1023007': {
    meaning: 'Authorization has no realm',
    chinese: 'Authorization中无realm',
    httpStatus: 400,
    tryAgain: 'no',
  },
  '1023008': {
    meaning: 'Authorization has no profile',
    chinese: 'Authorization中无profile',
    httpStatus: 400,
    tryAgain: 'no',
  },
  '1023009': { meaning: 'realm must be SDP', chinese: 'realm应为SDP', httpStatus: 400, tryAgain: 'no' },
  '1023010': {
    meaning: 'profile must be UsernameToken',
    chinese: 'profile应为UsernameToken',
    httpStatus: 400,
    tryAgain: 'no',
  },
  '1023011': { meaning: 'type must be Appkey', chinese: 'type应为Appkey', httpStatus: 400, tryAgain: 'no' },
  '1023012': {
    meaning: 'Authorization has no type',
    chinese: 'Authorization中无type',
    httpStatus: 400,
    tryAgain: 'no',
  },
  '1023033': { meaning: 'X-AKSK header missing', chinese: '无X-AKSK头', httpStatus: 400, tryAgain: 'no' },
  '1023034': { meaning: 'X-AKSK has no Username', chinese: 'X-AKSK中无Username', httpStatus: 400, tryAgain: 'no' },
  '1023035': { meaning: 'X-AKSK has no Nonce', chinese: 'X-AKSK中无Nonce', httpStatus: 400, tryAgain: 'no' },
  '1023036': { meaning: 'X-AKSK has no Created', chinese: 'X-AKSK中无Created', httpStatus: 400, tryAgain: 'no' },
  '1023037': {
    meaning: 'X-AKSK has no PasswordDigest (number of this code inferred)',
    chinese: 'X-AKSK中无PasswordDigest',
    httpStatus: 400,
    tryAgain: 'no',
  },
}
