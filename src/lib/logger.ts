import pino, { type DestinationStream, type Logger } from 'pino'
import { hasColours, type Output, visible } from './terminal.ts'

/**
 * The receiver's log on standard output: JSON lines, and on a terminal the same for people. What is written is chosen where
 * it is written, field by field; bodies, numbers, tokens and secrets never are. Errors of Postgres come as `err` through
 * `publicError`.
 */
export async function createLogger(level: string, stream: Output & { fd: number } = process.stdout): Promise<Logger> {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    // As publicError made it; pino would add the name of its class and a stack that is not there.
    serializers: { err: (error: object) => error },
    formatters: { level: (label: string) => ({ level: label }) },
  }
  return pino(options, onceATurn(stream.fd, (stream.isTTY && (await readable(stream))) || String))
}

/**
 * Writes the lines of one turn of the event loop together, for a write of its own with each callback costs more than
 * making the line. None waits longer than its turn, and none is lost when the process exits.
 */
function onceATurn(fd: number, format: (line: string) => string): DestinationStream {
  const output = pino.destination({ fd, sync: true })
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
      lines += format(line)
    },
  }
}

/** Undefined where pino-pretty is not installed: as an optional dependency it is left out of images. */
async function readable(stream: Output): Promise<((line: string) => string) | undefined> {
  const found = await import('pino-pretty').catch(() => undefined)
  const format = found?.prettyFactory({
    colorize: hasColours(stream),
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
  })
  // Nothing in a value may act on the terminal; the frames of an error are ours, and lines.
  const shown = (key: string, value: unknown) => (typeof value === 'string' && key !== 'stack' ? visible(value) : value)
  return (
    format &&
    ((line) => {
      const { stack, ...rest } = JSON.parse(line, shown)
      return format(rest) + (stack ? `${stack}\n` : '')
    })
  )
}

/** Where an error comes from, without its message: that may repeat what a callback said. */
export function frames(error: Error): string {
  return (error.stack ?? '')
    .split('\n')
    .filter((line) => /^ +at /.test(line))
    .join('\n')
}
