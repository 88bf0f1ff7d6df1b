import { join } from 'node:path'
import { errnoOf } from './errors.ts'
import { listNames, nodeIo } from './io.ts'
import { readLines } from './lines.ts'
import { isLocked } from './lock.ts'
import { isSegment, scanSegment } from './segment.ts'
import { SET_ASIDE } from './set-aside.ts'

/** What a spool directory holds. */
export interface SpoolStatus {
  directory: string
  /** Whether a live process works on it; the counts then are those of a moment. */
  locked: boolean
  /** Segment files. */
  segments: number
  bytes: number
  /** Whole records. */
  records: number
  /** Lines with a wrong checksum: the drain will set them aside. */
  damaged: number
  /** Segment files whose header is not ours: the next start will set them aside. */
  unreadable: number
  /** When the oldest record was received, ms since 1970. */
  oldestAt: number | undefined
  /** What was taken out of the drain and waits for somebody to look. */
  setAside: { records: number; damaged: number; unreadable: number; bytes: number }
}

/** Reads a spool and changes nothing: every line is read and its checksum verified. None when there is no directory. */
export async function inspectSpool(directory: string): Promise<SpoolStatus> {
  const names = await listNames(nodeIo, directory)
  const segments = await scanAll(directory, names.filter(isSegment))
  const kept = join(directory, SET_ASIDE)
  const keptNames = await listNames(nodeIo, kept)
  const keptRecords = await scanAll(kept, keptNames.filter(isSegment))
  const damagedFiles = await countAll(
    kept,
    keptNames.filter((name) => name.endsWith('.damaged')),
  )
  const unreadableFiles = await countAll(
    kept,
    keptNames.filter((name) => name.endsWith('.unreadable')),
  )
  const readable = segments.filter((scan) => scan.readable)
  const times = readable.flatMap(({ firstAt }) => (firstAt === undefined ? [] : [firstAt]))
  return {
    directory,
    locked: await isLocked(directory).catch(() => false),
    segments: segments.length,
    bytes: sum(segments, 'size'),
    records: sum(readable, 'lines') - sum(readable, 'damaged'),
    damaged: sum(readable, 'damaged'),
    unreadable: segments.length - readable.length,
    oldestAt: times.length === 0 ? undefined : Math.min(...times),
    setAside: {
      records: sum(keptRecords, 'lines') - sum(keptRecords, 'damaged'),
      damaged: sum(damagedFiles, 'lines') + sum(keptRecords, 'damaged'),
      unreadable: unreadableFiles.length,
      bytes: sum([...keptRecords, ...damagedFiles, ...unreadableFiles], 'size'),
    },
  }
}

/** What `read` says of each file; a file that the process at work has removed meanwhile is left out. */
async function readAll<T>(directory: string, names: string[], read: (path: string) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  for (const name of names) {
    try {
      results.push(await read(join(directory, name)))
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error
    }
  }
  return results
}

const scanAll = (directory: string, names: string[]) =>
  readAll(directory, names, (path) => scanSegment(nodeIo, path, true))

const countAll = (directory: string, names: string[]) => readAll(directory, names, countLines)

async function countLines(path: string): Promise<{ lines: number; size: number }> {
  const file = await nodeIo.open(path, 'r')
  try {
    const { size } = await file.stat()
    let lines = 0
    for await (const batch of readLines(file, 0, size)) lines += batch.length
    return { lines, size }
  } finally {
    await file.close()
  }
}

function sum<K extends string>(items: { [key in K]: number }[], key: K): number {
  return items.reduce((total, item) => total + item[key], 0)
}
