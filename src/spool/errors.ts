/** The spool would grow past its bound. Nothing of the append was kept; draining makes room. */
export class SpoolFullError extends Error {
  override readonly name = 'SpoolFullError'
  constructor(maxBytes: number) {
    super(`the spool is full: it may not grow past ${maxBytes} bytes`)
  }
}

/** The disk did not take the records (full, read-only, failing). `code` is the errno name, such as ENOSPC. */
export class SpoolWriteError extends Error {
  override readonly name = 'SpoolWriteError'
  readonly code: string | undefined
  constructor(what: string, cause?: unknown) {
    const code = errnoOf(cause)
    super(code === undefined ? what : `${what}: ${code}`, { cause })
    this.code = code
  }
}

/** An entry that JSON cannot express. Only its own append is refused; `index` says which of its entries it was. */
export class SpoolEntryError extends Error {
  override readonly name = 'SpoolEntryError'
  readonly index: number
  constructor(index: number, cause: unknown) {
    // The cause's message may quote the data, so only its type is said here.
    super(`entry ${index} cannot be written as JSON (${cause instanceof Error ? cause.name : typeof cause})`)
    this.index = index
  }
}

/** Another process works on this spool. */
export class SpoolLockedError extends Error {
  override readonly name = 'SpoolLockedError'
  readonly directory: string
  constructor(directory: string) {
    super(`the spool in ${directory} is in use by another process`)
    this.directory = directory
  }
}

/** The errno name of a system error, or undefined. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
