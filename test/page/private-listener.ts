import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { onTestFinished } from 'vitest'
import { buildAdmin } from '../../src/admin/app.ts'
import { texts } from '../../src/page/texts/texts.ts'
import { TestReceiver } from '../support/receiver.ts'

export interface PrivateListener {
  admin: FastifyInstance
  receiver: TestReceiver
  /** Listens on a port of its own; the URL of the page. */
  listen(): Promise<string>
  /** The text of a page, asked for in that language. */
  get(url: string, language?: string): Promise<{ status: number; text: string; headers: Record<string, unknown> }>
  /** What a form of the page sends. */
  post(url: string, fields: Record<string, string> | [string, string][]): ReturnType<PrivateListener['get']>
}

interface Options {
  timeZone?: string
  /** False: Postgres is away. */
  connected?: boolean
  adminToken?: string
}

/** Whether the page says of a panel that it took too long, or that Postgres was not reached in time. */
function isLate(text: string): boolean {
  return Object.values(texts).some(({ tooSlow, away, busy }) =>
    [tooSlow, away, busy].some((late) => text.includes(late)),
  )
}

/** The private listener with its page, in front of a receiver on that database. */
export async function privateListener(databaseUrl: string, options: Options = {}): Promise<PrivateListener> {
  const { timeZone = 'Asia/Shanghai', connected = true, adminToken } = options
  const receiver = await TestReceiver.start(databaseUrl, { connected })
  const build = async () => {
    const admin = buildAdmin({
      config: { adminToken, adminHosts: [] },
      readiness: () => receiver.receiver.readiness,
      metrics: receiver.metrics,
      log: receiver.log,
      openapi: () => ({}),
      ops: { postgres: receiver.postgres, pooler: receiver.pooler, timeZone, log: receiver.log },
    })
    onTestFinished(() => admin.close())
    await admin.ready()
    return admin
  }
  const admin = await build()
  const host = 'localhost:3001'
  const answer = ({ statusCode, body, headers }: Awaited<ReturnType<typeof admin.inject>>) => ({
    status: statusCode,
    text: body,
    headers,
  })
  return {
    admin,
    receiver,
    async listen() {
      await admin.listen({ host: '127.0.0.1', port: 0 })
      return `http://127.0.0.1:${(admin.server.address() as AddressInfo).port}`
    },
    async get(url, language = 'en') {
      const asked = { url, headers: { host, 'accept-language': language } }
      let last = answer(await admin.inject(asked))
      // On a busy machine a query may take longer than a page waits for it. Failures are kept for a while: asked anew.
      for (let tries = 0; connected && isLate(last.text) && tries < 5; tries++) {
        await sleep(1_000)
        last = answer(await (await build()).inject(asked))
      }
      return last
    },
    async post(url, fields) {
      const headers = {
        host,
        origin: `http://${host}`,
        'sec-fetch-site': 'same-origin',
        'content-type': 'application/x-www-form-urlencoded',
      }
      return answer(
        await admin.inject({ method: 'POST', url, headers, payload: new URLSearchParams(fields).toString() }),
      )
    },
  }
}
