import { Registry } from 'prom-client'
import { AdminMetrics } from './admin.ts'
import { CallbackMetrics } from './callbacks.ts'
import { ConnectionMetrics } from './connections.ts'
import { RecordMetrics } from './records.ts'
import { SignatureMetrics } from './signatures.ts'

/**
 * What the receiver counts, one object a subject: the code that counts is handed its own. What is read when Prometheus
 * asks has a function each beside them: storage, fold, pools, readiness, process. docs/metrics.md describes them all.
 */
export class Metrics {
  readonly registry = new Registry()
  readonly callbacks = new CallbackMetrics(this.registry)
  readonly signatures = new SignatureMetrics(this.registry)
  readonly connections = new ConnectionMetrics(this.registry)
  readonly records = new RecordMetrics(this.registry)
  readonly admin = new AdminMetrics(this.registry)
}
