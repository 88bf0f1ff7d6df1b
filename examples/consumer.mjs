// Takes what FORWARD_URL posts, and reacts to a verification call that failed: the code goes by SMS instead.
// FORWARD_SECRET=whsec_… PORT=8080 node examples/consumer.mjs
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'

const key = Buffer.from((process.env.FORWARD_SECRET ?? '').replace(/^whsec_/, ''), 'base64')
const seen = new Set() // A real application keeps these in its database, in the transaction that acts on them.

function isSigned(headers, body) {
  const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signatures = '' } = headers
  if (!(Math.abs(Date.now() / 1000 - time) < 300)) return false
  const expected = Buffer.from(`v1,${createHmac('sha256', key).update(`${id}.${time}.${body}`).digest('base64')}`)
  return signatures.split(' ').some((given) => {
    const actual = Buffer.from(given)
    return actual.length === expected.length && timingSafeEqual(actual, expected)
  })
}

function react({ type, data }) {
  if (type !== 'call.changed') return
  const { scenario, end_seen, outcome, a_number, user_data } = data.call
  if (scenario !== 'callVerify' || !end_seen || outcome === 'answered') return
  console.log(`SMS to ${a_number}: your code (${outcome}; ${user_data ?? 'no order'})`)
}

const server = createServer(async (request, response) => {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const body = Buffer.concat(chunks).toString()
  if (!isSigned(request.headers, body)) return response.writeHead(401).end()
  const id = request.headers['webhook-id']
  // At least once: the same id may come again.
  if (!seen.has(id)) react(JSON.parse(body))
  seen.add(id)
  response.writeHead(204).end()
})
server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => console.log(`port ${server.address().port}`))
