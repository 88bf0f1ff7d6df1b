export interface Credentials {
  /** Undefined with Bearer, and where nothing stands before the colon. */
  user?: string
  secret: string
}

/** HTTP Basic with any user, or Bearer: Prometheus, browsers and curl can each do one of them. */
export function credentialsOf({ headers }: { headers: { authorization?: string | undefined } }): Credentials {
  const [scheme = '', credentials = ''] = (headers.authorization ?? '').split(/ +/, 2)
  if (scheme.toLowerCase() !== 'basic') return { secret: credentials }
  const text = Buffer.from(credentials, 'base64').toString()
  const [, user, secret = text] = /^([^:]*):([\s\S]*)$/.exec(text) ?? []
  return user ? { user, secret } : { secret }
}
