import { type AddressInfo, createServer } from 'node:net'
import { type ConnectionEvents, SenderConnection } from '../../../src/runner/load/sender/connection.ts'

/** Opens so many connections at once to a server of its own, and tells how each exchange ended that did not stay open. */
const count = Number(process.argv[2])
const causes: Record<string, number> = {}
const events: ConnectionEvents<null> = {
  onEnd(_, exchange) {
    if ('cause' in exchange) causes[exchange.cause] = (causes[exchange.cause] ?? 0) + 1
  },
  onClosed() {},
}
const server = createServer().listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  for (let at = 0; at < count; at++) {
    new SenderConnection({ host: '127.0.0.1', port }, null, events).send(Buffer.from('x'))
  }
  setTimeout(() => {
    process.stdout.write(JSON.stringify(causes))
    process.exit()
  }, 500)
})
