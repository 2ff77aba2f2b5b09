import { bytes, ms, perS } from '../../../core/base/words.ts'
import { ALL_CALLS, callRows, countedWords, countWords, whyUnknown } from '../../report/server-words.ts'
import type { Ceiling } from '../../search/ceiling-schema.ts'
import type { Cost } from '../../search/cost.ts'

interface CostTable {
  readonly head: string[]
  readonly rows: string[][]
  /** Why a cell is –, a sentence each. */
  readonly notes: string[]
}

/** What 1,000 events cost at each load: a head, and a row for each kind of cost. */
export function costTable({ costs }: Ceiling): CostTable | undefined {
  if (costs.length === 0) return undefined
  const names = costs[0]!.cpuMs.map(({ name }) => name)
  const servers = costs.find((one) => one.servers)?.servers ?? []
  const row = (name: string, value: (cost: Cost) => string | null, isOfServers = false) => {
    const cells = costs.map(value)
    // Without a server there is no such thing, and with one it is only not known.
    const isNothing = cells.every((cell) => cell === null) && !(isOfServers && servers.length > 0)
    return isNothing ? [] : [[name, ...cells.map((cell) => cell ?? '–')]]
  }
  return {
    head: [
      '1,000 events cost',
      ...costs.map(({ ratePerS, ofCeiling }) => `${perS(ratePerS)} (${(ofCeiling * 100).toFixed(0)}%)`),
    ],
    rows: [
      ...names.flatMap((name, at) => row(`CPU of ${name}`, ({ cpuMs }) => ms(cpuMs[at]!.ms))),
      ...row('CPU of the servers here', ({ serverCpuMs }) => (serverCpuMs === null ? null : ms(serverCpuMs)), true),
      ...row('written to disks here', ({ diskBytes }) => (diskBytes === null ? null : bytes(diskBytes))),
      ...row('flushes of disks here', ({ flushes }) => (flushes === null ? null : countWords(flushes))),
      ...row('HTTP, both ways', ({ httpBytes }) => bytes(httpBytes)),
      ...row('to and from servers', ({ storeBytes }) => (storeBytes === 0 ? null : bytes(storeBytes)), true),
      ...row('syncs of the log', ({ syncs }) => (syncs === 0 ? null : countWords(syncs))),
      ...row('calls on queue and ledger', ({ storeCalls }) => countWords(storeCalls)),
      ...row(ALL_CALLS, ({ serverCommands }) => (serverCommands === null ? null : countWords(serverCommands)), true),
      ...callRows(costs.map(({ serverCalls = {} }) => serverCalls)),
      ...row("growth of the servers' logs", ({ logBytes }) => inBytes(logBytes), true),
    ],
    notes: [
      ...countedWords(servers),
      ...whyUnknown({
        servers,
        cpu: servers.length > 0 && costs.every(({ serverCpuMs }) => serverCpuMs === null),
        calls: servers.length > 0 && costs.every(({ serverCommands }) => serverCommands === null),
        log: servers.length > 0 && costs.every(({ logBytes = null }) => logBytes === null),
      }),
    ],
  }
}

const inBytes = (value: number | null | undefined) => (value === null || value === undefined ? null : bytes(value))
