import { isHere } from '../../core/base/kit/address.ts'
import type { Report } from './report-schema.ts'

/** What a run has shown that a 2xx or an effect survives, and whether that was measured. */
export function shownIn(
  { durability, cards }: Pick<Report, 'durability' | 'cards'>,
  part: 'queue' | 'ledger',
): { survives: string[]; basis: 'measured' | 'settings' } {
  return { survives: [...(durability?.[part].survives ?? [])], basis: cards.durability?.[part].basis ?? 'settings' }
}

/**
 * Cores that other processes used beside a run, and the share that the host gave to other machines. null: the system does not say,
 * or a target is here.
 */
export function machineUse({ cards: { machine }, target }: Pick<Report, 'cards' | 'target'>): {
  othersCores: number | null
  stolen: number | null
} {
  return {
    othersCores: target && isHere(target.address) ? null : (machine?.cpu?.others ?? null),
    stolen: machine?.stolen ?? null,
  }
}
