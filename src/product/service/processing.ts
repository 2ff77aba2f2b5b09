import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { Effect, Effects } from '../../core/contracts/ledger.ts'
import { checked, type SourceSchemas } from '../../core/processing/schemas.ts'
import type { ServiceOptions } from '../../core/service/service.ts'
import { quoted } from '../../runner/scenario/plain-words.ts'
import { lineOf } from '../../runner/scenario/plugins.ts'
import type { LoadedConfig } from '../config/load.ts'

type Processing = Omit<NonNullable<ServiceOptions['processing']>, 'ledger'>

/** The work for each event, as the config's handlers say. @throws FloodmarkError 'misuse' where they cannot be loaded. */
export async function processingOf({ config, folder, routes }: LoadedConfig): Promise<Processing> {
  const { handlers } = config
  const effects = typeof handlers === 'string' ? await imported(handlers, folder) : (handlers as Effects)
  const mistake = mistakeIn(effects)
  if (mistake)
    throw new FloodmarkError('misuse', `handlers${typeof handlers === 'string' ? ` ${handlers}` : ''}: ${mistake}`)
  const sources = Object.fromEntries(
    routes.flatMap(({ path, source }) => {
      const { schemas } = config.routes[path]!
      return schemas === undefined ? [] : [[source, schemas as SourceSchemas] as const]
    }),
  )
  return { effect: Object.keys(sources).length === 0 ? effects : behindSchemas(effects, sources) }
}

async function imported(file: string, folder: string): Promise<Effects> {
  try {
    return (await import(pathToFileURL(resolve(folder, file)).href)).default
  } catch (cause) {
    throw new FloodmarkError('misuse', `handlers ${file}: cannot be loaded: ${lineOf(cause)}`, { cause })
  }
}

function mistakeIn(effects: unknown): string | undefined {
  if (typeof effects === 'function') return undefined
  if (effects === undefined) return 'no default export: export a function, or several by name'
  if (typeof effects !== 'object' || effects === null)
    return `must be a function, or several by name, not ${quoted(effects)}`
  const wrong = Object.entries(effects).find(([, effect]) => typeof effect !== 'function')
  return wrong && `${wrong[0]} must be a function, not ${quoted(wrong[1])}`
}

/** Events of sources without schemas, and those that a permissive source keeps, are worked on as they came. */
function behindSchemas(effects: Effects, sources: Readonly<Record<string, SourceSchemas>>): Effects {
  const behind = (effect: Effect): Effect => {
    const work = checked({
      sources,
      effect: (event, tx) => effect(event, tx),
      unknown: (event, tx) => effect(event, tx),
    })
    const either: Effect = (event, tx) => (Object.hasOwn(sources, event.source) ? work(event, tx) : effect(event, tx))
    return effect.limits ? Object.assign(either, { limits: effect.limits }) : either
  }
  if (typeof effects === 'function') return behind(effects)
  return Object.fromEntries(Object.entries(effects).map(([name, effect]) => [name, behind(effect)]))
}
