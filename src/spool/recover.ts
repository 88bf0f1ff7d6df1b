import { basename, join } from 'node:path'
import type { Log } from '../lib/log.ts'
import { errnoOf } from './errors.ts'
import { listNames, type SpoolIo } from './io.ts'
import { isSegment, Segment, type SegmentScan, scanSegment, sequenceOf } from './segment.ts'
import { SET_ASIDE, type SetAside } from './set-aside.ts'

export interface Recovered {
  /** Oldest first. */
  segments: Map<number, Segment>
  /** Higher than any number in use, also among what was set aside. */
  nextSequence: number
  /** Records in files that were set aside whole. */
  setAside: number
}

/**
 * Finds the segments that an earlier process left. A torn tail is cut, a file that is not ours to read is set aside
 * whole, a file that cannot be read now stays for the next start: none of them stops the start. The directory itself
 * must be readable, or this throws the system's error.
 */
export async function recoverSegments(
  directory: string,
  io: SpoolIo,
  setAside: SetAside,
  log: Log,
): Promise<Recovered> {
  const names = await listNames(io, directory)
  const aside = await listNames(io, join(directory, SET_ASIDE)).catch((): string[] => [])
  const used = [...names, ...aside].map((name) => sequenceOf(name) ?? 0)
  const recovered: Recovered = { segments: new Map(), nextSequence: Math.max(0, ...used) + 1, setAside: 0 }
  for (const sequence of segmentNumbers(names)) {
    const segment = new Segment(directory, sequence)
    const file = basename(segment.path)
    try {
      const scan = await scanSegment(io, segment.path)
      if (scan.readable) {
        await adopt(segment, scan, io, log)
        recovered.segments.set(segment.sequence, segment)
      } else {
        log.error({ file, records: scan.lines }, 'a spool segment has no readable header: set aside whole')
        await setAside.move(segment.path)
        recovered.setAside += scan.lines
      }
    } catch (error) {
      log.error({ file, code: errnoOf(error) }, 'a spool segment cannot be read: it stays where it is')
    }
  }
  return recovered
}

/** By number, not by name nor by clock. */
function segmentNumbers(names: string[]): number[] {
  const numbers = names.flatMap((name) => (isSegment(name) ? (sequenceOf(name) ?? []) : []))
  return numbers.sort((a, b) => a - b)
}

async function adopt(segment: Segment, scan: SegmentScan, io: SpoolIo, log: Log): Promise<void> {
  segment.length = scan.length
  segment.fileBytes = scan.size
  segment.unread = scan.lines
  segment.nextAt = scan.firstAt
  if (scan.size <= scan.length) return
  const context = { segment: segment.sequence, bytes: scan.size - scan.length }
  log.warn(context, 'a spool segment ended in half a line, which was never acknowledged: cut')
  try {
    const file = await io.open(segment.path, 'r+')
    await file.truncate(scan.length).finally(() => file.close())
    segment.fileBytes = scan.length
  } catch (error) {
    // On a read-only disk the half line stays; readers stop before it all the same.
    log.warn({ ...context, code: errnoOf(error) }, 'the half line cannot be cut')
  }
}
