import { createInterface } from 'node:readline/promises'

/**
 * What a person types in answer to each question, on a terminal. The questions go to standard error, so that standard
 * output stays free for the result.
 */
export async function ask(...questions: readonly string[]): Promise<string[]> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answers: string[] = []
    for (const question of questions) answers.push(await terminal.question(question))
    return answers
  } finally {
    terminal.close()
  }
}

/** Standard input as text; of more than `most` characters it stops after some more. */
export async function readInput(most = Number.POSITIVE_INFINITY): Promise<string> {
  let text = ''
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += chunk
    if (text.length > most) break
  }
  return text
}
