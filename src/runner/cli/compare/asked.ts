import type { Command } from 'commander'
import { shownUrl } from '../../../core/base/kit/address.ts'
import { FloodmarkError } from '../../../core/contracts/errors.ts'
import { listOf, type Varied } from '../../compare/stacks.ts'
import { typedAgain } from '../../plan/run-again.ts'
import { everySetting, flagOf, type RunSettings } from '../../plan/settings.ts'
import { shownValue } from '../../plan/shown.ts'

export const LISTS = { queues: 'queue', receivers: 'receiver', ledgers: 'ledger' } as const

/** What may differ between targets. All else that can be varied is of a stack of ours. */
const OF_TARGETS: readonly string[] = [
  ...['target', 'effects', 'provider', 'senders', 'connections-max', 'in-flight-max', 'p99'],
]

/** @throws FloodmarkError 'misuse' where targets are to differ in what only a stack of ours has. */
export function refuseMixed({ target }: RunSettings, varied: readonly Varied[]): void {
  if (target === undefined && !varied.some(({ setting }) => setting === 'target')) return
  const ours = varied.find(({ setting }) => !OF_TARGETS.includes(setting))
  if (ours)
    throw new FloodmarkError(
      'misuse',
      `${ours.setting} is of a stack of ours, and a --target has none within reach: leave one of them out`,
    )
}

type ComparedKind = 'stacks' | 'ceilings' | 'runs'
const KIND_WORDS: Readonly<Record<ComparedKind, string>> = {
  stacks: 'a scenario',
  ceilings: '--ceiling',
  runs: 'two runs that exist',
}
const ONLY: Readonly<Record<string, ComparedKind>> = {
  ...{ allow: 'runs', summary: 'runs', rounds: 'stacks', trial: 'ceilings', budget: 'ceilings', maxRate: 'ceilings' },
}
/** All else says how runs are made. */
const OF_RUNS: readonly string[] = ['allow', 'summary', 'out', 'json', 'quiet']

/** No flag is passed over in silence. @throws FloodmarkError 'misuse' where one was given that this kind of comparison has no use for. */
export function refuseUnused(command: Command, kind: ComparedKind): void {
  const given = command.options.filter((option) => command.getOptionValueSource(option.attributeName()) === 'cli')
  for (const option of given) {
    const only = ONLY[option.attributeName()] ?? kind
    if (only !== kind)
      throw new FloodmarkError(
        'misuse',
        `${option.long} is for ${KIND_WORDS[only]}, not for ${KIND_WORDS[kind]}: leave it out`,
      )
    if (kind === 'runs' && !OF_RUNS.includes(option.attributeName()))
      throw new FloodmarkError('misuse', `${option.long} says how runs are made, and these two exist: leave it out`)
  }
}

export function listsOf(flags: Readonly<Record<string, unknown>>): Varied[] {
  return Object.entries(LISTS).flatMap(([list, part]) =>
    typeof flags[list] === 'string' ? [{ setting: part, values: listOf(`--${list}`, flags[list]) }] : [],
  )
}

export function withoutLists(flags: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(flags).filter(([name]) => !(name in LISTS)))
}

/** The line that makes the same comparison again. */
export function commandOf(
  first: readonly string[],
  varied: readonly Varied[],
  base: RunSettings,
  last: readonly string[],
): string {
  const lists = varied.map(({ setting, values: written }) => {
    const isSecret = everySetting.some(([, one]) => (one.secret || one.outside) && flagOf(one) === `--${setting}`)
    const values = isSecret ? written.map(shownUrl) : written
    const list = Object.entries(LISTS).find(([, part]) => part === setting)?.[0]
    return list ? `--${list} ${shownValue(values.join(','))}` : `--vary ${shownValue(`${setting}=${values.join(',')}`)}`
  })
  const own = everySetting.filter(([name, setting]) => {
    const isVaried = varied.some((one) => `--${one.setting}` === flagOf(setting))
    return setting.again !== 'never' && base.given?.includes(name) && !isVaried
  })
  const target = base.target ?? varied.find(({ setting }) => setting === 'target')?.values[0]
  const { variables, flags } = typedAgain(own, { ...base, target })
  return [...variables, 'npm run compare --', ...first, ...lists, ...flags, ...last].join(' ')
}
