import type { Receiver } from '../src/core/contracts/receiver.ts'
import { serve } from '../src/core/receiving/http.ts'
import { Pool } from './worker-hmac/pool.ts'

/** node:http, with the signatures verified in other threads: worth it where bodies are large and cores are many. */
const workerHmac: Receiver = async (options) => {
  const pool = new Pool(options.ingest, options.inFlightMax, options.clock)
  let stopping: Promise<void> | undefined
  try {
    await pool.start()
    const server = await serve(options, pool.verify)
    return {
      port: server.port,
      stop() {
        stopping ??= server.stop().then(() => pool.stop())
        return stopping
      },
    }
  } catch (error) {
    await pool.stop()
    throw error
  }
}
export default workerHmac
