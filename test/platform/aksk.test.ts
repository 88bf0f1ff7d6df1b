import { createSecretKey } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AUTHORIZATION, ageOf, parseAksk, passwordDigest, signedHeaders } from '../../src/platform/aksk.ts'
import { AkskVerifier, type DigestForm } from '../../src/platform/aksk-verifier.ts'

const appKey = 'a1d1f50cad21415fbe0bc7a2fa9b9d12'
const secret = 's3cret:with/colon'
const statusUrl = 'https://rtc.example.com/rtc/status'
const feeUrl = 'https://rtc.example.com/rtc/fee'
const nonce = 'eUZZZXpSczFycXJCNVhCWU1mS3ZScldOYg'
const created = '2026-11-22T09:30:00Z'
const now = Date.parse('2026-11-22T09:30:07Z')

/*
 * Digests computed by openssl 3.0.19:
 *
 *   printf '%s\n%s\n%s' "$URL" "$NONCE" "$CREATED" | openssl dgst -sha256 -hmac "$SECRET" -binary | base64   (lf)
 *   printf '%s%s%s' "$URL" "$NONCE" "$CREATED" | openssl dgst -sha256 -hmac "$SECRET" -binary | base64       (plain)
 *
 * with the values above, and SECRET=other-secret for those marked so.
 */
const vectors: { form: DigestForm; secret: string; digest: string }[] = [
  { form: 'lf_status', secret, digest: '++fpvSWmpIHKFRZYRzSkf4ZTIadIci7fwrXPKjWSW8w=' },
  { form: 'plain_status', secret, digest: 'qO/gl01EWZZEY8Xi6yZFWdKZOr6REOlgoE6LweaAkRw=' },
  { form: 'lf_fee', secret, digest: 'aUmS6bXu7nHNAaMc6YfHYjg9bCTzDZWtZaLcbf7hE18=' },
  { form: 'plain_fee', secret, digest: 'JDuQng8MdYwlWqTt6FN6Vw+4b7QpZx/adNl2jTDZ4nE=' },
  { form: 'lf_status', secret: 'other-secret', digest: 'Cv15iolWbkRmfNtePmG6z4EuNGwLfIiO2WGIiyzQops=' },
  { form: 'plain_status', secret: 'other-secret', digest: 'WsK+BSJVFoU91aLnlv1QHtN4awBIH7fUoQHTGPuSG7Q=' },
  { form: 'lf_fee', secret: 'other-secret', digest: 'qLWGWwXXNmtArPD+S0tLTgU7bImU6TK8Tiuna+EEmTs=' },
  { form: 'plain_fee', secret: 'other-secret', digest: 'mmD9v3LkwIO00l/w3ezg/jv8gowO8AXDD9AdILX7ppg=' },
]

/* printf '%s%s' "$NONCE" "$CREATED" | openssl dgst -sha256 -hmac "$SECRET" -binary | base64 */
const outboundDigest = '0D+NfnsCccXZeglAHIdTDRaaQ5MIr8Ebf0oBBPB+1B4='

const key = (text: string) => createSecretKey(Buffer.from(text))
const urls = { status: [statusUrl], fee: [feeUrl] }
const verifier = new AkskVerifier(
  [
    { appKey, secret: key(secret) },
    { appKey, secret: key('other-secret') },
    { appKey: 'another-app', secret: key('another-secret') },
  ],
  urls,
)
const headerOf = (digest: string, more: { appKey?: string; nonce?: string; created?: string } = {}) => {
  const { appKey: user, nonce: n, created: c } = { appKey, nonce, created, ...more }
  return `UsernameToken Username="${user}",PasswordDigest="${digest}",Nonce="${n}",Created="${c}"`
}
const verify = (header: string | undefined, authorization: string | undefined = AUTHORIZATION) =>
  verifier.verify({ authorization, 'x-aksk': header }, 'status', now)
const good = vectors[0]?.digest ?? ''

