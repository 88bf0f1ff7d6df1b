import { execFile } from 'node:child_process'
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import { nodeIo, type SpoolFile, type SpoolIo } from '../../src/spool/io.ts'
import { Spool, type SpoolEntry, type SpooledRecord } from '../../src/spool/spool.ts'

/** A directory that is gone after the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'rtc-spool-test-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** A spool as a process before would have left it. */
export async function spooled(entries: readonly SpoolEntry[]): Promise<string> {
  const directory = await temporaryDirectory()
  const spool = await Spool.open({ directory, maxBytes: 1e8, log: new TestLog() })
  await spool.append(entries)
  await spool.close()
  return directory
}

/** Keeps what is logged. */
export class TestLog {
  readonly lines: { level: string; context: object; message: string }[] = []
  info = (context: object, message: string) => void this.lines.push({ level: 'info', context, message })
  warn = (context: object, message: string) => void this.lines.push({ level: 'warn', context, message })
  error = (context: object, message: string) => void this.lines.push({ level: 'error', context, message })

  messages(level?: string): string[] {
    return this.lines.filter((line) => level === undefined || line.level === level).map(({ message }) => message)
  }
}

export function entry(n: number, more: object = {}): SpoolEntry {
  const record = { eventType: 'answer', statusInfo: { sessionId: `s-${n}`, caller: '+8613800000021', ...more } }
  return { at: new Date(1_700_000_000_000 + n * 1000).toISOString(), kind: 'status', signer: null, record }
}

export function numberOf({ entry }: { entry: SpoolEntry }): number {
  const { statusInfo } = entry.record as { statusInfo: { sessionId: string } }
  return Number(statusInfo.sessionId.slice(2))
}

type Options = Partial<Parameters<typeof Spool.open>[0]>

/** Opens a spool that is closed after the test. */
export async function openSpool(directory: string, options: Options = {}): Promise<Spool> {
  const spool = await Spool.open({ directory, maxBytes: 64 * 1024 * 1024, log: new TestLog(), ...options })
  onTestFinished(() => spool.close())
  return spool
}

export async function takeAll(spool: Spool): Promise<SpooledRecord[]> {
  const all: SpooledRecord[] = []
  for (;;) {
    const some = await spool.take(100)
    if (some.length === 0) return all
    all.push(...some)
  }
}

export async function drain(spool: Spool): Promise<number[]> {
  const all = await takeAll(spool)
  spool.commit(all.map(({ id }) => id))
  return all.map(numberOf)
}

/** The segment files, oldest first. */
export async function segmentFiles(directory: string): Promise<string[]> {
  const names = await readdir(directory)
  return names.filter((name) => name.endsWith('.spool')).sort()
}

export async function onlySegment(directory: string): Promise<{ path: string; bytes: Buffer }> {
  const [name, ...others] = await segmentFiles(directory)
  if (name === undefined || others.length > 0) throw new Error('expected one segment')
  const path = join(directory, name)
  return { path, bytes: await readFile(path) }
}

/** What a power cut at this moment would leave, as far as files can show it: a copy without the lock. */
export async function copySpool(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true, filter: (source) => !source.endsWith('.sock') })
}

type Call = keyof SpoolIo | keyof SpoolFile

interface Rule {
  call: Call
  code: string
  path: RegExp
  times: number
}

/**
 * What a disk holds for certain while files are only in the page cache: names after a sync of their directory, bytes
 * after a datasync of their file. A failed datasync drops what it should have written: Linux marks the pages clean,
 * and the next datasync of that file succeeds without them. An unlink is kept at once; a truncation waits for a sync.
 */
class Disk {
  readonly #files = new Map<string, { bytes: Buffer; pending: ((bytes: Buffer) => Buffer)[]; named: boolean }>()

  change(path: string, apply: (bytes: Buffer) => Buffer): void {
    const file = this.#files.get(path) ?? { bytes: Buffer.alloc(0), pending: [], named: false }
    file.pending.push(apply)
    this.#files.set(path, file)
  }

  sync(path: string, failed: boolean): void {
    const file = this.#files.get(path)
    if (file === undefined) return
    if (!failed) for (const apply of file.pending) file.bytes = apply(file.bytes)
    file.pending = []
  }

