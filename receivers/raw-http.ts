import { createServer } from 'node:http'
import { listen, requestHandler, serverOptions, stopServer } from '../src/core/http.ts'
import type { Receiver } from '../src/core/receiver.ts'

/** node:http with nothing between it and the ingest. */
const rawHttp: Receiver = async (options) => {
  let stopping: Promise<void> | undefined
  const handle = requestHandler(options, () => stopping !== undefined)
  const server = createServer(serverOptions(options), (request, response) => handle(request, response))
  // Node would ask for the body before anyone has looked at its length.
  server.on('checkContinue', (request, response) => handle(request, response, true))
  server.maxConnections = options.connectionsMax
  const port = await listen(server, options)
  return {
    port,
    stop() {
      stopping ??= stopServer(server, options)
      return stopping
    },
  }
}
export default rawHttp
