import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ledgers } from '../../../ledgers/index.ts'
import { providers } from '../../../providers/index.ts'
import { queues } from '../../../queues/index.ts'
import { receivers } from '../../../receivers/index.ts'
import { scenarios } from '../../../scenarios/index.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { Provider } from '../../core/contracts/provider.ts'

const REGISTRIES = {
  receiver: receivers,
  queue: queues,
  ledger: ledgers,
  provider: providers,
  scenario: scenarios,
} as const
export type Kind = keyof typeof REGISTRIES

export function namesOf(kind: Kind): string[] {
  return Object.keys(REGISTRIES[kind])
}

/**
 * The module behind a name, as a file URL that other processes can import: one of ours, or a person's own file given by
 * its path (`./my-queue.ts`). @throws FloodmarkError 'misuse' when there is none.
 */
export function moduleOf(kind: Kind, name: string): string {
  if (Object.hasOwn(REGISTRIES[kind], name)) return new URL(`../../../${kind}s/${name}.ts`, import.meta.url).href
  if (/^\.{0,2}\//.test(name)) {
    if (existsSync(name)) return pathToFileURL(resolve(name)).href
    throw new FloodmarkError('misuse', `there is no file ${name} for --${kind}`)
  }
  throw new FloodmarkError(
    'misuse',
    `unknown ${kind} '${name}': use one of ${namesOf(kind).join(', ')}, or a path such as ./my-${kind}.ts`,
  )
}

/** The provider behind a name or path. @throws as moduleOf. */
export async function providerOf(name: string): Promise<Provider> {
  return (await import(moduleOf('provider', name))).default
}
