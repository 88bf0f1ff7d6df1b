import type { SpoolFile } from './io.ts'

export interface Line {
  /** Without the newline. Valid only until the next batch is asked for: the buffer is used again. */
  bytes: Buffer
  /** Where it begins in the file. */
  start: number
  /** Where the next line begins. */
  end: number
  /** False for bytes at the end that no newline closes. */
  terminated: boolean
}

const NEWLINE = 0x0a
const CHUNK = 256 * 1024

/** The lines from byte `from` up to byte `to`, in batches; memory is one chunk, or the longest line. */
export async function* readLines(file: SpoolFile, from: number, to: number): AsyncGenerator<Line[]> {
  let buffer = Buffer.allocUnsafe(CHUNK)
  /** Where buffer[0] stands in the file, and how many bytes of the buffer are filled. */
  let base = from
  let filled = 0
  for (;;) {
    const wanted = Math.min(buffer.length - filled, to - base - filled)
    const { bytesRead } = wanted > 0 ? await file.read(buffer, filled, wanted, base + filled) : { bytesRead: 0 }
    if (bytesRead === 0) break
    const searched = filled
    filled += bytesRead
    const lines: Line[] = []
    let start = 0
    let newline = buffer.indexOf(NEWLINE, searched)
    while (newline >= 0 && newline < filled) {
      const end = newline + 1
      lines.push({ bytes: buffer.subarray(start, newline), start: base + start, end: base + end, terminated: true })
      start = end
      newline = buffer.indexOf(NEWLINE, start)
    }
    if (lines.length > 0) yield lines
    if (start === 0 && filled === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2)
    buffer.copyWithin(0, start, filled)
    base += start
    filled -= start
  }
  if (filled > 0) {
    yield [{ bytes: buffer.subarray(0, filled), start: base, end: base + filled, terminated: false }]
  }
}
