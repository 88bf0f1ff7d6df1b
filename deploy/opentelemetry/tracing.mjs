// Traces of the receiver: node --import /path/to/this/tracing.mjs dist/main.js. What they show, and what to install beside
// this file: docs/opentelemetry.md.
import FastifyOtelInstrumentation from '@fastify/otel'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg'
import { NodeSDK } from '@opentelemetry/sdk-node'
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace'

/**
 * What a span may tell. All else goes: paths and URLs hold the path token, messages of Postgres may quote a number, and what
 * a later release of the instrumentation adds is nothing we have looked at.
 */
const told = new Set([
  'db.namespace',
  'db.operation.name',
  'db.query.text',
  'db.response.status_code',
  'db.system.name',
  'error.type',
  'http.request.method',
  'http.response.status_code',
  'http.route',
  'server.address',
  'server.port',
])

const allowlist = {
  onStart() {},
  onEnd(span) {
    for (const name of Object.keys(span.attributes)) if (!told.has(name)) delete span.attributes[name]
    span.events.length = 0
    delete span.status.message
  },
  forceFlush: async () => {},
  shutdown: async () => {},
}

new NodeSDK({
  spanProcessors: [allowlist, new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
  instrumentations: [
    new HttpInstrumentation(),
    // Hooks are many and short; the handler is what takes its time.
    new FastifyOtelInstrumentation({ registerOnInitialization: true, instrumentHooks: false }),
    // Statements of requests only. Values of parameters are not recorded unless enhancedDatabaseReporting says so: let it not.
    new PgInstrumentation({ requireParentSpan: true }),
  ],
}).start()
