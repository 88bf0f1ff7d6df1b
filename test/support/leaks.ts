/** What tests have told programs, of what no program may ever write. */
const told = new Set<string>()

/** More than that only makes tests slow. */
const most = 5_000

/** Remembers what is secret or personal in something that is sent to a program: a body, a header, a whole request. */
export function tell(sent: unknown): void {
  const text = Buffer.isBuffer(sent) ? sent.toString('latin1') : String(sent ?? '')
  const values = [
    ...text.matchAll(/"userData":"((?:[^"\\]|\\.){8,})"/g),
    ...text.matchAll(/(?:PasswordDigest|Nonce)=\\?"([^"\\]{8,})/g),
    ...text.matchAll(/"[^"]*(?:num|call|dst|bind)[^"]*":"?(\+?\d{8,})/gi),
  ]
  for (const [, value] of values) if (value !== undefined && told.size < most) told.add(value)
}

/** Forgets all of it: what one test file told is no matter of the next. */
export function forgetTold(): void {
  told.clear()
}

/** Secrets among the variables of a program. */
function secretsOf(env: Record<string, string>): string[] {
  const { PATH_TOKEN = '', ADMIN_TOKEN = '', RTC_APPS = '', DATABASE_URL = '' } = env
  const password = URL.canParse(DATABASE_URL) ? decodeURIComponent(new URL(DATABASE_URL).password) : ''
  const appSecrets = RTC_APPS.split(',').map((pair) => pair.slice(pair.indexOf(':') + 1).trim())
  return [...PATH_TOKEN.split(','), ADMIN_TOKEN, ...appSecrets, password].filter((secret) => secret.length >= 6)
}

/** Numbers as tests invent them, headers, digests in hex and in Base64. */
const forms = [
  /\+86\d/,
  /1[38]\d0000\d{4}/,
  /UsernameToken/,
  /(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])/,
  /(?<![\w+/])[A-Za-z0-9+/]{43}=/,
]

/** Lines that hold what they must not. */
export function leaks(output: string, env: Record<string, string>): string[] {
  const values = [...secretsOf(env), ...told]
  return output
    .split('\n')
    .filter((line) => !/^ {2}try it {5}curl /.test(line)) // the sample of the welcome, always the same
    .filter((line) => forms.some((form) => form.test(line)) || values.some((value) => line.includes(value)))
}
