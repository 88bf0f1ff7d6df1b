import swagger from '@fastify/swagger'
import fp from 'fastify-plugin'
import { version } from '../../lib/version.ts'
import { sharedSchemas } from './components.ts'
import { webhooks } from './webhooks.ts'

export interface OpenapiOptions {
  /** `RTC_AUTH=enforce`: else callbacks are taken without a signature too. */
  isEnforced: boolean
}

const description = `Takes the call status and CDR callbacks of Huawei Cloud VoiceCall (RTC).

The schemas are what the platform documents. What is taken is decided record by record and more leniently: a field
that does not fit is kept as it came, and only a record without \`sessionId\` or time goes to the quarantine.`

const signature =
  '`UsernameToken Username="<appKey>",PasswordDigest="<digest>",Nonce="<nonce>",Created="<time>"`, with a digest over the URL, the nonce and the time'

/** The OpenAPI document, made of the schemas of the routes that are registered after this. */
export const openapi = fp<OpenapiOptions>(async (app, { isEnforced }) => {
  for (const schema of sharedSchemas) app.addSchema(schema)
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'RTC callback receiver', version, description, license: { name: 'MIT', identifier: 'MIT' } },
      components: {
        securitySchemes: { aksk: { type: 'apiKey', in: 'header', name: 'X-AKSK', description: signature } },
      },
      security: isEnforced ? [{ aksk: [] }] : [{ aksk: [] }, {}],
      webhooks,
    },
    convertConstToEnum: false,
    refResolver: { buildLocalReference: ({ $id }, _base, _fragment, i) => String($id ?? `def-${i}`) },
  })
})
