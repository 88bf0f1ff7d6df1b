import { type Static, Type } from 'typebox'

/** The path of the API (protocol.md: placing a verification call); the address before it is shown in the console. */
export const CALL_VERIFY_PATH = '/rest/httpsessions/callVerify/v1.0'

const phoneNumber = () =>
  Type.String({ pattern: '^\\+[0-9]{3,30}$', description: 'must be a number in global format: + and 3 to 30 digits' })
const announcement = () =>
  Type.String({ minLength: 1, maxLength: 128, description: 'must name an uploaded .wav file: 1 to 128 characters' })
const callbackUrl = () => Type.String({ description: 'must be a URL as text; it is sent in Base64' })

/**
 * What a verification-code call needs, in the platform's names and limits (protocol.md: placing a verification call).
 * Each description completes the sentence that begins with the field's name, for messages that must not repeat a value.
 */
export const VerificationCall = Type.Object(
  {
    /** The fixed-line number that the callee sees. */
    displayNbr: phoneNumber(),
    calleeNbr: phoneNumber(),
    /** 2 is Chinese, the only one there is; taken when absent. */
    languageType: Type.Optional(Type.Literal(2, { description: 'must be 2 (Chinese): the platform has no other' })),
    /** Announcement before the code. */
    preTone: announcement(),
    /** Text, so that it may begin with zeros. */
    verifyCode: Type.String({ pattern: '^[0-9]{2,8}$', description: 'must be text of 2 to 8 digits' }),
    /** Announcement after the code. */
    posTone: Type.Optional(announcement()),
    /** How often the code is played; 0 = until somebody hangs up. */
    times: Type.Optional(Type.Integer({ minimum: 0, maximum: 9, description: 'must be a whole number from 0 to 9' })),
    statusUrl: Type.Optional(callbackUrl()),
    feeUrl: Type.Optional(callbackUrl()),
    /** Whether the answer shall say how many ports are free. */
    returnIdlePort: Type.Optional(Type.Boolean({ description: 'must be true or false' })),
    /** Comes back in every callback of the call and is stored with it: never put the code here. */
    userData: Type.Optional(
      Type.String({
        pattern: '^[ -z|~]{1,256}$',
        description: 'must be 1 to 256 characters of printable ASCII without { and }; put anything else in Base64',
      }),
    ),
  },
  { additionalProperties: false },
)
export type VerificationCall = Static<typeof VerificationCall>

const base64Url = () => Type.String({ minLength: 1, maxLength: 172, pattern: '^[A-Za-z0-9+/]+={0,2}$' })

/** The same as it goes over the wire. */
export const CallVerifyBody = Type.Object({
  ...VerificationCall.properties,
  languageType: Type.Literal(2),
  statusUrl: Type.Optional(base64Url()),
  feeUrl: Type.Optional(base64Url()),
  returnIdlePort: Type.Optional(Type.Enum(['true', 'false'])),
})
export type CallVerifyBody = Static<typeof CallVerifyBody>

/** The answer, read leniently: only the result code decides. */
export const CallVerifyAnswer = Type.Object({
  resultcode: Type.Union([Type.String(), Type.Integer()]),
  sessionId: Type.Optional(Type.Union([Type.String({ maxLength: 256 }), Type.Null()])),
  idlePort: Type.Optional(Type.Unknown()),
})
