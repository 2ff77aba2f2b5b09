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

/** What this process has caused to be written to a device, bytes; null where the system does not say. */
export function ownDiskBytes(): number | null {
  return fieldOf('/proc/self/io', /^write_bytes: (\d+)$/m)
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

function fieldOf(path: string, pattern: RegExp): number | null {
  try {
    const found = pattern.exec(read(path))?.[1]
    return found === undefined ? null : Number(found)
  } catch {
    return null
  }
}

const read = (path: string) => readFileSync(path, 'latin1')
