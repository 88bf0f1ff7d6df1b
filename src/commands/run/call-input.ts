import { createInterface } from 'node:readline/promises'

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
  const lines = process.stdin.isTTY ? await ask() : await readLines()
  const [number = '', code = ''] = lines.map((line) => line.trim())
  if (number === '') throw new Error('no number: it stands on the first line of standard input, the code on the second')
  return { number, code: code === '' ? undefined : code }
}

async function ask(): Promise<string[]> {
  // Standard output stays free for the result.
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const number = await terminal.question('Number to call (+86…): ')
    const code = await terminal.question('Code, 2 to 8 digits (empty: one is made): ')
    return [number, code]
  } finally {
    terminal.close()
  }
}

async function readLines(): Promise<string[]> {
  let text = ''
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += chunk
    if (text.length > 4_096) throw new Error('standard input holds more than a number and a code')
  }
  return text.split('\n')
}
