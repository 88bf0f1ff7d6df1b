import { randomBytes } from 'node:crypto'
import type { Command } from 'commander'
import { base64Url, callbackUrls, checkCallbackUrl } from '../platform/urls.ts'
import { commandConfig } from './database.ts'
import { printJson, printLines } from './output.ts'

export function urlsCommand(command: Command): void {
  command
    .addHelpText('after', "\nEach is printed raw and in Base64, and checked against the platform's rule.")
    .option('--new-token', 'print a fresh value for PATH_TOKEN instead')
    .option('--json', 'print JSON')
    .action(async (options: { newToken?: boolean; json?: boolean }) => {
      if (options.newToken) return printLines(randomBytes(16).toString('hex'))
      const config = await commandConfig()
      if (config.publicUrls.length === 0 && (config.statusUrl === undefined || config.feeUrl === undefined))
        throw new Error('PUBLIC_URL is not set: under which URL does the platform reach the receiver?')
      const urls = callbackUrls({ ...config, tokens: config.pathTokens })
      const list = [
        ...urls.status.map((url) => ({ name: 'statusUrl', url })),
        ...urls.fee.map((url) => ({ name: 'feeUrl', url })),
      ]
      const checked = list.map(({ name, url }) => ({ name, url, base64: base64Url(url), ...checkCallbackUrl(url) }))
      if (options.json) printJson(checked)
      else
        for (const { name, url, base64, errors, warnings } of checked) {
          printLines(name, `  raw     ${url}`, `  Base64  ${base64}`)
          for (const text of errors) printLines(`  refused by the platform: it ${text}`)
          for (const text of warnings) printLines(`  careful: it ${text}`)
        }
      if (checked.some(({ errors }) => errors.length > 0)) throw new Error('the platform does not take these URLs')
    })
}
