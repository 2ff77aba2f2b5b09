import { runTool } from '../lib/own-tool.ts'
import type { Rate } from '../lib/queue-turns.ts'

const KEY = 'floodmark-redis-benchmark'
/** As our own clients have it in flight: 4 publishes of full batches. */
const CONNECTIONS = 4
const PIPELINE = 256

/** What Redis's own tool publishes by XADD on this server; null where it is not installed. */
export async function redisBenchmark(url: string, eventBytes: number, count: number): Promise<Rate | null> {
  const { hostname, port } = new URL(url)
  const load = ['-n', String(count), '-c', String(CONNECTIONS), '-P', String(PIPELINE), '--csv']
  const command = ['XADD', KEY, '*', 'e', 'x'.repeat(eventBytes)]
  const at = ['-h', hostname, '-p', port]
  try {
    const ran = await runTool('redis-benchmark', [...at, ...load, ...command])
    return ran && { eventsPerS: rateIn(ran.stdout), cpuSecondsPer10k: (ran.cpuSeconds / count) * 10_000 }
  } finally {
    await runTool('redis-cli', [...at, 'UNLINK', KEY]).catch(() => {})
  }
}

/** The second field of its last line: the name of the test stands before it, in quotes. */
export function rateIn(csv: string): number {
  const line = csv.trim().split('\n').at(-1) ?? ''
  const rate = Number(/","([\d.]+)"/.exec(line)?.[1])
  if (Number.isFinite(rate) && rate > 0) return rate
  throw new Error(`redis-benchmark printed no rate: ${line.slice(0, 200)}`)
}
