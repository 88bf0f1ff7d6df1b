import { visible } from './output.ts'

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

/** A bar of so many columns, filled to a share from 0 to 1. */
export function bar(share: number, columns = 30): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * columns)
  return '█'.repeat(filled) + '░'.repeat(columns - filled)
}
