import type { Log } from './log.ts'
import { within } from './within.ts'

/** One step of the shutdown. It may take so long; then the next begins all the same. */
export interface Phase {
  name: string
  timeoutMs: number
  run(): Promise<unknown>
}

/** Runs the phases in order, a log line each. Resolves to false when one failed or took too long. */
export async function shutDown(phases: readonly Phase[], log: Log): Promise<boolean> {
  let clean = true
  for (const { name, timeoutMs, run } of phases) {
    const started = performance.now()
    const ended = run().then(
      () => 'done',
      (error: Error) => error.message,
    )
    const result = (await within(timeoutMs, ended)) ?? 'took too long'
    const fields = { phase: name, ms: Math.round(performance.now() - started) }
    if (result === 'done') log.info(fields, 'shutdown phase done')
    else log.error({ ...fields, result }, 'shutdown phase not done')
    clean &&= result === 'done'
  }
  return clean
}
