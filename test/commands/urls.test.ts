import { expect, test } from 'vitest'
import { cli, type Exit } from '../support/program.ts'

const token = 'a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6'

function urls(env: Record<string, string>, ...args: string[]): Promise<Exit> {
  return cli(['urls', ...args], { env })
}

test('both URLs, raw and in Base64', async () => {
  expect(await urls({ PUBLIC_URL: 'https://rtc.example.com/' })).toMatchObject({
    code: 0,
    stderr: '',
    stdout: `statusUrl
  raw     https://rtc.example.com/rtc/status
  Base64  aHR0cHM6Ly9ydGMuZXhhbXBsZS5jb20vcnRjL3N0YXR1cw==
feeUrl
  raw     https://rtc.example.com/rtc/fee
  Base64  aHR0cHM6Ly9ydGMuZXhhbXBsZS5jb20vcnRjL2ZlZQ==
`,
  })
})

test('with the path tokens, under each prefix; a URL given whole stands for itself', async () => {
  const env = {
    PUBLIC_URL: 'https://a.example.com,https://b.example.com/in',
    PATH_TOKEN: `${token},${token}0`,
    FEE_URL: 'https://c.example.com/fees',
  }
  const { code, stdout } = await urls(env, '--json')
  expect(code).toBe(0)
  expect(JSON.parse(stdout).map(({ name, url }: { name: string; url: string }) => `${name} ${url}`)).toEqual([
    `statusUrl https://a.example.com/rtc/${token}/status`,
    `statusUrl https://a.example.com/rtc/${token}0/status`,
    `statusUrl https://b.example.com/in/rtc/${token}/status`,
    `statusUrl https://b.example.com/in/rtc/${token}0/status`,
    'feeUrl https://c.example.com/fees',
  ])
})

test('a long one is told to be risky, a longer one is refused', async () => {
  const ofLength = (length: number) => `https://rtc.example.com/${'a'.repeat(length - 24 - 11)}`
  const risky = await urls({ PUBLIC_URL: ofLength(97) })
  expect(risky.code).toBe(0)
  expect(risky.stdout).toMatch(/careful: it should have at most 96 characters/)
  const refused = await urls({ PUBLIC_URL: ofLength(129) }, '--json')
  expect(refused).toMatchObject({ code: 1, stderr: 'rtc-receiver: the platform does not take these URLs\n' })
  expect(JSON.parse(refused.stdout)[0]).toMatchObject({ errors: ['must have at most 128 characters'] })
})

test('no PUBLIC_URL, and one that the platform would not take', async () => {
  expect((await urls({})).stderr).toMatch(/^rtc-receiver: PUBLIC_URL is not set/)
  const query = await urls({ PUBLIC_URL: 'https://rtc.example.com/?to=me' })
  expect(query.code).toBe(78)
  expect(query.stderr).toMatch(/^rtc-receiver: PUBLIC_URL must hold only letters, digits/)
})

test('--new-token: a fresh one each time, as PATH_TOKEN takes it', async () => {
  const [a, b] = await Promise.all([urls({}, '--new-token'), urls({}, '--new-token')])
  expect(a.stdout).toMatch(/^[0-9a-f]{32}\n$/)
  expect(a.stdout).not.toBe(b.stdout)
  const env = { PUBLIC_URL: 'https://rtc.example.com', PATH_TOKEN: a.stdout.trim() }
  expect((await urls(env)).stdout).toContain(`https://rtc.example.com/rtc/${a.stdout.trim()}/fee`)
})
