import { serve } from '../src/core/http.ts'
import type { Receiver } from '../src/core/receiver.ts'

/** node:http with nothing between it and the ingest. */
const rawHttp: Receiver = (options) => serve(options)
export default rawHttp
