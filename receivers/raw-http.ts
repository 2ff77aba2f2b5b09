import type { Receiver } from '../src/core/contracts/receiver.ts'
import { serve } from '../src/core/receiving/http.ts'

/** node:http with nothing between it and the ingest. */
const rawHttp: Receiver = (options) => serve(options)
export default rawHttp
