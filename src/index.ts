/** What the package gives to programs: the client that places verification-code calls. */

export { type ResultCode, resultCodes, type TryAgain } from './rtc/result-codes.ts'
export {
  type CallerOptions,
  type CreatedZone,
  newVerifyCode,
  type PlacedCall,
  VerificationCaller,
} from './rtc/verification-call.ts'
export { type FailureKind, VerificationCallError } from './rtc/verification-call-error.ts'
export type { VerificationCall } from './rtc/verification-call-schema.ts'
