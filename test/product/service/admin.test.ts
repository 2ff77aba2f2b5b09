import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { openAdmin } from '../../../src/product/service/admin.ts'
import { shop } from '../shop.ts'

async function takenPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

it.each(['node', 'serve', 'work'])(
  'floodmark %s ends at once in one line where its admin port is taken',
  async (role) => {
    const port = await takenPort()
    // serve and work refuse this queue as well, but only once a process has been started.
    const { code, err } = await shop(`admin: { port: ${port} },`).start(role).ended
    expect([code, err]).toEqual([
      3,
      `floodmark: the admin port 127.0.0.1:${port} is taken: give this command another by --admin-port\n`,
    ])
  },
)

it('refuses one port for senders and for whoever runs it', async () => {
  const { code, err } = await shop('listen: { port: 8080 },').start('node', '--admin-port', '8080').ended
  expect([code, err]).toEqual([2, expect.stringContaining('listen and admin have one port, 8080')])
})

it('says that the service is starting until it can be asked', async () => {
  const admin = await openAdmin({ host: '127.0.0.1', port: 0 }, false)
  const status = async () => (await fetch(`http://127.0.0.1:${admin.port}/status`)).status
  expect(await status()).toBe(503)
  admin.answerBy({ status: async () => [], lookUp: async () => ({ wrong: 'never asked' }), async *effects() {} })
  expect(await status()).toBe(200)
})
