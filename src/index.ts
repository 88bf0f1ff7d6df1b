/** What the package gives to programs: the client that places verification-code calls. */

export {
  type CallerOptions,
  type CreatedZone,
  newVerifyCode,
  type PlacedCall,
  VerificationCaller,
} from './verification-call/caller.ts'
export { type FailureKind, VerificationCallError } from './verification-call/error.ts'
export { type ResultCode, resultCodes, type TryAgain } from './verification-call/result-codes.ts'
export type { VerificationCall } from './verification-call/schema.ts'
