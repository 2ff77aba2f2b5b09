import { readdirSync, readFileSync } from 'node:fs'

const NANOS_PER_MS = 1e6

/** CPU time of this process since it started, of its main thread and of all others that still are, ms; null where the system does not say. */
export function ownCpuMs(): { readonly main: number; readonly others: number } | null {
  try {
    const threads = readdirSync('/proc/self/task')
    let main = 0
    let others = 0
    for (const thread of threads) {
      const ms = Number(read(`/proc/self/task/${thread}/schedstat`).split(' ')[0]) / NANOS_PER_MS
      if (thread === String(process.pid)) main = ms
      else others += ms
    }
    return { main, others }
  } catch {
    return null
  }
}

/** Connections that this machine's listeners dropped because their queue was full; null where the system does not say. */
export function listenOverflows(): number | null {
  try {
    const [names, values] = read('/proc/net/netstat')
      .split('\n')
      .filter((line) => line.startsWith('TcpExt:'))
      .map((line) => line.split(' '))
    const at = names!.indexOf('ListenOverflows')
    return at < 0 ? null : Number(values![at])
  } catch {
    return null
  }
}

const read = (path: string) => readFileSync(path, 'latin1')
