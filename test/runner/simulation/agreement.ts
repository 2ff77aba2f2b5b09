import type { RetryPolicy } from '../../../src/core/contracts/provider.ts'
import type { Buried, EffectRecord } from '../../../src/runner/records/effects-file.ts'
import type { Attempt } from '../../../src/runner/records/journal.ts'
import type { Audit } from '../../../src/runner/report/audit/account.ts'
import { retriesOf } from '../../../src/runner/report/delivery/retries.ts'
import type { Scenario } from '../../../src/runner/scenario/scenario.ts'

/** What a run leaves behind, be it real or simulated. Attempts in the order they ended. */
export interface Accounts {
  readonly audit: Audit
  readonly attempts: readonly Attempt[]
  readonly effects: readonly EffectRecord[]
  readonly buried: readonly Buried[]
}

/** A stretch of time, ms, in which the real stack may have been up or down: what is under way then may end either way. */
export interface Edge {
  readonly fromMs: number
  readonly untilMs: number
}

export interface Compared {
  readonly scenario: Pick<Scenario, 'mix' | 'retries' | 'copiesMax'>
  readonly policies: readonly RetryPolicy[]
  readonly edges: readonly Edge[]
}

/** What no edge excuses, and what follows from the events' classes. */
const NEVER = ['lost', 'duplicateEffects', 'reordered', 'unexpected', 'misjudged', 'unsent'] as const
const CLASSES = ['applied', 'buried', 'refused', 'unknown', 'duplicatesAbsorbed'] as const
const EXAMPLES_MAX = 3

/**
 * Every way in which a real run and the simulation of the same scenario, seed, rate and duration account differently, in words.
 * `excused`: events of which an attempt was under way at an edge when their two stories parted; nothing after is compared. Also
 * those that nobody had an answer for there, where only one of the two had stored it.
 */
