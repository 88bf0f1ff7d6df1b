import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Compile } from 'typebox/schema'
import type { AppSecret } from '../platform/aksk-verifier.ts'
import { resultCodes } from '../verification-call/result-codes.ts'
import { CALL_VERIFY_PATH, CallVerifyBody } from '../verification-call/schema.ts'
import { authenticate } from './authentication.ts'
import type { Outcome } from './outcomes.ts'
import type { Simulator } from './simulator.ts'

export interface PlatformOptions {
  apps: readonly AppSecret[]
  /** How calls end; at random when undefined. */
  outcome?: Outcome | undefined
  /** A result code to answer every request with that is otherwise right, instead of placing a call. */
  answer?: string | undefined
  port?: number
}

export interface PlatformServer {
  url: string
  close(): Promise<void>
}

/** Free ports it tells when it is asked (returnIdlePort). */
const idlePort = 100
const MAX_BODY = 64 * 1024
const body = Compile(CallVerifyBody)

/** Serves the API that places verification calls, on loopback. Its calls' callbacks are the simulator's. */
export async function servePlatform(simulator: Simulator, options: PlatformOptions): Promise<PlatformServer> {
  const server = createServer((request, response) => {
    take(simulator, options, request).then(
      (result) => respond(response, result),
      () => respond(response, refusal('1010002')),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => closed(server),
  }
}

interface Result {
  status: number
  body: object
}

async function take(simulator: Simulator, options: PlatformOptions, request: IncomingMessage): Promise<Result> {
  if (request.url !== CALL_VERIFY_PATH || request.method !== 'POST') return refusal('1010006')
  const found = authenticate(request.headers, options.apps, Date.now())
  if ('resultcode' in found) return refusal(found.resultcode)
  const order = await read(request)
  if (!body.Check(order)) return refusal('1020001')
  if (options.answer !== undefined && options.answer !== '0') return refusal(options.answer)
  const call = simulator.order({
    appKey: found.appKey,
    scenario: 'callVerify',
    outcome: options.outcome,
    displayNbr: order.displayNbr,
    calleeNbr: order.calleeNbr,
    userData: order.userData,
    statusUrl: decoded(order.statusUrl),
    feeUrl: decoded(order.feeUrl),
  })
  const ports = order.returnIdlePort === 'true' ? { idlePort } : {}
  return { status: 200, body: { resultcode: '0', resultdesc: 'Success', sessionId: call.sessionId, ...ports } }
}

/** Empty on failure (protocol.md: placing a verification call). */
function refusal(resultcode: string): Result {
  const { meaning = 'unknown', httpStatus = 403 } = resultCodes[resultcode] ?? {}
  return { status: httpStatus, body: { resultcode, resultdesc: meaning, sessionId: '' } }
}

async function read(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BODY) throw new Error('the body is too large')
    chunks.push(chunk)
  }
  return JSON.parse(Buffer.concat(chunks).toString())
}

function respond(response: ServerResponse, { status, body }: Result): void {
  response.writeHead(status, { 'content-type': 'application/json;charset=UTF-8', connection: 'close' })
  response.end(JSON.stringify(body))
}

function decoded(base64: string | undefined): string | undefined {
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString()
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