describe('digests by openssl', () => {
  const cases = vectors.flatMap((vector) => (['status', 'fee'] as const).map((path) => ({ ...vector, path })))
  test.each(cases)('$form under $secret at the $path path', ({ form, digest, path }) => {
    const found = verifier.verify({ authorization: AUTHORIZATION, 'x-aksk': headerOf(digest) }, path, now)
    expect(found).toMatchObject({ result: 'verified', appKey, form, ageS: 7 })
  })

  test.each(vectors)('signing gives the same: $form under $secret', ({ form, secret, digest }) => {
    const url = form.endsWith('fee') ? feeUrl : statusUrl
    const separator = form.startsWith('lf') ? '\n' : ''
    const headers = signedHeaders({ appKey, secret: key(secret), url, separator, nonce, created })
    expect(headers).toEqual({ authorization: AUTHORIZATION, 'x-aksk': headerOf(digest) })
  })

  test('a call to the platform signs nonce and created', () => {
    expect(signedHeaders({ appKey, secret: key(secret), nonce, created })['x-aksk']).toBe(headerOf(outboundDigest))
    expect(passwordDigest(key(secret), nonce + created)).toBe(outboundDigest)
    expect(verify(headerOf(outboundDigest))).toEqual({ result: 'wrong_digest', appKey })
  })
})

describe('the digest of the private-number product, which signs no URL', () => {
  const declared = new AkskVerifier(
    [
      { appKey, secret: key(secret), privateNumber: true },
      { appKey: 'voice', secret: key(secret) },
    ],
    urls,
  )
  const found = (header: string, path: 'status' | 'fee' = 'status') =>
    declared.verify({ authorization: AUTHORIZATION, 'x-aksk': header }, path, now)

  test('counts for an app that is declared so, on both paths, where it is the same header', () => {
    const [status, fee] = [found(headerOf(outboundDigest)), found(headerOf(outboundDigest), 'fee')]
    expect(status).toEqual({ result: 'verified', appKey, form: 'no_url', ageS: 7, token: `${appKey}\n${nonce}` })
    expect(fee).toEqual(status)
  })

  test('counts for no other app', () => {
    const header = headerOf(outboundDigest, { appKey: 'voice' })
    expect(found(header)).toEqual({ result: 'wrong_digest', appKey: 'voice' })
    // Not after the declared one was told by it either.
    found(headerOf(outboundDigest))
    expect(found(header)).toEqual({ result: 'wrong_digest', appKey: 'voice' })
  })

  test('the forms with URL count for it as well', () => {
    for (const { form, digest } of vectors.filter((vector) => vector.secret === secret))
      expect(found(headerOf(digest))).toMatchObject({ result: 'verified', form })
  })

  test('a URL that is called a part of the nonce does not make it another nonce', () => {
    const plain = vectors.find(({ form }) => form === 'plain_status')?.digest ?? ''
    const honest = found(headerOf(plain))
    const disguised = found(headerOf(plain, { nonce: statusUrl + nonce }))
    expect(disguised).toMatchObject({ result: 'verified', form: 'no_url' })
    expect(disguised).toHaveProperty('token', (honest as { token: string }).token)
  })
})

test('every URL of a receiver with several counts; one URL for both kinds is the status URL', () => {
  const many = { status: ['https://a.example.com/s', 'https://b.example.com/x'], fee: ['https://b.example.com/x'] }
  const several = new AkskVerifier([{ appKey, secret: key(secret) }], many)
  const formOf = (url: string) => several.verify(signedHeaders({ appKey, secret: key(secret), url }), 'fee')
  expect(formOf('https://a.example.com/s')).toMatchObject({ result: 'verified', form: 'lf_status' })
  expect(formOf('https://b.example.com/x')).toMatchObject({ result: 'verified', form: 'lf_status' })
  expect(formOf('https://c.example.com/s')).toMatchObject({ result: 'wrong_digest' })
})

test('headers made now are young, and no two alike', () => {
  const sign = () => signedHeaders({ appKey, secret: key(secret), url: feeUrl })
  expect(verifier.verify(sign(), 'fee')).toMatchObject({ result: 'verified', form: 'lf_fee' })
  expect(sign()).not.toEqual(sign())
})

