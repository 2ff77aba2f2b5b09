import type { CallCounts, ServerCounts } from '../../records/facts.ts'
import { knownKind } from '../../servers/kinds/index.ts'
import type { Server } from '../../servers/server.ts'

/** What these servers say of themselves, summed. One that says nothing, or does not answer now, is left out. */
export async function openCounts(
  servers: readonly Pick<Server, 'kind' | 'url'>[],
  namespace: string,
): Promise<{ readonly read: () => Promise<ServerCounts>; readonly close: () => Promise<void> }> {
  const opening = servers.map(({ kind, url }) => knownKind(kind)?.counts?.(url, namespace))
  const all = await Promise.all(opening.map((one) => one?.catch(() => undefined)))
  const counters = all.filter((one) => one !== undefined)
  return {
    async read() {
      const read = await Promise.all(counters.map((counter) => counter.read()))
      const calls = read.flatMap((one) => Object.entries(one.calls ?? {}))
      const logs = read.flatMap(({ logBytes }) => logBytes ?? [])
      return {
        calls: read.some((one) => one.calls) ? summed(calls) : null,
        logBytes: logs.length > 0 ? logs.reduce((sum, bytes) => sum + bytes, 0) : null,
      }
    },
    async close() {
      for (const counter of counters) await counter.close().catch(() => {})
    },
  }
}

function summed(calls: readonly (readonly [name: string, calls: number])[]): CallCounts {
  const sums: Record<string, { calls: number; bytes: null }> = {}
  for (const [name, count] of calls) {
    sums[name] ??= { calls: 0, bytes: null }
    sums[name].calls += count
  }
  return sums
}
