import { acrossRuns } from '../report/latency/runs.ts'
import { type ComparedRow, type DurabilityClass, FIGURES, type FigureName } from './comparison-schema.ts'
import { counted } from './counted.ts'
import { type Difference, differenceOf, ROUNDS_MIN } from './difference.ts'
import type { TurnFigures } from './turn-schema.ts'

/** Of a whole class: shared out over its pairs, since any of them could have come out first. */
const CONFIDENCE = 0.95

export function confidenceOf(members: number): number {
  return 1 - (1 - CONFIDENCE) / Math.max(1, (members * (members - 1)) / 2)
}

const FIGURE_OF: Readonly<Record<FigureName, (turn: TurnFigures) => number | null>> = {
  p99Ms: ({ waits }) => waits.p99Ms,
  p50Ms: ({ waits }) => waits.p50Ms,
  eventP99Ms: ({ waits }) => waits.eventP99Ms,
  effectP99Ms: ({ waits }) => waits.effectP99Ms,
  stackCpu: ({ cpuPer1000 }) => cpuPer1000.stack,
  serversCpu: ({ cpuPer1000 }) => cpuPer1000.servers,
  diskBytes: ({ bytesPer1000 }) => bytesPer1000.disk,
  wireBytes: ({ bytesPer1000 }) => bytesPer1000.wire,
}
/** What decides who is first. */
const DECIDES = 'p99Ms'

/** The runs of one scenario by what was shown of their durability; no stack is ever beside one that survives less. */
export function classesOf(turns: readonly TurnFigures[], forced: boolean): DurabilityClass[] {
  const byStack = [...Map.groupBy(turns, ({ stack }) => stack).values()]
  const classes = Map.groupBy(byStack, (own) => JSON.stringify([shownOf(own, 'queue'), shownOf(own, 'ledger')]))
  return [...classes.values()]
    .map((members) => ({
      queue: shownOf(members[0]!, 'queue'),
      ledger: shownOf(members[0]!, 'ledger'),
      rows: rowsOf(members, forced),
    }))
    .toSorted((a, b) => b.queue.survives.length - a.queue.survives.length)
}

/** What every one of them has shown. */
export function shownOf(
  turns: readonly Pick<TurnFigures, 'durability'>[],
  part: 'queue' | 'ledger',
): DurabilityClass['queue'] {
  const all = turns.map(({ durability }) => durability[part])
  const survives = all[0]!.survives.filter((failure) => all.every((one) => one.survives.includes(failure))).toSorted()
  const isAll = (wanted: string) => all.every(({ basis }) => basis === wanted)
  return { survives, basis: isAll('measured') ? 'measured' : isAll('unknown') ? 'unknown' : 'settings' }
}

function rowsOf(members: readonly (readonly TurnFigures[])[], forced: boolean): ComparedRow[] {
  const rows = members.map((turns) => ({ turns: counted(turns, forced), row: rowOf(turns, forced) }))
  const inRace = rows
    .filter(({ row }) => row.why === null)
    .toSorted((a, b) => a.row.figures[DECIDES]!.value - b.row.figures[DECIDES]!.value)
  const [first] = inRace
  const confidence = confidenceOf(inRace.length)
  const placed = rows.map(({ turns, row }): ComparedRow => {
    if (row.why !== null || !first) return row
    if (row.stack === first.row.stack) return { ...row, place: 'first' }
    const against = againstOf(first.turns, turns, confidence)
    const decides = against[DECIDES]
    if (!decides) return { ...row, place: 'unranked', why: 'rounds-apart' }
    return { ...row, place: decides.isReal && decides.ratio > 1 ? 'behind' : 'tied', against }
  })
  const order: Readonly<Record<ComparedRow['place'], number>> = { first: 0, tied: 1, behind: 2, unranked: 3 }
  const value = ({ figures }: ComparedRow) => figures[DECIDES]?.value ?? Number.POSITIVE_INFINITY
  return placed.toSorted((a, b) => order[a.place] - order[b.place] || value(a) - value(b))
}

