import { connect } from 'node:net'
import { rootCertificates, connect as tlsConnect } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { receivers } from '../../../receivers/index.ts'
import { systemClock } from '../../../src/core/contracts/clock.ts'
import type { RunningReceiver, TlsMaterial } from '../../../src/core/contracts/receiver.ts'
import { createIngest } from '../../../src/core/receiving/ingest.ts'
import { CLIENT, ONE, TWO } from '../certificates.ts'
import { shop } from '../shop.ts'

const REQUEST = 'GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
let running: RunningReceiver | undefined
afterEach(() => running?.stop())

/** What a client reads that trusts `ca` alone; rejects where TLS does not stand. */
function ask(port: number, ca: string, client: object = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = tlsConnect({ port, host: '127.0.0.1', ca, ...client }, () => socket.write(REQUEST))
    let text = ''
    socket.on('data', (data) => {
      text += data
    })
    socket.on('error', reject)
    socket.on('end', () => resolve(text.split('\r\n')[0]!))
  })
}

describe.each(['raw-http', 'fastify'])('TLS of %s', (name) => {
  async function start(material: TlsMaterial) {
    const listeners: ((material: TlsMaterial) => void)[] = []
    const tls = { material, onChange: (listener: (material: TlsMaterial) => void) => void listeners.push(listener) }
    const ingest = createIngest({ routes: [], publish: async () => {}, ready: async () => {}, clock: systemClock })
    const limits = { bodyBytesMax: 1_000, heldBytesMax: 10_000, inFlightMax: 5, connectionsMax: 50 }
    const times = { requestMs: 30_000, keepAliveMs: 30_000 }
    const { default: receiver } = await receivers[name]!()
    running = await receiver({ host: '127.0.0.1', port: 0, ...limits, ...times, clock: systemClock, ingest, tls })
    return { port: running.port, change: (now: TlsMaterial) => listeners.forEach((listener) => void listener(now)) }
  }

  it('answers over TLS with its certificate, and with the new one once that has changed', async () => {
    const { port, change } = await start(ONE)
    expect(await ask(port, ONE.cert)).toBe('HTTP/1.1 200 OK')
    await expect(ask(port, TWO.cert)).rejects.toThrow()
    change(TWO)
    expect(await ask(port, TWO.cert)).toBe('HTTP/1.1 200 OK')
    await expect(ask(port, ONE.cert)).rejects.toThrow()
  })

  it('lets in only senders with a certificate of the authority that is asked for', async () => {
    const { port } = await start({ ...ONE, ca: CLIENT.cert })
    expect(await ask(port, ONE.cert, CLIENT)).toBe('HTTP/1.1 200 OK')
    // In TLS 1.3 a client knows of its refusal only when it reads.
    for (const other of [{}, TWO]) expect(await ask(port, ONE.cert, other).catch(() => '')).toBe('')
  })

  it('stops although somebody has connected and never begun TLS', async () => {
    const { port } = await start(ONE)
    const idle = connect(port, '127.0.0.1')
    await new Promise((resolve) => idle.once('connect', resolve))
    const closed = new Promise((resolve) => idle.once('close', resolve))
    idle.on('error', () => {})
    await running!.stop()
    await closed
  })
})

it('floodmark node reads the files of its certificate again, and keeps the old one where they cannot be used', async () => {
  const files = { 'cert.pem': ONE.cert, 'key.pem': ONE.key, 'floodmark.config.ts': config() }
  const { start, write } = shop('', files)
  const node = start('node')
  const port = await node.port
  expect(await ask(port, ONE.cert)).toBe('HTTP/1.1 200 OK')
  write('cert.pem', TWO.cert)
  node.child.kill('SIGHUP')
  await node.until('The certificate before it stays in use')
  expect(await ask(port, ONE.cert)).toBe('HTTP/1.1 200 OK')
  write('key.pem', TWO.key)
  node.child.kill('SIGHUP')
  await node.until('listen.tls has a new certificate')
  expect(await ask(port, TWO.cert)).toBe('HTTP/1.1 200 OK')
  expect((await node.stop()).err).not.toMatch(/BEGIN|PRIVATE/)
})

it.each([
  [{ 'key.pem': TWO.key }, 'cert.pem and key.pem are no certificate with its key'],
  [{ 'cert.pem': rootCertificates[0]!.slice(0, 80) }, 'cert.pem and key.pem are no certificate with its key'],
  [{ 'cert.pem': '' }, 'cert.pem and key.pem are no certificate with its key'],
])('says in one line what is wrong with the files of TLS %#', async (wrong, what) => {
  const files = { 'cert.pem': ONE.cert, 'key.pem': ONE.key, 'floodmark.config.ts': config(), ...wrong }
  const { code, err } = await shop('', files).start('node').ended
  expect([code, err]).toEqual([2, expect.stringContaining(what)])
  expect(err).not.toMatch(/BEGIN|PRIVATE/)
})

function config(): string {
  return `export default {
    routes: { '/in': { provider: 'generic', source: 'in', secrets: { file: 'secret.txt' } } },
    handlers: './handlers.ts', noticeMs: 0,
    listen: { port: 0, tls: { cert: 'cert.pem', key: 'key.pem' } },
  }\n`
}