export function disagreements(real: Accounts, simulated: Accounts, { scenario, policies, edges }: Compared) {
  const planned = [real.audit.planned, simulated.audit.planned] as const
  if (planned[0] !== planned[1]) return { found: [differ('planned', ...planned)], excused: [] }
  const [ofReal, ofSimulated] = [storiesOf(real), storiesOf(simulated)]
  const wrong = new Map<string, string[]>()
  const note = (what: string, seq: number, a: unknown, b: unknown) => {
    if (a !== b) wrong.set(what, [...(wrong.get(what) ?? []), differ(`event ${seq}`, a, b)])
  }
  const excused = new Set<number>()
  for (let seq = 0; seq < planned[0]; seq++) {
    const [a, b] = [ofReal[seq]!, ofSimulated[seq]!]
    for (const what of ['provider', 'key', 'intendedMs'] as const) {
      note(`${what} of the first attempt`, seq, a.attempts[0]?.[what], b.attempts[0]?.[what])
    }
    note('effects beyond one', seq, Math.max(1, a.effects), Math.max(1, b.effects))
    const parted = partedAt(a.attempts, b.attempts)
    if (parted >= 0 && edges.some((edge) => overlaps(edge, spanOf(a.attempts, b.attempts, parted)))) {
      excused.add(seq)
      continue
    }
    note(`attempt ${parted + 1}`, seq, endOf(a.attempts[parted]), endOf(b.attempts[parted]))
    if (classOf(a) !== classOf(b) && [...a.attempts, ...b.attempts].some((attempt) => mayBeStored(attempt, edges))) {
      excused.add(seq)
      continue
    }
    note('class', seq, classOf(a), classOf(b))
    note('dead letter', seq, a.letter, b.letter)
  }
  const counted = (accounts: Accounts) => ({
    ...Object.fromEntries(
      (excused.size === 0 ? [...NEVER, ...CLASSES] : NEVER).map((name) => [name, accounts.audit[name]]),
    ),
    ...retriesOf(
      scenario,
      policies,
      accounts.attempts.filter(({ seq }) => !excused.has(seq)),
    ),
  })
  const [a, b] = [flat(counted(real)), flat(counted(simulated))]
  const counts = [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((name) => a[name] !== b[name])
  const each = [...wrong].map(
    ([what, all]) =>
      `${what}: ${all.slice(0, EXAMPLES_MAX).join(', ')}${all.length > EXAMPLES_MAX ? `, and ${all.length - EXAMPLES_MAX} more` : ''}`,
  )
  return { found: [...each, ...counts.map((name) => differ(name, a[name], b[name]))], excused: [...excused] }
}

interface Story {
  readonly attempts: Attempt[]
  effects: number
  letter: string | undefined
}

function storiesOf({ audit, attempts, effects, buried }: Accounts): Story[] {
  const stories = Array.from({ length: audit.planned }, (): Story => ({ attempts: [], effects: 0, letter: undefined }))
  for (const attempt of attempts) stories[attempt.seq]!.attempts.push(attempt)
  // What belongs to nobody is what the audit calls unexpected.
  for (const { seq } of effects) if (stories[seq]) stories[seq].effects++
  for (const { seq = -1, reason, failures } of buried) {
    if (stories[seq]) stories[seq].letter = `${reason}, failures ${failures}`
  }
  return stories
}

const endOf = (attempt: Attempt | undefined) =>
  attempt ? `${attempt.outcome} ${attempt.cause} ${attempt.status}` : 'never made'

/** The first attempt that ended differently, or that only one of the two made; -1: none. */
function partedAt(a: readonly Attempt[], b: readonly Attempt[]): number {
  const most = Math.max(a.length, b.length)
  for (let at = 0; at < most; at++) if (endOf(a[at]) !== endOf(b[at])) return at
  return -1
}

/** From when the earlier of two attempts was due until the later had ended; of one that was not made, when it was due. */
function spanOf(a: readonly Attempt[], b: readonly Attempt[], at: number): Edge {
  const [made, other] = a[at] ? [a, b] : [b, a]
  const { intendedMs, doneMs } = made[at]!
  const waitedMs = at === 0 ? 0 : intendedMs - made[at - 1]!.doneMs
  const dueMs = other[at]?.intendedMs ?? (other[at - 1]?.doneMs ?? 0) + waitedMs
  return {
    fromMs: Math.min(intendedMs, dueMs),
    untilMs: other[at] ? Math.max(doneMs, other[at].doneMs) : Math.max(intendedMs, dueMs),
  }
}

/** Nobody was told, and it had reached a process that was about to die: it is there when that comes back, or not. */
const mayBeStored = ({ outcome, sentMs, doneMs }: Attempt, edges: readonly Edge[]) =>
  outcome === 'unknown' && edges.some((edge) => overlaps(edge, { fromMs: sentMs, untilMs: doneMs }))

const overlaps = (a: Edge, b: Edge) => a.fromMs <= b.untilMs && b.fromMs <= a.untilMs

function classOf({ attempts, effects, letter }: Story): string {
  if (effects > 0 || letter !== undefined) {
    return [...(effects > 0 ? ['applied'] : []), ...(letter === undefined ? [] : ['buried'])].join(' and ')
  }
  const outcomes = new Set(attempts.map(({ outcome }) => outcome))
  if (outcomes.has('accepted')) return 'lost'
  return ['unknown', 'refused', 'unsent'].find((one) => outcomes.has(one as Attempt['outcome'])) ?? 'unsent'
}

function flat(
  counts: Record<string, unknown> & {
    readonly givenUp: readonly { provider: string; reason: string; count: number }[]
  },
) {
  const { givenUp, ...rest } = counts
  const each = givenUp.map(({ provider, reason, count }) => [`given up by ${provider}: ${reason}`, count])
  return { ...rest, ...Object.fromEntries(each) } as Record<string, unknown>
}

function differ(what: string, real: unknown, simulated: unknown): string {
  return `${what} is ${real ?? 'absent'} in the real run, ${simulated ?? 'absent'} in the simulation`
}
