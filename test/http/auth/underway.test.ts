import { createSecretKey } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { mostWaiting } from '../../../src/http/auth/replays.ts'
import { CannotStoreError } from '../../../src/ingest/receiver.ts'
import { signedHeaders } from '../../../src/platform/aksk.ts'
import { event } from '../../support/callbacks.ts'
import { RawConnection, wire } from '../../support/http.ts'
import { publicApp } from '../../support/public-app.ts'

const secret = createSecretKey(Buffer.from('a:secret'))
const captured = () => signedHeaders({ appKey: 'app', secret, url: 'https://rtc.example.com/rtc/status' })
const lockedBy = { RTC_APPS: 'app:a:secret', PUBLIC_URL: 'https://rtc.example.com' }
/** Long enough for something to happen that should not. */
const turns = () => new Promise((resolve) => setTimeout(resolve, 30))

/** The app, in front of a receiver that ends each callback only when told, and how. */
async function held(environment: Record<string, string> = { ...lockedBy, RTC_AUTH: 'enforce' }) {
  const open: { resolve: () => void; reject: (error: Error) => void }[] = []
  const app = await publicApp(environment, () => new Promise<void>((resolve, reject) => open.push({ resolve, reject })))
  const headers = captured()
  const post = async (sessionId: string) => {
    const answer = await app.app.inject({ method: 'POST', url: '/rtc/status', headers, payload: event(sessionId) })
    return answer.statusCode
  }
  return { ...app, headers, open, post }
}

describe('while a callback of a nonce is under way', () => {
  test('others with other bodies wait, and are refused once it is taken', async () => {
    const { open, post, taken } = await held()
    const first = post('true')
    const others = [post('forged-1'), post('forged-2')]
    await expect.poll(() => open.length).toBe(1)
    await turns()
    expect(open).toHaveLength(1)
    open[0]?.resolve()
    expect(await Promise.all([first, ...others])).toEqual([200, 401, 401])
    expect(taken).toHaveLength(1)
  })

  test.each([
    ['cannot be stored', 503, new CannotStoreError()],
    ['meets a mistake', 500, new TypeError('oh')],
  ])('one that %s makes room for the next, which stands for the nonce then', async (_name, status, error) => {
    const { open, post } = await held()
    const [first, second, third] = [post('1'), post('2'), post('3')]
    await expect.poll(() => open.length).toBe(1)
    open[0]?.reject(error)
    expect(await first).toBe(status)
    await expect.poll(() => open.length).toBe(2)
    open[1]?.resolve()
    expect(await Promise.all([second, third])).toEqual([200, 401])
  })

  test('the same body passes at once, and stands for the nonce as well', async () => {
    const { open, post } = await held()
    const [first, again, other] = [post('1'), post('1'), post('2')]
    await expect.poll(() => open.length).toBe(2)
    open[0]?.reject(new CannotStoreError())
    expect(await first).toBe(503)
    await turns()
    expect(open).toHaveLength(2)
    open[1]?.resolve()
    expect(await Promise.all([again, other])).toEqual([200, 401])
  })

  test('its client may be gone: it is stored all the same, and who waits hears of it', async () => {
    const { open, post, taken, headers, listen } = await held()
    const connection = new RawConnection(await listen())
    connection.write(wire('/rtc/status', JSON.stringify(event('true')), headers))
    await expect.poll(() => open.length).toBe(1)
    const forged = post('forged')
    connection.socket.destroy()
    await turns()
    open[0]?.resolve()
    expect(await forged).toBe(401)
    expect(taken).toHaveLength(1)
  })

  test('no more wait than memory has room for: the rest is refused at once', async () => {
    const { open, post } = await held()
    const first = post('true')
    const flood = Array.from({ length: mostWaiting + 10 }, (_, n) => post(`forged-${n}`))
    const atOnce: number[] = []
    for (const answer of flood) void answer.then((status) => atOnce.push(status))
    await expect.poll(() => atOnce).toEqual(Array.from({ length: 10 }, () => 401))
    open[0]?.resolve()
    expect(await first).toBe(200)
    expect(await Promise.all(flood)).toEqual(flood.map(() => 401))
  })

  test('in report nobody waits', async () => {
    const { open, post } = await held(lockedBy)
    const both = [post('1'), post('2')]
    await expect.poll(() => open.length).toBe(2)
    for (const { resolve } of open) resolve()
    expect(await Promise.all(both)).toEqual([200, 200])
  })
})
