import type { DiskRecord, Durability } from '../records/facts.ts'

/**
 * A sync that hands 4 KiB to a device takes 10 µs at the very least: the fastest that are protected against power loss take
 * so long. A call that does nothing takes under 1 µs. What is quicker than this, ms, has reached no device.
 */
export const DEVICE_SYNC_MIN_MS = 0.005

/** Why a sync is not shown to reach a device. */
export const WITHHELD = ['memory', 'no-sync', 'elsewhere', 'unknown', 'not-timed', 'too-quick'] as const
type Withheld = (typeof WITHHELD)[number]

export interface ShownDurability {
  /** As the driver says. */
  readonly promised: readonly string[]
  /** What the report says: what is promised, without a power loss that was not shown. */
  readonly survives: readonly string[]
  /** 'settings': its data are not on this machine, so that its own word is all there is. */
  readonly basis: 'measured' | 'settings'
  /** Why a power loss is not shown to be survived; null: nothing speaks against it. */
  readonly withheld: Withheld | null
}

/** What a queue or a ledger may be said to survive. */
export function survivalOf({ survives: promised, disks }: Durability['ledger']): ShownDurability {
  const withheld = disks?.map(withheldBy).find((reason) => reason !== null) ?? null
  const survives = withheld === null ? promised : promised.filter((failure) => failure !== 'power-loss')
  return { promised, survives, basis: disks ? 'measured' : 'settings', withheld }
}

function withheldBy({ medium, syncs }: DiskRecord): Withheld | null {
  if (medium !== 'device') return medium
  if (syncs === null) return 'not-timed'
  return syncs.p50Ms < DEVICE_SYNC_MIN_MS ? 'too-quick' : null
}
