import { commandsIn } from '../../core/base/kit/commands-in.ts'
import { commandAgain, typedAgain } from '../plan/run-again.ts'
import { everySetting, type RunSettings } from '../plan/settings.ts'
import { shownValue } from '../plan/shown.ts'

/** What a search is given beside its settings, as a person typed it. */
export interface SearchFlags {
  readonly maxRate: string | undefined
  readonly budget: string | undefined
  readonly binds: boolean | undefined
}

/** The line that goes on with a search: what its folder does not hold, or was given otherwise since, is in it. */
export function searchAgain(path: string, settings: RunSettings, given: SearchFlags): string {
  const addresses = everySetting.filter(([, { outside, secret }]) => outside || secret)
  const { variables, flags } = typedAgain(addresses, settings)
  const words = [...variables, `npm run ceiling -- --resume ${shownValue(path)}`, ...flags, ...typed(given)]
  return commandsIn(words.join(' '))
}

/** The line that begins the same search anew. */
export function searchAnew(settings: RunSettings, given: SearchFlags & { readonly trial: string | undefined }): string {
  const trial = given.trial === undefined ? [] : [`--trial ${shownValue(given.trial)}`]
  return commandAgain('ceiling', settings, [...trial, ...typed(given)])
}

function typed({ maxRate, budget, binds }: SearchFlags): string[] {
  return [
    ...(maxRate === undefined ? [] : [`--max-rate ${shownValue(maxRate)}`]),
    ...(budget === undefined ? [] : [`--budget ${shownValue(budget)}`]),
    ...(binds ? ['--binds'] : []),
  ]
}