describe('the header is read tolerantly', () => {
  test.each([
    [
      'blanks after commas',
      `UsernameToken Username="${appKey}", PasswordDigest="${good}", Nonce="${nonce}", Created="${created}"`,
    ],
    [
      'another order',
      `UsernameToken Created="${created}",Nonce="${nonce}",PasswordDigest="${good}",Username="${appKey}"`,
    ],
    [
      'tabs and blanks everywhere',
      `  UsernameToken \t Username = "${appKey}" ,\tPasswordDigest="${good}",Nonce="${nonce}",  Created="${created}"  `,
    ],
    ['other case', `usernametoken USERNAME="${appKey}",passworddigest="${good}",nonce="${nonce}",created="${created}"`],
    [
      'a pair nobody knows',
      `UsernameToken Username="${appKey}",PasswordDigest="${good}",Nonce="${nonce}",Created="${created}",Type="x y"`,
    ],
    ['a comma at the end', `${headerOf(good)},`],
    ['no padding', headerOf(good.replace('=', ''))],
  ])('%s', (_name, header) => {
    expect(verify(header)).toMatchObject({ result: 'verified', form: 'lf_status' })
  })

  test.each([
    undefined,
    'Basic dXNlcjpwYXNz',
    'AKSK realm="SDP", profile="UsernameToken", type="Appkey"',
    '',
    'nonsense',
  ])('the digest decides, whatever Authorization is: %j', (authorization) => {
    expect(verifier.verify({ authorization, 'x-aksk': headerOf(good) }, 'status', now).result).toBe('verified')
  })
})

describe('what does not verify', () => {
  test.each([
    ['missing', undefined, 'Basic dXNlcjpwYXNz'],
    ['missing', undefined, 'AKSK nonsense'],
    ['malformed', undefined, AUTHORIZATION],
    ['malformed', undefined, 'aksk REALM="SDP", profile="UsernameToken", TYPE="appkey"'],
    ['malformed', '', AUTHORIZATION],
    ['malformed', 'UsernameToken', AUTHORIZATION],
    ['malformed', headerOf(good).replace('UsernameToken', 'Token'), AUTHORIZATION],
    ['malformed', headerOf(good).replace(/Nonce="[^"]*",/, ''), AUTHORIZATION],
    ['malformed', headerOf(good).replace(/Username="[^"]*",/, ''), AUTHORIZATION],
    ['malformed', headerOf(good).replace(/PasswordDigest="[^"]*",/, ''), AUTHORIZATION],
    ['malformed', headerOf(good).replace(/,Created="[^"]*"/, ''), AUTHORIZATION],
    ['malformed', `${headerOf(good)},Nonce="again"`, AUTHORIZATION],
    ['malformed', `${headerOf(good)}, ${headerOf(good)}`, AUTHORIZATION],
    ['malformed', headerOf(good).replaceAll('"', "'"), AUTHORIZATION],
    ['malformed', headerOf(good, { nonce: '' }), AUTHORIZATION],
    ['malformed', headerOf(good, { nonce: 'n'.repeat(129) }), AUTHORIZATION],
    ['malformed', headerOf(good, { nonce: 'a\nb' }), AUTHORIZATION],
    ['malformed', headerOf(good, { created: '2026-11-22' }), AUTHORIZATION],
    ['malformed', headerOf(good, { created: '2026-13-22T09:30:00Z' }), AUTHORIZATION],
    ['malformed', `${headerOf(good)},X="${'x'.repeat(1024)}"`, AUTHORIZATION],
    ['unknown_app', headerOf(good, { appKey: 'somebody' }), AUTHORIZATION],
    ['unknown_app', headerOf(good, { appKey: '__proto__' }), AUTHORIZATION],
    ['wrong_digest', headerOf(good, { appKey: 'another-app' }), AUTHORIZATION],
    ['wrong_digest', headerOf(good, { nonce: 'another' }), AUTHORIZATION],
    ['wrong_digest', headerOf(good, { created: '2026-11-22T09:30:01Z' }), AUTHORIZATION],
    ['wrong_digest', headerOf(good.slice(0, 40)), AUTHORIZATION],
    ['wrong_digest', headerOf(`${good.slice(0, -1)}AAAA`), AUTHORIZATION],
    ['wrong_digest', headerOf('!'), AUTHORIZATION],
    // Another way to write the same bytes, which nobody documents: a digest has one form.
    ['wrong_digest', headerOf(good.replaceAll('+', '-').replaceAll('/', '_')), AUTHORIZATION],
    ['wrong_digest', headerOf(good.replace('w=', 'x=')), AUTHORIZATION],
  ])('%s: %s, %s', (result, header, authorization) => {
    expect(verifier.verify({ authorization, 'x-aksk': header }, 'status', now).result).toBe(result)
  })

  test('signs moved between nonce and created, which the form without separator would not notice', () => {
    const plain = vectors[1]?.digest ?? ''
    expect(verify(headerOf(plain)).result).toBe('verified')
    expect(verify(headerOf(plain, { nonce: `${nonce}2`, created: created.slice(1) })).result).toBe('malformed')
    expect(verify(headerOf(plain, { nonce: nonce.slice(0, -1), created: `g${created}` })).result).toBe('malformed')
  })

  test('signs moved between url and nonce leave the token of the callback as it is', () => {
    const nested = { status: ['https://a.example.com/s'], fee: ['https://a.example.com/s2'] }
    const two = new AkskVerifier([{ appKey, secret: key(secret) }], nested)
    const digest = passwordDigest(key(secret), `https://a.example.com/s2abc${created}`)
    const tokens = ['abc', '2abc'].map((n) => {
      const found = two.verify({ 'x-aksk': headerOf(digest, { nonce: n }) }, 'fee', now)
      return found.result === 'verified' ? found.token : found.result
    })
    expect(tokens[0]).toContain('/s2abc')
    expect(tokens[1]).toBe(tokens[0])
  })

  test('nothing makes it throw, and it takes no long time', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 3000 }),
      fc.string().map((end) => headerOf(good) + end),
      fc.constant(`UsernameToken${' '.repeat(9000)}`),
    )
    fc.assert(
      fc.property(text, text, (header, authorization) => {
        // The shortest of three: a busy machine may stand still during one.
        const took = [1, 2, 3].map(() => {
          const started = performance.now()
          const { result } = verifier.verify({ authorization, 'x-aksk': header }, 'fee', now)
          expect(['malformed', 'verified']).toContain(result)
          return performance.now() - started
        })
        expect(Math.min(...took)).toBeLessThan(50)
      }),
    )
  })
})

