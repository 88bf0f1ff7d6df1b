import { basename, join } from 'node:path'
import { errnoOf } from './errors.ts'
import { listNames, makeDirectory, type SpoolFile, type SpoolIo, syncDirectory, writeAll } from './io.ts'
import { HEADER } from './segment.ts'

export const SET_ASIDE = 'set-aside'

/**
 * Where records go that cannot be drained, until somebody looks: `segment-N.spool` holds whole records and is itself
 * a segment, so moving it back is restoring it; `segment-N.damaged` holds lines whose checksum is wrong, as found;
 * `segment-N.unreadable` is a whole file whose header is not ours.
 */
export class SetAside {
  readonly #spool: string
  readonly #directory: string
  readonly #io: SpoolIo
  #queue: Promise<unknown> = Promise.resolve()
  /** Bytes of the files in it, as far as they are known. */
  bytes = 0

  constructor(spool: string, io: SpoolIo) {
    this.#spool = spool
    this.#directory = join(spool, SET_ASIDE)
    this.#io = io
  }

  /** Adds lines to a file, durably. Throws the system's error, and then the file is as it was. */
  append(name: string, lines: Buffer): Promise<void> {
    const run = this.#queue.then(() => this.#append(join(this.#directory, name), lines))
    this.#queue = run.catch(() => {})
    return run
  }

  /** Finds out how many bytes it holds. Never throws: what cannot be read keeps the number that was known. */
  async measure(): Promise<void> {
    try {
      const names = await listNames(this.#io, this.#directory)
      const sizes = await Promise.all(names.map((name) => sizeOf(this.#io, join(this.#directory, name))))
      this.bytes = sizes.reduce((sum, size) => sum + size, 0)
    } catch {}
  }

  /** Moves a whole segment file here. */
  async move(path: string): Promise<void> {
    await makeDirectory(this.#io, this.#directory)
    await this.#io.rename(path, join(this.#directory, basename(path).replace(/spool$/, 'unreadable')))
    await syncDirectory(this.#io, this.#directory)
    await syncDirectory(this.#io, this.#spool)
    await this.measure()
  }

  async #append(path: string, lines: Buffer): Promise<void> {
    await makeDirectory(this.#io, this.#directory)
    const file = await this.#openForAppend(path)
    try {
      const { size } = await file.stat()
      try {
        await writeAll(file, Buffer.concat([await beginning(file, size, path), lines]), size)
        await file.datasync()
      } catch (error) {
        await file.truncate(size).catch(() => {})
        throw error
      }
    } finally {
      await file.close()
    }
    await syncDirectory(this.#io, this.#directory)
    await this.measure()
  }

  async #openForAppend(path: string): Promise<SpoolFile> {
    try {
      return await this.#io.open(path, 'wx+', 0o600)
    } catch {
      return this.#io.open(path, 'r+')
    }
  }
}

/** 0 for a file that somebody has taken away meanwhile. */
async function sizeOf(io: SpoolIo, path: string): Promise<number> {
  try {
    const file = await io.open(path, 'r')
    return await file
      .stat()
      .then(({ size }) => size)
      .finally(() => file.close())
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 0
    throw error
  }
}

/** What must stand before the lines: the header of a new file, or the newline that a crash cut off an old one. */
async function beginning(file: SpoolFile, size: number, path: string): Promise<Buffer> {
  if (size === 0) return path.endsWith('.spool') ? HEADER : Buffer.alloc(0)
  const last = Buffer.alloc(1)
  await file.read(last, 0, 1, size - 1)
  return last.toString() === '\n' ? Buffer.alloc(0) : Buffer.from('\n')
}
