import { type ConnectionEvents, SenderConnection } from '../../../src/runner/load/sender/connection.ts'

/** Opens so many connections at once, and tells how each exchange ended that did not stay open. */
const [port, count] = process.argv.slice(2).map(Number)
const causes: Record<string, number> = {}
const events: ConnectionEvents<null> = {
  onEnd(_, exchange) {
    if ('cause' in exchange) causes[exchange.cause] = (causes[exchange.cause] ?? 0) + 1
  },
  onClosed() {},
}
for (let at = 0; at < count!; at++) {
  new SenderConnection({ host: '127.0.0.1', port: port! }, null, events).send(Buffer.from('x'))
}
setTimeout(() => {
  process.stdout.write(JSON.stringify(causes))
  process.exit()
}, 500)
