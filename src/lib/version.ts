import { readFileSync } from 'node:fs'

/** Of package.json, which lies above `src` and above `dist`. */
export const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}
