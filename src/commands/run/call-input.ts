import { ask, readInput } from '../input.ts'

/** Characters that a number and a code can have at the most. */
const most = 4_096

export interface CallInput {
  number: string
  /** Undefined: one has to be made. */
  code: string | undefined
}

/**
 * Number and code, a line each, from standard input, or asked for on a terminal. Not from arguments: those stand in the
 * list of processes and in the history of the shell.
 */
export async function readCallInput(): Promise<CallInput> {
  const lines = process.stdin.isTTY
    ? await ask('Number to call (+86…): ', 'Code, 2 to 8 digits (empty: one is made): ')
    : await readLines()
  const [number = '', code = ''] = lines.map((line) => line.trim())
  if (number === '') throw new Error('no number: it stands on the first line of standard input, the code on the second')
  return { number, code: code === '' ? undefined : code }
}

async function readLines(): Promise<string[]> {
  const text = await readInput(most)
  if (text.length > most) throw new Error('standard input holds more than a number and a code')
  return text.split('\n')
}
