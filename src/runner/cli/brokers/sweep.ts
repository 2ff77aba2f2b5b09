import { resolve } from 'node:path'
import { shownPlace } from '../../../core/base/kit/address.ts'
import { FloodmarkError, messageOf } from '../../../core/contracts/errors.ts'
import { runStartOf } from '../../plan/run-namespace.ts'
import { moduleOf, namesOf } from '../../scenario/registry.ts'
import { givenServer, keptServer } from '../../servers/existing.ts'
import { serverKinds } from '../../servers/kinds/index.ts'

const HOUR_MS = 3_600_000

export interface SweepOptions {
  readonly cacheFolder?: string
  /** The server to look at. Absent: those that `brokers up` keeps. */
  readonly url?: string | undefined
  /** Only what runs wrote that began so long ago. */
  readonly olderThanMs: number
  /** Only this namespace, however old it is. */
  readonly only?: string | undefined
  /** Removes what was found; else it is listed. */
  readonly remove: boolean
  /** One line for each namespace. */
  say(line: string): void
}

/**
 * Finds what runs left on servers that were not theirs to end: by names that only runs give. A service's data have no such
 * name. @throws FloodmarkError 'misuse' on a URL without its one kind, 'unavailable' when a server does not answer or keeps some.
 */
export async function sweep(kinds: readonly string[], options: SweepOptions): Promise<void> {
  const { url, cacheFolder = resolve('.cache'), say } = options
  if (url !== undefined && kinds.length !== 1) {
    const example = 'npm run brokers -- sweep redis --url redis://host:6379'
    throw new FloodmarkError('misuse', `give the one kind of server that --url is: ${example}`)
  }
  let kept = 0
  for (const kind of kinds) {
    const known = serverKinds[kind]!
    const server = url === undefined ? await keptServer(known, cacheFolder) : givenServer(kind, url)
    if (server) kept += await sweepOne(kind, server.url, options)
    else say(`${kind}: no server stays here; give the address of one with --url`)
  }
  if (kept > 0) throw new FloodmarkError('unavailable', `${kept} could not be removed: the lines above say why`)
}

/** Returns how many could not be removed. */
async function sweepOne(kind: string, url: string, options: SweepOptions): Promise<number> {
  const { olderThanMs, only, remove, say } = options
  const where = `${kind} at ${shownPlace(url)}`
  const all = await serverKinds[kind]!.namespaces(url).catch((cause) => {
    throw new FloodmarkError('unavailable', `${where} was not looked at: ${messageOf(cause)}`, { cause })
  })
  const nowMs = Date.now()
  const runs = all.flatMap((namespace) => {
    const startedAtMs = runStartOf(namespace)
    return startedAtMs === undefined ? [] : [{ namespace, ageMs: nowMs - startedAtMs }]
  })
  const old = runs.filter(({ namespace, ageMs }) => (only === undefined ? ageMs >= olderThanMs : namespace === only))
  let kept = 0
  for (const { namespace, ageMs } of old.sort((a, b) => b.ageMs - a.ageMs)) {
    const age = `began ${(ageMs / HOUR_MS).toFixed(1)} h ago`
    const trouble = remove ? await removed(kind, url, namespace) : undefined
    if (trouble !== undefined) kept++
    say(`${where}: ${namespace}, ${age}${remove ? `, ${trouble ?? 'removed'}` : ''}`)
  }
  const others = [`${runs.length - old.length} newer runs`, `${all.length - runs.length} of services`].join(' and ')
  const how = remove || old.length === 0 ? '' : '. Remove them with --yes'
  say(`${where}: ${old.length} left by runs; ${others} are not touched${how}`)
  return kept
}

/** By every queue and ledger on that kind of server: each knows its own names. Returns what went wrong. */
async function removed(kind: string, url: string, namespace: string): Promise<string | undefined> {
  for (const part of ['queue', 'ledger'] as const) {
    for (const name of namesOf(part)) {
      const driver = (await import(moduleOf(part, name))).default
      if (driver.server !== (serverKinds[kind]!.clusterOf ?? kind)) continue
      try {
        await driver.drop({ url, namespace })
      } catch (error) {
        return `not removed: ${messageOf(error)}`
      }
    }
  }
  return undefined
}