  syncNames(directory: string): void {
    for (const [path, file] of this.#files) if (dirname(path) === directory) file.named = true
  }

  unlink(path: string): void {
    this.#files.delete(path)
  }

  /** The files are now at another place, no nearer to the disk. */
  move(from: string, to: string): void {
    for (const [path, file] of [...this.#files]) {
      this.#files.delete(path)
      this.#files.set(join(to, relative(from, path)), file)
    }
  }

  /** Writes what a power cut would leave to another directory, and goes on with that. */
  async cut(from: string, to: string): Promise<void> {
    for (const [path, { bytes, named }] of [...this.#files]) {
      this.#files.delete(path)
      if (!named) continue
      const copy = join(to, relative(from, path))
      await mkdir(dirname(copy), { recursive: true })
      await writeFile(copy, bytes)
      this.#files.set(copy, { bytes, pending: [], named })
    }
  }
}

/** The real file system, where chosen calls fail and the disk may be small. */
export class FaultyIo implements SpoolIo {
  /** Bytes that still fit on the disk. */
  room = Number.POSITIVE_INFINITY
  /** True: a write writes nothing and does not say why. */
  takesNothing = false
  /** True: nothing is really synced, for tests that open hundreds of spools. */
  lazy = false
  readonly disk = new Disk()
  readonly calls: { call: Call; path: string }[] = []
  #rules: Rule[] = []

  /** Lets the next calls fail with an errno name. */
  fail(call: Call, code: string, { path = /./, times = 1 }: { path?: RegExp; times?: number } = {}): void {
    this.#rules.push({ call, code, path, times })
  }

  /** All is well again. */
  heal(): void {
    this.#rules = []
    this.room = Number.POSITIVE_INFINITY
  }

  async mkdir(path: string, mode: number): Promise<string | undefined> {
    this.#check('mkdir', path)
    return nodeIo.mkdir(path, mode)
  }

  async readdir(path: string): Promise<string[]> {
    this.#check('readdir', path)
    return nodeIo.readdir(path)
  }

  async rename(from: string, to: string): Promise<void> {
    this.#check('rename', from)
    await nodeIo.rename(from, to)
  }

  async unlink(path: string): Promise<void> {
    this.#check('unlink', path)
    await nodeIo.unlink(path)
    this.disk.unlink(path)
  }

  async open(path: string, flags: string, mode?: number): Promise<SpoolFile> {
    this.#check('open', path)
    const file = await nodeIo.open(path, flags, mode)
    const check = (call: Call) => this.#check(call, path)
    const { disk } = this
    return {
      read: async (...args) => {
        check('read')
        return file.read(...args)
      },
      write: async (buffer, offset, length, position) => {
        check('write')
        if (this.takesNothing) return { bytesWritten: 0 }
        if (this.room <= 0) throw errno('ENOSPC')
        const fits = Math.min(length, this.room)
        this.room -= fits
        const written = Buffer.from(buffer.subarray(offset, offset + fits))
        disk.change(path, (bytes) => {
          const longer = Buffer.alloc(Math.max(bytes.length, position + fits))
          bytes.copy(longer)
          written.copy(longer, position)
          return longer
        })
        return file.write(buffer, offset, fits, position)
      },
      datasync: async () => {
        try {
          check('datasync')
        } catch (error) {
          disk.sync(path, true)
          throw error
        }
        if (!this.lazy) await file.datasync()
        disk.sync(path, false)
      },
      sync: async () => {
        check('sync')
        if (!this.lazy) await file.sync()
        disk.syncNames(path)
      },
      truncate: async (length) => {
        check('truncate')
        await file.truncate(length)
        disk.change(path, (bytes) => bytes.subarray(0, length))
      },
      stat: async () => {
        check('stat')
        return file.stat()
      },
      chmod: async (to) => {
        check('chmod')
        await file.chmod(to)
      },
      close: async () => {
        await file.close()
        check('close')
      },
    }
  }

  #check(call: Call, path: string): void {
    this.calls.push({ call, path })
    const rule = this.#rules.find((rule) => rule.call === call && rule.times > 0 && rule.path.test(path))
    if (rule === undefined) return
    rule.times--
    throw errno(rule.code)
  }
}

export function errno(code: string): Error {
  return Object.assign(new Error(`${code}: by the test`), { code })
}

/**
 * Compiles the spool and spool-child.ts to JavaScript, for tests that need another process: Node 20 runs no
 * TypeScript. Returns the script's path, readable by every user.
 */
export async function compileChild(): Promise<{ script: string; remove: () => Promise<void> }> {
  const root = join(import.meta.dirname, '..', '..')
  const out = await mkdtemp(join(tmpdir(), 'rtc-spool-child-'))
  const options = '--module nodenext --target es2023 --types node --skipLibCheck --rewriteRelativeImportExtensions'
  await promisify(execFile)(
    process.execPath,
    [
      join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
      ...['--ignoreConfig', '--rootDir', root, '--outDir', out, ...options.split(' ')],
      join(root, 'test', 'support', 'spool-child.ts'),
    ],
    { cwd: root },
  )
  await writeFile(join(out, 'package.json'), '{"type":"module"}')
  await chmod(out, 0o755)
  return {
    script: join(out, 'test', 'support', 'spool-child.js'),
    remove: () => rm(out, { recursive: true, force: true }),
  }
}

/** A directory that does not exist yet, deep enough that a socket's path in it does not fit an address. */
export async function deepDirectory(): Promise<string> {
  const directory = join(await temporaryDirectory(), ...Array.from({ length: 6 }, () => 'a'.repeat(30)))
  await mkdir(join(directory, '..'), { recursive: true })
  return directory
}
