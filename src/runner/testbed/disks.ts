import { storageOf, timeSyncs } from '../../core/base/storage.ts'
import type { DiskRecord, Durability } from '../records/facts.ts'
import type { Opened } from './service-messages.ts'

/** So many are enough to tell a device from a call that does nothing, and take no time. */
const SYNCS = 50

/** Looks at the folders that hold the data of queue and ledger: what they lie on, and how long a sync takes there. */
export function measured(of: { readonly queue: Opened<'queue'>; readonly ledger: Opened<'ledger'> }): Durability {
  const known = new Map<string, DiskRecord>()
  const diskOf = (folder: string): DiskRecord => {
    const disk = known.get(folder) ?? { ...storageOf(folder), syncs: timeSyncs(folder, SYNCS) ?? null }
    known.set(folder, disk)
    return disk
  }
  const disksOf = (folders: readonly string[]) => (folders.length > 0 ? { disks: folders.map(diskOf) } : {})
  const { dataFolders: ofQueue, ...queue } = of.queue
  const { dataFolders: ofLedger, ...ledger } = of.ledger
  return { queue: { ...queue, ...disksOf(ofQueue) }, ledger: { ...ledger, ...disksOf(ofLedger) } }
}
