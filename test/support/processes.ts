import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** How a process was started; empty where it has ended, even if nobody has waited for it yet. */
export async function commandLineOf(pid: number): Promise<string> {
  if (process.platform === 'linux') return readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  const { stdout } = await promisify(execFile)('ps', ['-o', 'args=', '-p', String(pid)]).catch(() => ({ stdout: '' }))
  return stdout.trim()
}

/** The same of all processes. Linux is asked without ps, which small images lack. */
export async function commandLines(): Promise<string> {
  if (process.platform !== 'linux') return (await promisify(execFile)('ps', ['-eo', 'args='])).stdout
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0)
  return (await Promise.all(pids.map(commandLineOf))).join('\n')
}
