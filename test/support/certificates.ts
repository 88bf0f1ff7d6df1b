import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const made = new Map<string, Promise<{ cert: string; key: string }>>()

/** A self-signed certificate for localhost and 127.0.0.1, made by openssl once a test file. */
export function selfSigned(type: 'rsa' | 'ecdsa', days = 60): Promise<{ cert: string; key: string }> {
  const name = `${type} ${days}`
  const pair = made.get(name) ?? make(type, days)
  made.set(name, pair)
  return pair
}

async function make(type: 'rsa' | 'ecdsa', days: number): Promise<{ cert: string; key: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'rtc-certificate-test-'))
  const [cert, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')]
  const algorithm = type === 'rsa' ? ['-newkey', 'rsa:2048'] : ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  await run('openssl', [
    'req',
    '-x509',
    '-nodes',
    ...algorithm,
    ...names,
    '-days',
    `${days}`,
    '-keyout',
    key,
    '-out',
    cert,
  ])
  const pair = { cert: await readFile(cert, 'utf8'), key: await readFile(key, 'utf8') }
  await rm(directory, { recursive: true })
  return pair
}
