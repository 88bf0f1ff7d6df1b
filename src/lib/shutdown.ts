import type { Log } from './log.ts'

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
    const result = await withTimeout(timeoutMs, run())
    const fields = { phase: name, ms: Math.round(performance.now() - started) }
    if (result === 'done') log.info(fields, 'shutdown phase done')
    else log.error({ ...fields, result }, 'shutdown phase not done')
    clean &&= result === 'done'
  }
  return clean
}

async function withTimeout(ms: number, work: Promise<unknown>): Promise<string> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, ms, 'took too long')
  })
  const done = work.then(
    () => 'done',
    (error: Error) => error.message,
  )
  return Promise.race([done, late]).finally(() => clearTimeout(timer))
}
