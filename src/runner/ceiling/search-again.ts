import { commandsIn } from '../../core/base/kit/commands-in.ts'
import { typedAgain } from '../plan/run-again.ts'
import { everySetting, type RunSettings } from '../plan/settings.ts'
import { shownValue } from '../plan/shown.ts'

/** What a search is given beside its settings, as a person typed it. */
export interface SearchFlags {
  readonly maxRate: string | undefined
  readonly budget: string | undefined
  readonly binds: boolean | undefined
}

/** The line that goes on with a search: what its folder does not hold, or was given otherwise since, is in it. */
export function searchAgain(path: string, settings: RunSettings, { maxRate, budget, binds }: SearchFlags): string {
  const addresses = everySetting.filter(([, { outside, secret }]) => outside || secret)
  const { variables, flags } = typedAgain(addresses.map(([name, setting]) => [setting, settings[name]]))
  const words = [
    ...[...variables, `npm run ceiling -- --resume ${shownValue(path)}`, ...flags],
    ...(maxRate === undefined ? [] : [`--max-rate ${shownValue(maxRate)}`]),
    ...(budget === undefined ? [] : [`--budget ${shownValue(budget)}`]),
    ...(binds ? ['--binds'] : []),
  ]
  return commandsIn(words.join(' '))
}
