import pino, { type DestinationStream, type Logger } from 'pino'

/**
 * The receiver's log: JSON lines on standard output. What is written is chosen where it is written, field by field;
 * bodies, numbers, tokens and secrets never are. Errors of Postgres come as `err` through `publicError`.
 */
export function createLogger(level: string): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    // As publicError made it; pino would add the name of its class and a stack that is not there.
    serializers: { err: (error: object) => error },
    formatters: { level: (label: string) => ({ level: label }) },
  }
  return pino(options, onceATurn())
}

/**
 * Writes the lines of one turn of the event loop together, for a write of its own with each callback costs more than
 * making the line. None waits longer than its turn, and none is lost when the process exits.
 */
function onceATurn(): DestinationStream {
  const output = pino.destination({ fd: process.stdout.fd, sync: true })
  let lines = ''
  const flush = () => {
    const written = lines
    lines = ''
    if (written !== '') output.write(written)
  }
  process.once('exit', flush)
  return {
    write(line) {
      if (lines === '') setImmediate(flush)
      lines += line
    },
  }
}

/** Where an error comes from, without its message: that may repeat what a callback said. */
export function frames(error: Error): string {
  return (error.stack ?? '')
    .split('\n')
    .filter((line) => /^ +at /.test(line))
    .join('\n')
}