const isValid = ({ verdict }: TurnFigures) => verdict !== 'INVALID'
const didHarm = ({ harm }: TurnFigures) => Object.values(harm).some((count) => count > 0)

function rowOf(all: readonly TurnFigures[], forced: boolean): ComparedRow {
  const turns = counted(all, forced)
  // What was lost is lost, whatever else the machine did; being slow beside something else is no fault of the stack.
  const valid = all.filter(isValid)
  const sum = (of: (turn: TurnFigures) => number) => valid.reduce((total, turn) => total + of(turn), 0)
  const failed = valid.filter((turn) => turn.verdict === 'FAIL' && (turns.includes(turn) || didHarm(turn)))
  const figures = Object.fromEntries(FIGURES.map((name) => [name, figureOf(turns, name)])) as ComparedRow['figures']
  const recovered = valid.flatMap(({ recoveredMs }) => recoveredMs ?? [])
  return {
    stack: all[0]!.stack,
    runs: turns.length,
    invalid: all.length - valid.length,
    busy: valid.length - turns.length,
    failed: failed.length,
    failedChecks: [...new Set(failed.flatMap((turn) => turn.failed))],
    figures,
    harm: {
      lost: sum(({ harm }) => harm.lost),
      doubled: sum(({ harm }) => harm.doubled),
      altered: sum(({ harm }) => harm.altered),
      reordered: sum(({ harm }) => harm.reordered),
      unexpected: sum(({ harm }) => harm.unexpected),
    },
    notAccepted: {
      refused: sum(({ notAccepted }) => notAccepted.refused),
      unanswered: sum(({ notAccepted }) => notAccepted.unanswered),
      givenUp: sum(({ notAccepted }) => notAccepted.givenUp),
    },
    recoveredMs: recovered.length === 0 ? null : Math.max(...recovered),
    takeoverMs: null,
    place: 'unranked',
    why: whyNot(turns, { failed: failed.length, busy: valid.length - turns.length }),
    against: null,
  }
}

/** Why a stack is in no race; null: it is in one. */
function whyNot(
  turns: readonly TurnFigures[],
  { failed, busy }: { readonly failed: number; readonly busy: number },
): ComparedRow['why'] {
  if (failed > 0) return 'fails'
  if (turns.length < ROUNDS_MIN) return busy > 0 ? 'not-ranked' : 'too-few-runs'
  return turns.every((turn) => FIGURE_OF[DECIDES](turn)) ? null : 'nothing-accepted'
}

/** Absent where some run lacks it or it is 0: it would stand for other runs than the rest. */
function figureOf(turns: readonly TurnFigures[], name: FigureName): ComparedRow['figures'][FigureName] {
  const values = turns.map(FIGURE_OF[name])
  if (values.length === 0 || !values.every((value) => value !== null && value > 0)) return null
  const known = values as number[]
  const across = acrossRuns(known)
  if (across) return { value: across.value, low: across.low, high: across.high }
  const mean = Math.exp(known.reduce((total, value) => total + Math.log(value), 0) / known.length)
  return { value: mean, low: null, high: null }
}

function againstOf(
  first: readonly TurnFigures[],
  other: readonly TurnFigures[],
  confidence: number,
): NonNullable<ComparedRow['against']> {
  const of = (name: FigureName): Difference | null => {
    const pairs = first.flatMap((turn) => {
      const beside = other.find(({ round }) => round === turn.round)
      const [a, b] = [FIGURE_OF[name](turn), beside && FIGURE_OF[name](beside)]
      return a && b && a > 0 && b > 0 ? [[a, b] as const] : []
    })
    return differenceOf(pairs, confidence) ?? null
  }
  return Object.fromEntries(FIGURES.map((name) => [name, of(name)])) as NonNullable<ComparedRow['against']>
}
