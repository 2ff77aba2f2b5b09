import type { Binding } from '../../search/binding/binding-schema.ts'
import type { FoundBottleneck } from './find-bottleneck.ts'
import type { Bottleneck } from './planted.ts'

/** How far from what was predicted a ceiling may be found, as a share of it. */
export const GAIN_OFF_MAX = 0.15

export interface JudgedBottleneck {
  /** What the experiments named, and of a thread what it is busy with most; null: nothing. */
  readonly named: Binding['binds']
  readonly part: string | null
  /** found / predicted - 1; null: one of them is not known. */
  readonly off: number | null
  /** null: not measurable here. */
  readonly isRight: boolean | null
}

/** Whether what was planted was named, and whether half of it gained what was predicted. */
export function judgeBottleneck(
  { resource, part: planted }: Bottleneck,
  { binding, predictedPerS, found }: FoundBottleneck,
): JudgedBottleneck {
  const named = binding?.binds ?? null
  const part = binding?.stages?.parts[0]?.part ?? null
  const off = predictedPerS !== null && found ? found.mid / predictedPerS - 1 : null
  const isNamed = binding && named === resource && (planted === undefined || part === null || part === planted)
  const isTold = binding !== null && binding.resources.find((one) => one.resource === resource)?.binds !== null
  const isRight = !isTold ? null : !isNamed ? false : off === null ? null : Math.abs(off) <= GAIN_OFF_MAX
  return { named, part, off, isRight }
}
