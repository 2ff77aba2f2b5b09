import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { ledgers } from '../../../ledgers/index.ts'
import { providers } from '../../../providers/index.ts'
import { queues } from '../../../queues/index.ts'
import { receivers } from '../../../receivers/index.ts'
import { scenarios } from '../../../scenarios/index.ts'
import { ADDRESS, shownUrl } from '../../core/base/kit/address.ts'
import { ownFile } from '../../core/base/kit/own-file.ts'
import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'
import { didYouMean } from './nearest.ts'

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

/** Whether the name is one of ours, and not a path. */
export function isOurs(kind: Kind, name: string): boolean {
  return Object.hasOwn(REGISTRIES[kind], name)
}

/**
 * The module behind a name, as a file URL that other processes can import: one of ours, or a person's own file by its path
 * (`my-queue.ts`, `./my-queue.ts`, `C:\queues\my-queue.ts`, or a `file:` URL). A name that is both is ours.
 * @throws FloodmarkError 'misuse' when there is none.
 */
export function moduleOf(kind: Kind, name: string): string {
  if (isOurs(kind, name)) return ownFile(`../../../${kind}s/${name}`, import.meta.url).href
  const file = fileOf(kind, name)
  if (file !== undefined) return pathToFileURL(file).href
  const names = namesOf(kind)
  const meant = existsSync(`${name}.ts`) ? `: did you mean './${name}.ts'?` : didYouMean(name, names)
  const known = `use one of ${names.join(', ')}, or the path of your own, such as ./my-${kind}.ts`
  throw new FloodmarkError(
    'misuse',
    `unknown ${kind} '${shownUrl(name)}'${meant || ':'} ${meant ? known[0]!.toUpperCase() + known.slice(1) : known}`,
  )
}

/** Whether moduleOf finds one. */
export function isThere(kind: Kind, name: string): boolean {
  try {
    return moduleOf(kind, name) !== ''
  } catch {
    return false
  }
}

/** The file at a path; undefined where the name is neither a file nor written as a path. @throws FloodmarkError 'misuse'. */
function fileOf(kind: Kind, name: string): string | undefined {
  const path = name.startsWith('file:') ? pathOfUrl(name) : resolve(name)
  // Windows takes either slash. Elsewhere a path that was copied from there is meant all the same.
  const found = [path, resolve(name.replaceAll('\\', '/'))].find((one) => existsSync(one))
  const isPath = name.startsWith('file:') || /[\\/]|\.[cm]?[jt]s$/.test(name)
  if (found === undefined) {
    if (!isPath) return undefined
    const shown = shownUrl(name)
    // A path has one / where an address has two, so that its password would no longer be found.
    const isAddress = shown !== name || (ADDRESS.test(name) && !name.startsWith('file:'))
    const looked = isAddress ? 'it is an address, give a name or a file' : `looked for ${path}`
    const meant = existsSync(`${path}.ts`) ? `did you mean ${name}.ts?` : looked
    throw new FloodmarkError('misuse', `there is no file ${shown} for the ${kind}: ${meant}`)
  }
  if (statSync(found).isFile()) return found
  if (!isPath) return undefined
  throw new FloodmarkError('misuse', `${name} is a folder: give the file of the ${kind}`)
}

function pathOfUrl(url: string): string {
  try {
    return fileURLToPath(url)
  } catch (cause) {
    throw new FloodmarkError('misuse', `${url} is not the address of a file: ${messageOf(cause)}`, { cause })
  }
}
