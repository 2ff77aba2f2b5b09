import { describeWithServer } from '../../servers.ts'

/** Queues that serve and work share, each with a ledger that they share too. Those with a redis alone run every time. */
const STORES = [
  { queue: 'redis-streams', server: 'redis', ledger: 'redis' },
  { queue: 'kafka', server: 'kafka', ledger: 'redis' },
  { queue: 'sqs-fifo', server: 'sqs', ledger: 'redis' },
  { queue: 'postgres', server: 'postgres', ledger: 'postgres' },
] as const

let namespaces = 0

export interface SharedStores {
  readonly name: string
  /** Whether its tests are quick enough for every run. */
  readonly isQuick: boolean
  /** What a config says of queue, ledger and namespace; a namespace of its own each time. For use inside tests. */
  config(): string
}

/** The same tests for each queue that has a server, on real servers. */
export function describeForSharedStores(suite: (stores: SharedStores) => void): void {
  for (const { queue, server: queueKind, ledger } of STORES) {
    describeWithServer(queueKind, (queueServer) => {
      const within = (ledgerServer: typeof queueServer) =>
        suite({
          name: queue,
          isQuick: queue === 'redis-streams',
          config: () => `queue: { use: '${queue}', url: '${queueServer().url}' },
            ledger: { use: '${ledger}', url: '${ledgerServer().url}' },
            namespace: 'serve${process.pid}-${namespaces++}', limits: { leaseMs: 4_000, effectMs: 1_000 }`,
        })
      if (ledger === queueKind) within(queueServer)
      else describeWithServer(ledger, within)
    })
  }
}
