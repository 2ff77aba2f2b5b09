import { readFileSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { bytes } from '../../core/base/words.ts'
import { limitsOf } from '../../core/service/limits.ts'
import type { LoadedConfig } from '../config/load.ts'
import { type Finding, fail, ok, warn } from './finding.ts'

/** Files, servers and pipes of a process beside its connections. */
const OTHER_DESCRIPTORS = 200
/** The queue on local disk takes events until so many bytes wait; the ledger grows beside it. */
const DISK_BYTES_MIN = 2 * 1024 ** 3

/** What the machine must have for the limits to be reached. */
export async function checkMachine(loaded: LoadedConfig): Promise<readonly Finding[]> {
  return [...descriptors(loaded), ...(await disk(loaded))]
}

function descriptors({ config }: LoadedConfig): Finding[] {
  const { connectionsMax } = limitsOf(config.limits as never)
  const limit = openFilesMax()
  if (limit === undefined) return []
  const needed = connectionsMax + OTHER_DESCRIPTORS
  const what = `a process may open ${limit} files, and connectionsMax is ${connectionsMax}`
  if (limit >= needed) return [ok('descriptors', what)]
  return [
    fail('descriptors', `${what}: raise the limit to ${needed} (ulimit -n, LimitNOFILE), or lower connectionsMax`),
  ]
}

/** Linux tells; elsewhere it is not known. */
function openFilesMax(): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]
    if (soft === undefined) return undefined
    return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft)
  } catch {
    return undefined
  }
}

async function disk({ config, folder }: LoadedConfig): Promise<Finding[]> {
  if (config.queue.use !== 'embedded' && config.ledger.use !== 'lmdb') return []
  const data = resolve(folder, config.data)
  const { bavail, bsize } = await statfs(data).catch(() => statfs(dirname(data)))
  const free = bavail * bsize
  const what = `the disk of ${data} has ${bytes(free)} free`
  if (free >= DISK_BYTES_MIN) return [ok('disk', what)]
  return [
    warn('disk', `${what}: the queue may hold 1 GiB and the ledger grows, so give it ${bytes(DISK_BYTES_MIN)} or more`),
  ]
}
