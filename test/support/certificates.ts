import { generateKeyPair, sign } from 'node:crypto'
import { promisify } from 'node:util'

export interface Certificate {
  cert: string
  key: string
}

const newPair = promisify(generateKeyPair)
const made = new Map<string, Promise<Certificate>>()

/** A self-signed certificate for localhost and 127.0.0.1 in PEM, made once a test file; it ends in so many days. */
export function selfSigned(type: 'rsa' | 'ecdsa', days = 60): Promise<Certificate> {
  const name = `${type} ${days}`
  const pair = made.get(name) ?? make(type, days)
  made.set(name, pair)
  return pair
}

/** Node signs but writes no certificates, and openssl is a program that not every machine has: RFC 5280, section 4.1. */
async function make(type: 'rsa' | 'ecdsa', days: number): Promise<Certificate> {
  const { privateKey, publicKey } =
    type === 'rsa' ? await newPair('rsa', { modulusLength: 2048 }) : await newPair('ec', { namedCurve: 'P-256' })
  const algorithm = type === 'rsa' ? sequence(oid('2a864886f70d01010b'), NULL) : sequence(oid('2a8648ce3d040302'))
  const name = sequence(set(sequence(oid('550403'), der(0x0c, Buffer.from('localhost')))))
  const names = sequence(der(0x82, Buffer.from('localhost')), der(0x87, Buffer.from([127, 0, 0, 1])))
  const isAuthority = sequence(der(0x01, Buffer.from([0xff])))
  const body = sequence(
    der(0xa0, integer(2)), // version 3
    integer(Date.now()),
    algorithm,
    name,
    sequence(time(Date.now() - 60_000), time(Date.now() + days * 86_400_000)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(extension('551d11', names), extension('551d13', isAuthority))),
  )
  const signature = der(0x03, Buffer.from([0]), sign('sha256', body, privateKey))
  const text = sequence(body, algorithm, signature).toString('base64').replace(/.{64}/g, '$&\n')
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

const NULL = Buffer.from([5, 0])
const sequence = (...parts: Buffer[]) => der(0x30, ...parts)
const set = (...parts: Buffer[]) => der(0x31, ...parts)
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'))
const extension = (id: string, value: Buffer) => sequence(oid(id), der(0x04, value))

function integer(value: number): Buffer {
  const hex = value.toString(16)
  return der(0x02, Buffer.from(hex.length % 2 ? `0${hex}` : `00${hex}`, 'hex'))
}

/** UTCTime: yyMMddHHmmssZ. */
function time(ms: number): Buffer {
  return der(0x17, Buffer.from(`${new Date(ms).toISOString().replace(/\D/g, '').slice(2, 14)}Z`))
}

/** A value of ASN.1 in its distinguished encoding: tag, length, contents. */
function der(tag: number, ...parts: Buffer[]): Buffer {
  const contents = Buffer.concat(parts)
  const { length } = contents
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), contents])
}
