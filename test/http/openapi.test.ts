import type { FastifyInstance } from 'fastify'
import { Compile } from 'typebox/compile'
import { beforeAll, describe, expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { loadConfig } from '../../src/config/config.ts'
import { buildApp } from '../../src/http/app.ts'
import { mostPerSource } from '../../src/http/limits/connections.ts'
import { outcomes } from '../../src/http/refusals.ts'
import { CannotStoreError } from '../../src/ingest/receiver.ts'
import { Metrics } from '../../src/metrics/metrics.ts'
import { feeFixture, feeFixtures, statusFixture, statusFixtures } from '../fixtures/load.ts'
import { event } from '../support/callbacks.ts'
import { type Answer, RawConnection, send, wire } from '../support/http.ts'
import { publicApp } from '../support/public-app.ts'
import { TestLog } from '../support/spool.ts'

interface Media {
  schema: object
  examples?: Record<string, { value: unknown }>
}
interface Operation {
  operationId: string
  parameters?: { name: string; in: string }[]
  requestBody: { content: Record<string, Media> }
  responses: Record<string, { description: string; headers?: object; content: Record<string, Media> }>
}
interface Document {
  openapi: string
  info: { version: string }
  paths: Record<string, Record<string, Operation>>
  webhooks: Record<string, { post: Operation }>
  components: { schemas: Record<string, object>; securitySchemes: Record<string, { name: string; in: string }> }
  security: object[]
}

async function documentOf(environment: Record<string, string> = {}) {
  const { app } = await publicApp(environment)
  return { app, document: await documentIn(app) }
}

async function documentIn(app: FastifyInstance): Promise<Document> {
  await app.ready()
  // As a program that reads it has it.
  return JSON.parse(JSON.stringify(app.swagger()))
}

let document: Document
/** Whether a value is as a schema of the document says; references lead into the document itself. */
const fits = ({ schema }: Media, value: unknown) => {
  const { components } = document
  return Compile({ ...schema, components } as object).Check(value)
}
const json = (content: Record<string, Media> | undefined) => content?.['application/json'] as Media

beforeAll(async () => {
  const receiver = { take: async () => {}, keepUnread: async () => {} }
  const app = await buildApp({ config: await loadConfig({}), receiver, metrics: new Metrics(), log: new TestLog() })
  document = await documentIn(app)
  await app.close()
})

describe('the document', () => {
  test('says which release it is of, and how callbacks are signed', () => {
    expect(document).toMatchObject({
      openapi: '3.1.0',
      info: { version: manifest.version },
      components: { securitySchemes: { aksk: { type: 'apiKey', in: 'header', name: 'X-AKSK' } } },
      security: [{ aksk: [] }, {}],
    })
  })

  test('with enforce there is no way without a signature', async () => {
    const { document } = await documentOf({
      RTC_APPS: 'app:secret-of-the-app',
      RTC_AUTH: 'enforce',
      PUBLIC_URL: 'https://cdr.example.com',
    })
    expect(document.security).toEqual([{ aksk: [] }])
  })

  test('names its schemas, and repeats none of them', () => {
    const { schemas } = document.components
    expect(Object.keys(schemas).sort()).toEqual(
      ['Accepted', 'FeeCallback', 'FeeInfo', 'Notice', 'Place', 'Refusal', 'StatusCallback', 'StatusInfo'].sort(),
    )
    expect(JSON.stringify(schemas.FeeCallback)).toContain('"$ref":"#/components/schemas/FeeInfo"')
    expect(JSON.stringify(schemas.StatusCallback)).toContain('"$ref":"#/components/schemas/StatusInfo"')
    expect(JSON.stringify(schemas.Refusal)).toContain('"$ref":"#/components/schemas/Place"')
  })

  test('has no reference that leads nowhere', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, to]) => to as string)
    expect(references.length).toBeGreaterThan(10)
    for (const to of references) {
      const steps = to.replace('#/', '').split('/')
      const found = steps.reduce((at: unknown, key) => (at as Record<string, unknown>)?.[key], document)
      expect(found, to).toBeTypeOf('object')
    }
  })

  test('gives each operation an id of its own', () => {
    const operations = [...Object.values(document.paths), ...Object.values(document.webhooks)].flatMap(Object.values)
    const ids = operations.map(({ operationId }) => operationId)
    expect(ids).toEqual(['receiveStatus', 'receiveFee', 'onCallStatus', 'onCdr', 'onNotice'])
  })
})

