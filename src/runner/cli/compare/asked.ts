import { listOf, type Varied } from '../../compare/stacks.ts'
import { everySetting, flagOf, type RunSettings, textOf } from '../../plan/settings.ts'
import { shownValue } from '../../plan/shown.ts'

export const LISTS = { queues: 'queue', receivers: 'receiver', ledgers: 'ledger' } as const

/** What a 2xx of a target survives is not known, so that no two are ranked. */
export const TARGET =
  'stacks of ours are compared here: run each --target with a --tag of its own, then npm run compare -- <tag> <tag>'

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
  const lists = varied.map(({ setting, values }) => {
    const list = Object.entries(LISTS).find(([, part]) => part === setting)?.[0]
    return list ? `--${list} ${shownValue(values.join(','))}` : `--vary ${shownValue(`${setting}=${values.join(',')}`)}`
  })
  const own = everySetting.flatMap(([key, setting]) => {
    const isOther = setting.again !== 'never' && !setting.secret && base.given?.includes(key)
    const value = base[key]
    if (!isOther || value === undefined || value === false) return []
    if (varied.some((one) => `--${one.setting}` === flagOf(setting))) return []
    return [value === true ? flagOf(setting) : `${flagOf(setting)} ${shownValue(textOf(setting, value))}`]
  })
  return ['npm run compare --', ...first, ...lists, ...own, ...last].join(' ')
}
