import pino, { type Logger } from 'pino'

/**
 * The receiver's log: JSON lines on standard output. What is written is chosen where it is written, field by field;
 * bodies, numbers, tokens and secrets never are. Errors of Postgres come as `err` through `publicError`.
 */
export function createLogger(level: string): Logger {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  })
}

/** Where an error comes from, without its message: that may repeat what a callback said. */
export function frames(error: Error): string {
  return (error.stack ?? '')
    .split('\n')
    .filter((line) => /^ +at /.test(line))
    .join('\n')
}
