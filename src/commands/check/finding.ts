/** `wrong` must be mended, `careful` should be looked at, `unknown` could not be found out from here. */
export type State = 'ok' | 'careful' | 'wrong' | 'unknown'

/** One thing that was looked at, in plain words. */
export interface Finding {
  check: string
  state: State
  what: string
  /** What to do about it. */
  todo?: string
}

/** Findings of one check. */
export function findings(check: string) {
  const found: Finding[] = []
  const add = (state: State) => (what: string, todo?: string) => {
    found.push({ check, state, what, ...(todo === undefined ? {} : { todo }) })
  }
  return { found, ok: add('ok'), careful: add('careful'), wrong: add('wrong'), unknown: add('unknown') }
}

/** What an error of the network, of Postgres or of the file system says, in a word or a line. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown }
  return String(code ?? (message || error))
}
