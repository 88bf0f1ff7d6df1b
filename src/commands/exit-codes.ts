import { CommanderError } from 'commander'
import { ConfigError } from '../config/values.ts'

/** What every command may end with; `call verify` has more. 78 is EX_CONFIG. */
export const exitCodes = { done: 0, failed: 1, usage: 2, misconfigured: 78 } as const

export function exitCodeOf(error: unknown): number {
  // Commander also ends by throwing when it has printed help or the version.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage
  return error instanceof ConfigError ? exitCodes.misconfigured : exitCodes.failed
}