describe('routes and document', () => {
  test.each([
    [{}, '/rtc', undefined],
    [{ PATH_TOKEN: 'a-token-of-22-characters' }, '/rtc/{token}', ['token']],
  ])('%j: each route that takes something is in it, and nothing else', async (environment, prefix, parameters) => {
    const { app, document } = await documentOf(environment)
    expect(Object.keys(document.paths)).toEqual([`${prefix}/status`, `${prefix}/fee`])
    for (const [path, operations] of Object.entries(document.paths)) {
      expect(Object.keys(operations)).toEqual(['post'])
      expect(operations.post?.parameters?.map(({ name }) => name)).toEqual(parameters)
      expect(app.hasRoute({ method: 'POST', url: path.replace('{token}', ':token') })).toBe(true)
    }
    // What is registered, as the router prints it: the two paths and no third.
    const leaves = app.printRoutes({ commonPrefix: false }).match(/\(.*POST.*\)/g)
    expect(leaves).toHaveLength(2)
  })

  test.each([
    ...statusFixtures.map((name) => [name, 'StatusCallback', statusFixture(name)] as const),
    ...feeFixtures.map((name) => [name, 'FeeCallback', feeFixture(name)] as const),
  ])('%s is as the document says: %s', (_name, schema, body) => {
    const named = { schema: { $ref: `#/components/schemas/${schema}` } }
    expect(fits(named, body)).toBe(true)
    for (const path of Object.values(document.paths))
      expect(fits(json(path.post?.requestBody.content), body)).toBe(true)
    expect(fits(named, { ...body, eventType: 7 })).toBe(false)
  })

  test('what is no callback is not', () => {
    for (const body of [{}, { eventType: '' }, [], { eventType: 'fee', feeLst: [{}] }])
      expect(fits({ schema: { $ref: '#/components/schemas/FeeCallback' } }, body), JSON.stringify(body)).toBe(false)
  })

  test('each example is taken, and as its schema says', async () => {
    const { app, taken } = await publicApp()
    const operations = [...Object.values(document.paths).map(({ post }) => post as Operation)]
    for (const { requestBody } of [...operations, ...Object.values(document.webhooks).map(({ post }) => post)]) {
      const media = json(requestBody.content)
      expect(Object.keys(media.examples ?? {}).length).toBeGreaterThan(0)
      for (const [name, { value }] of Object.entries(media.examples ?? {})) {
        expect(fits(media, value), name).toBe(true)
        const answer = await app.inject({ method: 'POST', url: '/rtc/status', payload: value as object })
        expect([name, answer.statusCode]).toEqual([name, 200])
      }
    }
    expect(new Set(taken.map(({ kind }) => kind))).toEqual(new Set(['status', 'fee', 'notice']))
  })
})

describe('each answer is in the document, with its schema', () => {
  const callback = JSON.stringify(event('documented'))
  const environment = {
    RTC_APPS: 'app:secret-of-the-app',
    RTC_AUTH: 'enforce',
    PUBLIC_URL: 'https://cdr.example.com',
    ALLOW_FROM: '127.0.0.1/32',
  }

  async function fails(error: Error): Promise<string> {
    const app = await publicApp({}, () => {
      throw error
    })
    return app.listen()
  }
  async function raw(url: string, bytes: string): Promise<Answer> {
    const connection = new RawConnection(url)
    connection.write(bytes)
    const [answer] = await connection.answers(1)
    connection.socket.destroy()
    return answer as Answer
  }
  const open = async () => (await publicApp()).listen()

  const ways: Record<number, () => Promise<Answer>> = {
    200: async () => send(`${await open()}/rtc/status`, callback),
    400: async () => send(`${await open()}/rtc/status`, 'rubbish'),
    401: async () => send(`${await (await publicApp(environment)).listen()}/rtc/status`, callback),
    403: async () =>
      send(`${await (await publicApp({ ...environment, ALLOW_FROM: '192.0.2.0/24' })).listen()}/rtc/status`, callback),
    404: async () => send(`${await open()}/rtc/other`, callback),
    405: async () => send(`${await open()}/rtc/status`, undefined, { method: 'GET' }),
    408: async () => {
      const { app, listen } = await publicApp()
      app.server.headersTimeout = 100
      return raw(await listen(), 'POST /rtc/status HTTP/1.1\r\n')
    },
    413: async () => send(`${await (await publicApp({ BODY_LIMIT: '1024' })).listen()}/rtc/status`, 'x'.repeat(2_000)),
    415: async () => send(`${await open()}/rtc/status`, callback, { headers: { 'content-encoding': 'gzip' } }),
    417: async () => raw(await open(), wire('/rtc/status', callback, { expect: 'a miracle' })),
    429: async () => {
      let finish = () => {}
      const held = new Promise<void>((resolve) => {
        finish = resolve
      })
      const { app } = await publicApp({}, () => held)
      const request = { method: 'POST', url: '/rtc/status', payload: callback } as const
      const answers = Array.from({ length: mostPerSource + 1 }, () => app.inject(request))
      const { statusCode: status, headers, body } = await Promise.race(answers)
      finish()
      await Promise.all(answers)
      return { status, headers, body } as Answer
    },
    431: async () => raw(await open(), wire('/rtc/status', callback, { 'x-long': 'x'.repeat(20_000) })),
    500: async () => send(`${await fails(new TypeError('ours'))}/rtc/status`, callback),
    503: async () => send(`${await fails(new CannotStoreError())}/rtc/status`, callback),
  }

  test('and it knows no other', () => {
    for (const path of Object.values(document.paths))
      expect(Object.keys(path.post?.responses ?? {})).toEqual(Object.keys(ways))
    expect(Object.keys(ways)).toEqual(expect.arrayContaining(Object.keys(outcomes)))
  })

  test.each(Object.entries(ways))('%s', async (status, way) => {
    const answer = await way()
    expect(String(answer.status)).toBe(status)
    for (const path of Object.values(document.paths)) {
      const response = path.post?.responses[status]
      expect(response?.description).toBeTruthy()
      expect(fits(json(response?.content), JSON.parse(answer.body)), answer.body).toBe(true)
      for (const header of Object.keys(response?.headers ?? {})) expect(answer.headers).toHaveProperty(header)
    }
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
  })
})
