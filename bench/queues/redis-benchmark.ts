import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)
const KEY = 'floodmark-redis-benchmark'
/** As our own clients have it in flight: 4 publishes of full batches. */
const CONNECTIONS = 4
const PIPELINE = 256
const RUN_MS_MAX = 120_000

/** What Redis's own tool publishes by XADD on this server, events/s; null where it is not installed. */
export async function redisBenchmark(url: string, bodyBytes: number, count: number): Promise<number | null> {
  const { hostname, port } = new URL(url)
  const load = ['-n', String(count), '-c', String(CONNECTIONS), '-P', String(PIPELINE), '--csv']
  const command = ['XADD', KEY, '*', 'e', 'x'.repeat(bodyBytes)]
  const at = ['-h', hostname, '-p', port]
  try {
    const { stdout } = await run('redis-benchmark', [...at, ...load, ...command], { timeout: RUN_MS_MAX })
    return rateIn(stdout)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  } finally {
    await run('redis-cli', [...at, 'UNLINK', KEY]).catch(() => {})
  }
}

/** The second field of its last line: the name of the test stands before it, in quotes. */
export function rateIn(csv: string): number {
  const line = csv.trim().split('\n').at(-1) ?? ''
  const rate = Number(/","([\d.]+)"/.exec(line)?.[1])
  if (Number.isFinite(rate) && rate > 0) return rate
  throw new Error(`redis-benchmark printed no rate: ${line.slice(0, 200)}`)
}
