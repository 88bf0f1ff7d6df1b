import type { Config } from '../../config/config.ts'
import { isLoopback, isTooWide } from '../../lib/addresses.ts'
import { callbackUrls, checkCallbackUrl } from '../../platform/urls.ts'
import { type Finding, findings } from './finding.ts'

/** As it comes: on loopback, and no address under which the platform would reach it. A proxy of ours may come later. */
function isPrivate({ host, publicUrls, statusUrl, feeUrl }: Config): boolean {
  return isLoopback(host) && publicUrls.length === 0 && statusUrl === undefined && feeUrl === undefined
}

/** The URLs by the platform's rule, and what keeps strangers out. Looks at the configuration only. */
export function checkUrls(config: Config): Finding[] {
  const { found, ok, careful, wrong } = findings('URLs')
  const urls = callbackUrls({ ...config, tokens: config.pathTokens })
  if (isPrivate(config)) {
    careful(
      'statusUrl and feeUrl are not known: only programs on this machine reach the receiver',
      'before the platform is to reach it: set PUBLIC_URL, or STATUS_URL and FEE_URL',
    )
    return found
  }
  for (const [name, list] of Object.entries({ statusUrl: urls.status, feeUrl: urls.fee })) {
    if (list.length === 0) {
      wrong(`${name} is not known`, 'set PUBLIC_URL to the address under which the platform reaches the receiver')
      continue
    }
    const checked = list.map(checkCallbackUrl)
    for (const text of checked.flatMap(({ errors }) => errors)) {
      wrong(`the platform refuses ${name}: it ${text}`, 'change PUBLIC_URL, or make PATH_TOKEN shorter')
    }
    for (const text of checked.flatMap(({ warnings }) => warnings)) careful(`${name} ${text}`)
    if (list.some((url) => /^http:/i.test(url))) {
      careful(
        `${name} is http: phone numbers travel in clear, and the platform's pages since 2024 name https only`,
        'use https: TLS_CERT and TLS_KEY, or a proxy in front',
      )
    }
  }
  if (found.every(({ state }) => state === 'ok')) {
    ok('statusUrl and feeUrl follow the rule of the platform (rtc-receiver urls prints them)')
  }
  return found
}

export function checkLocks(config: Config): Finding[] {
  const { auth, pathTokens, allowFrom } = config
  const { found, ok, careful } = findings('locks')
  const locks = [
    ...(auth === 'enforce' ? ['RTC_AUTH=enforce'] : []),
    ...(pathTokens.length > 0 ? ['PATH_TOKEN'] : []),
    ...(allowFrom.length > 0 && !allowFrom.some(isTooWide) ? ['ALLOW_FROM'] : []),
  ]
  if (locks.length > 0) ok(`strangers are kept out by ${locks.join(', ')}`)
  else {
    careful(
      isPrivate(config)
        ? 'any program on this machine can post callbacks'
        : 'whoever reaches the public listener can post callbacks',
      `${isPrivate(config) ? 'before the platform is to reach it: ' : ''}set PATH_TOKEN (rtc-receiver urls --new-token makes one), ALLOW_FROM, or RTC_APPS and RTC_AUTH=enforce`,
    )
  }
  return found
}
