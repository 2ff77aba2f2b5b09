import type { TurnFigures } from './turn-schema.ts'

/** Cores that others may use beside a run, on average, and the share that the host may take. */
const OTHERS_MAX_CORES = 0.2
const STOLEN_MAX = 0.1

/** Something else used the machine meanwhile, so that the run says less about the stack. */
export function isBusy({ machine: { othersCores, stolen } }: Pick<TurnFigures, 'machine'>): boolean {
  return (othersCores ?? 0) > OTHERS_MAX_CORES || (stolen ?? 0) > STOLEN_MAX
}
