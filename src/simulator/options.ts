import type { AppSecret } from '../platform/aksk-verifier.ts'
import type { RecordKind } from '../platform/record.ts'
import type { Ledger } from './ledger.ts'
import type { CallbackType, Outcome, Scenario } from './outcomes.ts'
import type { SignatureForm } from './signer.ts'

/** What a simulated platform does. Shares are numbers from 0 to 1. */
export interface SimulatorOptions {
  /** Where callbacks go; loopback only. */
  urls: Record<RecordKind, string>
  /** The URLs that digests sign, where the receiver is configured with others than it is reached under here. */
  signedUrls?: Record<RecordKind, string>
  /** Applications with their secrets; calls are spread over them. Without any, calls have invented ones. */
  apps: readonly AppSecret[]
  signature: SignatureForm
  createdZone: 'utc' | 'beijing'
  /** How far the platform's clock is ahead, in seconds. */
  clockSkewS: number
  /** The same seed and start give the same calls, record by record. */
  seed: number
  /** How many calls to place. */
  calls: number
  /** When the first call begins, in seconds since 1970, and over how many seconds the calls are spread. */
  startAt: number
  overS: number
  /** How much faster than real calls these go by, with times of today; undefined: as fast as can be, times from `startAt`. */
  speed?: number | undefined
  /** Calls a second. */
  rate?: number | undefined
  /** Callbacks on their way at a time. */
  concurrency: number
  /** One scenario or outcome for all calls. */
  scenario?: Scenario | undefined
  outcome?: Outcome | undefined
  /** Of each call only the first callback of this type, as `answer` or `fee`. */
  event?: CallbackType | undefined
  /** Share of callbacks sent twice, and of CDRs that stand twice in their message. */
  duplicates: number
  /** Share of calls whose events go out in any order. */
  reorder: number
  /** Share of calls and of CDR messages with something that no receiver can store. */
  malformed: number
  /** Share of records with fields that stand in no document. */
  unknownFields: number
  /** Share of calls whose CDR never comes. */
  lostCdrs: number
  /** Milliseconds between two tries of a CDR callback; an hour on the real platform. */
  resendMs: number
  keepAlive: boolean
  /** Milliseconds to wait for an answer. */
  timeoutMs: number
  /** Remembers every record, for comparing with the tables. */
  ledger?: Ledger | undefined
}

export const defaults = {
  apps: [],
  signature: 'none',
  createdZone: 'utc',
  clockSkewS: 0,
  calls: 1_000,
  overS: 3_600,
  concurrency: 16,
  duplicates: 0,
  reorder: 0,
  malformed: 0,
  unknownFields: 0,
  lostCdrs: 0,
  resendMs: 2_000,
  keepAlive: false,
  timeoutMs: 10_000,
} as const satisfies Partial<SimulatorOptions>