describe('age', () => {
  const at = (text: string) => Date.parse(text)
  test.each([
    ['UTC', '2026-11-22T09:30:00Z', 10],
    ['Beijing time with a Z', '2026-11-22T17:30:00Z', 10],
    ['UTC, a clock that is two minutes fast', '2026-11-22T09:32:00Z', 0],
    ['Beijing, a clock that is two minutes fast', '2026-11-22T17:32:00Z', 0],
    ['an hour ago in UTC', '2026-11-22T08:30:00Z', 3610],
    ['an hour ago in Beijing', '2026-11-22T16:30:00Z', 3610],
    ['no Z and a blank', '2026-11-22 09:30:00', 10],
    ['milliseconds', '2026-11-22T09:30:00.500Z', 9.5],
    ['tomorrow', '2026-11-23T09:30:00Z', undefined],
  ])('%s', (_name, text, age) => {
    const aksk = parseAksk(headerOf(good, { created: text }))
    expect(aksk && ageOf(aksk, at('2026-11-22T09:30:10Z'))).toBe(age)
  })

  test.each([
    ['2026-11-22T09:30:00Z', 'verified'],
    ['2026-11-22T17:30:00Z', 'verified'],
    ['2026-11-22T09:20:00Z', 'too_old'],
    ['2026-11-22T17:20:00Z', 'too_old'],
    ['2026-11-23T17:20:00Z', 'too_old'],
  ])('is refused only with a limit: %s', (text, result) => {
    const headers = signedHeaders({ appKey, secret: key(secret), url: feeUrl, created: text })
    const strict = new AkskVerifier([{ appKey, secret: key(secret) }], urls, 300)
    expect(strict.verify(headers, 'fee', now).result).toBe(result)
    expect(verifier.verify(headers, 'fee', now).result).toBe('verified')
  })
})

test('parsed values are as sent', () => {
  expect(parseAksk(headerOf(good))).toEqual({
    username: appKey,
    digest: good,
    nonce,
    created,
    createdMs: Date.parse(created),
  })
})
