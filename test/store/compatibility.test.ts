import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, test } from 'vitest'
import { incompatibility } from '../../src/store/compatibility.ts'
import { migrate } from '../../src/store/migrate.ts'

test.each([
  'PostgreSQL 14.23 on x86_64-pc-linux-gnu, compiled by gcc 8.5.0, 64-bit',
  'PostgreSQL 18.4 (Debian 18.4-1.pgdg13+1) on aarch64-unknown-linux-gnu, compiled by gcc 14.2.0, 64-bit',
  'PostgreSQL 19beta1 on x86_64-pc-linux-gnu',
])('%s can be used', (version) => {
  expect(incompatibility(version)).toBeUndefined()
})

test.each([
  ['PostgreSQL 13.23 on x86_64-pc-linux-gnu', 'PostgreSQL 13, which is too old'],
  ['PostgreSQL 9.6.24 on x86_64-pc-linux-gnu', 'PostgreSQL 9, which is too old'],
  ['(openGauss 5.0.2 build 48a25b11) compiled at 2024-05-14 10:25:27 commit 0 last mr', 'openGauss, which is not'],
  ['(openGauss-lite 7.0.0-RC3 build ) compiled at 2026-04-21 15:29:26 commit 0 last mr  release', 'openGauss, which'],
  ['PostgreSQL 9.2.4 (openGauss 1.0.1 build 13b34b53) compiled at 2020-10-12 02:00:59', 'openGauss, which is not'],
  ['gaussdb (GaussDB Kernel 505.2.1 build 0a1b2c3d) compiled at 2025-03-01 12:00:00', 'GaussDB, which is not'],
  ['PostgreSQL 9.2.4 (GaussDB 8.2.0 build 39e5b2d6) compiled at 2023-05-25 10:00:00', 'GaussDB, which is not'],
])('%s cannot', (version, reason) => {
  expect(incompatibility(version)).toContain(`the server is ${reason}`)
  expect(incompatibility(version)).toMatch(/: use PostgreSQL 14 to 18, such as RDS for PostgreSQL$/)
})

test('a server that asks for a password as GaussDB does is named as such', async () => {
  // Authentication request 10: in their protocol SHA-256 with its salt, token and iterations, in Postgres's SASL.
  const request = Buffer.concat([Buffer.from([0, 0, 0, 10, 0, 0, 0, 2]), Buffer.from('a'.repeat(72)), Buffer.alloc(4)])
  const length = Buffer.alloc(4)
  length.writeInt32BE(request.length + 4)
  const server = createServer((socket) => {
    socket.on('error', () => {}).once('data', () => socket.write(Buffer.concat([Buffer.from('R'), length, request])))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  try {
    const { port } = server.address() as AddressInfo
    const migrating = migrate({ databaseUrl: `postgres://rtc:secret@127.0.0.1:${port}/rtc?sslmode=disable` })
    await expect(migrating).rejects.toThrow('as openGauss and GaussDB do, which are not supported')
  } finally {
    server.close()
  }
})
