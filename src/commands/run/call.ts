import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { Config } from '../../config/config.ts'
import type { AppSecret } from '../../platform/aksk-verifier.ts'
import { callbackUrls } from '../../platform/urls.ts'
import { type CallProgress, insertPlacedCall, readCallProgress } from '../../store/placed-calls.ts'
import { newVerifyCode, type PlacedCall, VerificationCaller } from '../../verification-call/caller.ts'
import { VerificationCallError } from '../../verification-call/error.ts'
import type { VerificationCall } from '../../verification-call/schema.ts'
import type { CallOptions } from '../call.ts'
import { noteLines, printError, printJson, printLines } from '../output.ts'
import { progressLine } from '../progress.ts'
import { readCallInput } from './call-input.ts'

/** Exit codes beside those of every command. */
const refused = 3
const refusedForNow = 4
const uncertain = 5
const outcomeCodes: Record<string, number> = {
  answered: 0,
  busy: 10,
  'no answer': 11,
  rejected: 12,
  cancelled: 13,
  unreachable: 14,
  failed: 15,
}
const unknownOutcome = 16
const noCdr = 20

export async function callVerify(client: pg.Client, config: Config, options: CallOptions): Promise<void> {
  const { displayNumber, preTone } = config
  if (displayNumber === undefined) throw new Error('DISPLAY_NUMBER is not set: which number shall the callee see?')
  if (preTone === undefined) throw new Error('PRE_TONE is not set: which announcement shall come before the code?')
  const { appKey, secret } = appOf(config, options.app)
  const caller = callerOf(config, appKey, secret)
  const { number, code } = await readCallInput()
  const request: VerificationCall = {
    displayNbr: displayNumber,
    calleeNbr: number,
    preTone,
    verifyCode: code ?? showNewCode(),
    ...(options.posTone === undefined ? {} : { posTone: options.posTone }),
    ...(options.times === undefined ? {} : { times: options.times }),
  }
  const placed = await place(client, caller, appKey, request, options)
  if (!placed) return
  if (!options.wait) {
    if (options.json) printJson(placed)
    else printLines(`placed: session ${placed.sessionId}`)
    return
  }
  await follow(client, config, placed, options)
}

function appOf({ apps }: Config, wanted: string | undefined): AppSecret {
  const keys = new Set(apps.map(({ appKey }) => appKey))
  if (wanted === undefined && keys.size > 1) throw new Error('RTC_APPS holds several applications: say which by --app')
  // The first of two secrets is the one in use.
  const app = apps.find(({ appKey }) => wanted === undefined || appKey === wanted)
  if (!app) throw new Error('the application is not in RTC_APPS: it should hold appKey:appSecret')
  return app
}

function callerOf(config: Config, appKey: string, secret: AppSecret['secret']): VerificationCaller {
  const { apiUrl, createdZone } = config
  if (apiUrl === undefined) throw new Error("RTC_API_URL is not set: it is the address of the platform's API")
  const { status, fee } = callbackUrls({ ...config, tokens: config.pathTokens })
  return new VerificationCaller({ apiUrl, appKey, secret, createdZone, statusUrl: status[0], feeUrl: fee[0] })
}

/** Only people see a code that was made here: no file, no pipe. */
function showNewCode(): string {
  const terminal = [process.stderr, process.stdout].find(({ isTTY }) => isTTY)
  if (!terminal) throw new Error('no code: without a terminal to show a new one it has to stand on the second line')
  const code = newVerifyCode()
  terminal.write(`code: ${code}\n`)
  return code
}

/** Undefined when the call was not placed; the exit code is set then. */
async function place(
  client: pg.Client,
  caller: VerificationCaller,
  appKey: string,
  request: VerificationCall,
  { json }: CallOptions,
): Promise<PlacedCall | undefined> {
  const { displayNbr, calleeNbr } = request
  const row = { placedAt: new Date(), appKey, scenario: 'callVerify', displayNbr, calleeNbr } as const
  try {
    const placed = await caller.call(request)
    await keep(client, { ...row, ...placed, httpStatus: 200, resultCode: '0' })
    return placed
  } catch (error) {
    if (!(error instanceof VerificationCallError) || error.kind === 'invalid') throw error
    const { kind, message, tryAgain, afterSeconds, resultcode, httpStatus } = error
    await keep(client, { ...row, httpStatus, resultCode: resultcode })
    process.exitCode = kind === 'uncertain' ? uncertain : tryAgain === 'later' ? refusedForNow : refused
    if (json) printJson({ error: { kind, message, tryAgain, afterSeconds, resultcode, httpStatus } })
    printError(error)
    return undefined
  }
}

/** The phone rings already, so that a row that cannot be written is told and no more. */
async function keep(client: pg.Client, row: Parameters<typeof insertPlacedCall>[1]): Promise<void> {
  await insertPlacedCall(client, row).catch(({ code }: { code?: string }) =>
    noteLines(`rtc-receiver: the call is not kept in rtc.placed_calls (${code ?? 'no connection'})`),
  )
}

/** Milliseconds between two looks. */
const pollMs = 250

async function follow(client: pg.Client, config: Config, placed: PlacedCall, options: CallOptions): Promise<void> {
  const limitMs = (options.wait === true ? 120 : (options.wait ?? 0)) * 1000
  const began = performance.now()
  const line = progressLine()
  const time = new Intl.DateTimeFormat('sv-SE', { timeZone: config.timeZone, timeStyle: 'medium' })
  const told = new Set<string>()
  let found: CallProgress
  for (;;) {
    found = await readCallProgress(client, placed.sessionId, placed.placedAt)
    for (const { event_type, occurred_at, reason } of found.events) {
      const text = `${time.format(occurred_at)}  ${event_type.padEnd(10)}  ${reason ?? ''}`.trimEnd()
      if (told.has(text)) continue
      told.add(text)
      line.end()
      if (!options.json) printLines(text)
    }
    const elapsedMs = performance.now() - began
    if (found.call || elapsedMs > limitMs) break
    line.show(
      `waiting for ${found.events.length === 0 ? 'the first event' : 'what comes next'}, ${Math.floor(elapsedMs / 1000)} s`,
    )
    await sleep(pollMs)
  }
  line.end()
  report(placed, found, limitMs, options)
}

function report(placed: PlacedCall, { events, call }: CallProgress, limitMs: number, { json }: CallOptions): void {
  process.exitCode = call ? (outcomeCodes[call.outcome] ?? unknownOutcome) : noCdr
  if (json) {
    const { outcome = null, reason = null, talk_seconds: talkSeconds = null } = call ?? {}
    printJson({ ...placed, outcome, reason, talkSeconds, events })
  } else if (call) {
    const talk = call.talk_seconds === null ? '' : `, ${call.talk_seconds} s`
    printLines(`${call.outcome}${talk}${call.reason === null || call.outcome === 'answered' ? '' : `: ${call.reason}`}`)
  } else {
    printLines(`no CDR within ${limitMs / 1000} s; session ${placed.sessionId}`)
  }
}
