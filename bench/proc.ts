import { readdirSync, readFileSync } from 'node:fs'

/** Clock ticks a second in /proc: 100 on every Linux that Node runs on. */
const ticksPerSecond = 100

interface Times {
  parent: number
  own: number
  /** Of children that have ended. */
  ended: number
}

function timesOf(pid: number): Times | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name of the program stands in brackets and may hold anything.
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    const field = (number: number) => fields[number - 3] ?? 0
    return { parent: field(4), own: field(14) + field(15), ended: field(16) + field(17) }
  } catch {
    return undefined
  }
}

/** CPU seconds a process has used. */
export function cpuSeconds(pid: number): number {
  return (timesOf(pid)?.own ?? 0) / ticksPerSecond
}

/** CPU seconds a process and its children have used, the ended ones too. */
export function familyCpuSeconds(pid: number): number {
  const self = timesOf(pid)
  if (!self) return 0
  let ticks = self.own + self.ended
  for (const name of readdirSync('/proc')) {
    const child = /^[0-9]+$/.test(name) ? timesOf(Number(name)) : undefined
    if (child?.parent === pid) ticks += child.own
  }
  return ticks / ticksPerSecond
}

/** Bytes of memory a process holds now. */
export function residentBytes(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}
