import { type FileHandle, mkdir, open, readdir, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errnoOf } from './errors.ts'

/** An open file as the spool uses it; a FileHandle is one. */
export interface SpoolFile {
  read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ bytesRead: number }>
  write(buffer: Buffer, offset: number, length: number, position: number): Promise<{ bytesWritten: number }>
  datasync(): Promise<void>
  sync(): Promise<void>
  truncate(length: number): Promise<void>
  stat(): Promise<{ size: number; mode: number }>
  chmod(mode: number): Promise<void>
  close(): Promise<void>
}

/** The calls on the file system that the spool makes, so that tests can let any of them fail. */
export interface SpoolIo {
  open(path: string, flags: string, mode?: number): Promise<SpoolFile>
  /** Recursive; the first directory it had to make, or undefined. */
  mkdir(path: string, mode: number): Promise<string | undefined>
  readdir(path: string): Promise<string[]>
  rename(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
}

export const nodeIo: SpoolIo = {
  open: (path, flags, mode): Promise<FileHandle> => open(path, flags, mode),
  mkdir: (path, mode) => mkdir(path, { recursive: true, mode }),
  readdir: (path) => readdir(path),
  rename,
  unlink,
}

/** The names in a directory, none when it does not exist. */
export async function listNames(io: SpoolIo, directory: string): Promise<string[]> {
  try {
    return await io.readdir(directory)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw error
  }
}

/** Writes all of it at `position`. A write may be short: on a disk that fills up, the next one then says ENOSPC. */
export async function writeAll(file: SpoolFile, bytes: Buffer, position: number): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done)
    if (bytesWritten === 0) throw Object.assign(new Error('write took nothing'), { code: 'EIO' })
    done += bytesWritten
  }
}

/** Makes the names in a directory durable: without it a crash may lose a new file although its data is on disk. */
export async function syncDirectory(io: SpoolIo, directory: string): Promise<void> {
  const handle = await io.open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Makes a private directory and its missing parents, durably. */
export async function makeDirectory(io: SpoolIo, directory: string): Promise<void> {
  const first = await io.mkdir(directory, 0o700)
  if (first === undefined) return
  for (let made = directory; made.length >= first.length; made = dirname(made)) await syncDirectory(io, dirname(made))
}
