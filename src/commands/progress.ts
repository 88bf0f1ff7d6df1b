import { visible } from '../lib/terminal.ts'

/** One line on a terminal that is written over and over; nothing at all where nobody watches. */
export interface Progress {
  show(text: string): void
  /** Removes it. */
  end(): void
}

export function progressLine(stream: NodeJS.WriteStream = process.stderr): Progress {
  if (!stream.isTTY) return { show() {}, end() {} }
  return {
    show: (text) => void stream.write(`\r\u001b[2K${visible(text).slice(0, (stream.columns || 80) - 1)}`),
    end: () => void stream.write('\r\u001b[2K'),
  }
}

/** Milliseconds that a person takes for at once. */
const atOnceMs = 500

/** Says what is waited for, and how long already, where nothing tells how much of it is done. */
export async function whileWaiting<T>(
  what: string | (() => string),
  work: Promise<T>,
  stream: NodeJS.WriteStream = process.stderr,
): Promise<T> {
  if (!stream.isTTY) return work
  const line = progressLine(stream)
  const began = performance.now()
  const timer = setInterval(() => {
    const seconds = Math.floor((performance.now() - began) / 1000)
    line.show(`${typeof what === 'string' ? what : what()}, ${seconds} s`)
  }, atOnceMs)
  return work.finally(() => {
    clearInterval(timer)
    if (performance.now() - began > atOnceMs) line.end()
  })
}

/** A bar of so many columns, filled to a share from 0 to 1. */
export function bar(share: number, columns = 30): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * columns)
  return '█'.repeat(filled) + '░'.repeat(columns - filled)
}
