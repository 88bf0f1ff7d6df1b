import type { Place } from '../platform/record.ts'
import { resultCodes, type TryAgain } from './result-codes.ts'

/**
 * What went wrong with a verification call:
 *
 * - `invalid`: a field is missing or does not fit; nothing was sent
 * - `unreachable`: there was no connection, so the call was surely not placed
 * - `refused`: the platform answered with a result code other than "0"; the call was not placed
 * - `uncertain`: no answer that says; the call may have been placed
 */
export type FailureKind = 'invalid' | 'unreachable' | 'refused' | 'uncertain'

export interface Failure {
  kind: FailureKind
  tryAgain: TryAgain
  afterSeconds?: number | undefined
  /** As the platform answered. */
  resultcode?: string
  httpStatus?: number
  /** Which fields are invalid. */
  places?: Place[]
}

/** Messages name fields, codes and reasons, never a number, a code or a secret, nor text from the platform. */
export class VerificationCallError extends Error {
  override readonly name = 'VerificationCallError'
  readonly kind: FailureKind
  /** Whether the same call can succeed when it is placed again. After `uncertain` the phone may ring twice. */
  readonly tryAgain: TryAgain
  /** How long to wait before, in seconds, where that is known. */
  readonly afterSeconds: number | undefined
  readonly resultcode: string | undefined
  readonly httpStatus: number | undefined
  readonly places: readonly Place[]

  constructor(message: string, failure: Failure) {
    super(message)
    this.kind = failure.kind
    this.tryAgain = failure.tryAgain
    this.afterSeconds = failure.afterSeconds
    this.resultcode = failure.resultcode
    this.httpStatus = failure.httpStatus
    this.places = failure.places ?? []
  }
}

export function invalid(places: Place[]): VerificationCallError {
  const messages = places.map(({ pointer, message }) => `${pointer.slice(1)} ${message}`)
  return new VerificationCallError(messages.join('; '), { kind: 'invalid', tryAgain: 'no', places })
}

/** @param reason the name of what is wrong, such as ECONNREFUSED */
export function unreachable(reason: string, tryAgain: TryAgain): VerificationCallError {
  return new VerificationCallError(`the platform cannot be reached (${reason}): the call was not placed`, {
    kind: 'unreachable',
    tryAgain,
  })
}

export function refused(resultcode: string, httpStatus: number): VerificationCallError {
  const known = Object.hasOwn(resultCodes, resultcode) ? resultCodes[resultcode] : undefined
  const { meaning = 'undocumented code', tryAgain = 'unknown', afterSeconds } = known ?? {}
  const hints = {
    later: `; trying again helps${afterSeconds === undefined ? ' later' : ` after ${afterSeconds} seconds`}`,
    no: '; trying again does not help',
    unknown: '',
  }
  return new VerificationCallError(`the platform refused the call: ${resultcode}, ${meaning}${hints[tryAgain]}`, {
    kind: 'refused',
    tryAgain,
    afterSeconds,
    resultcode,
    httpStatus,
  })
}

export function uncertain(reason: string, httpStatus?: number): VerificationCallError {
  return new VerificationCallError(`${reason}: the call may have been placed`, {
    kind: 'uncertain',
    tryAgain: 'unknown',
    ...(httpStatus === undefined ? {} : { httpStatus }),
  })
}
