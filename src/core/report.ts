/** Every planned event ends in exactly one of the first six; they add up to `planned`. */
export interface Audit {
  readonly planned: number
  readonly applied: number
  readonly buried: number
  /** Never accepted, and the sender knows it. Refusing is not losing. */
  readonly refused: number
  /** Never sent: the generator could not, or the run was ended first. Any of them makes the run INVALID. */
  readonly unsent: number
  /** The sender never learned, and it did not take effect. */
  readonly unknown: number
  /** Accepted with 2xx, then neither applied nor buried. Must be 0. */
  readonly lost: number
  /** Took effect more than once. Must be 0. */
  readonly duplicateEffects: number
  /** Extra deliveries absorbed; a cost, not a fault. */
  readonly duplicatesAbsorbed: number
  /** Events that took effect after one of their key which was sent only after they had been accepted. Must be 0 where order is promised. */
  readonly reordered: number
  /** Took effect, or lies buried, but was never sent. Must be 0. */
  readonly unexpected: number
  /** Dead letters whose effect was not planned to fail, and effects that were planned to fail for good. Must be 0. */
  readonly misjudged: number
}

export type RunVerdict = 'PASS' | 'FAIL' | 'INVALID' | 'INDETERMINATE'
