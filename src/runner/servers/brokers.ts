import { join, resolve } from 'node:path'
import { shownPlace } from '../../core/base/kit/address.ts'
import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'
import { strangerAt } from './existing.ts'
import { serverKinds } from './kinds/index.ts'
import { endStale, provide } from './provide.ts'
import { endEntry, remembered } from './started.ts'

const PROBE_MS = 2_000

export interface BrokersOptions {
  readonly cacheFolder?: string
  readonly signal?: AbortSignal
  /** One line a server. */
  say(line: string): void
  /** What is going on meanwhile. */
  onProgress(line: string): void
}

/** The kinds are names of serverKinds. Starts servers that stay until `down`; later runs use them. @throws FloodmarkError 'unavailable'. */
async function up(kinds: readonly string[], options: BrokersOptions): Promise<void> {
  const { cacheFolder = resolve('.cache'), say, ...rest } = options
  for (const kind of kinds) {
    const folder = join(cacheFolder, 'servers')
    const server = await provide(kind, { ...rest, flag: `a run's ${flagsOf(kind)}`, cacheFolder, folder, stays: true })
    say(line(kind, server.url, server.says))
  }
}

/** By which a run is given such a server. */
const flagsOf = (kind: string) => (OF_LEDGERS.includes(kind) ? '--queue-url or --ledger-url' : '--queue-url')
/** Servers that ledgers need too. */
const OF_LEDGERS: readonly string[] = ['redis', 'postgres']

/** Ends servers that `up` started, with their data. */
async function down(kinds: readonly string[], options: BrokersOptions): Promise<void> {
  const { cacheFolder = resolve('.cache'), say, onProgress } = options
  await endStale(cacheFolder, onProgress)
  for (const entry of remembered(cacheFolder)) {
    if (entry.owner || !kinds.includes(entry.kind)) continue
    try {
      await endEntry(entry)
    } catch (cause) {
      throw new FloodmarkError('unavailable', `${entry.kind} at ${shownPlace(entry.url)}: ${messageOf(cause)}`, {
        cause,
      })
    }
    say(line(entry.kind, entry.url, 'ended, and its data removed'))
  }
}

/** Lists the servers of each kind: where they are, which process has them, and whether they answer. */
async function status(kinds: readonly string[], options: BrokersOptions): Promise<void> {
  const { cacheFolder = resolve('.cache'), say, onProgress } = options
  await endStale(cacheFolder, onProgress)
  for (const kind of kinds) {
    const known = serverKinds[kind]!
    const entries = remembered(cacheFolder).filter((entry) => entry.kind === kind)
    for (const { url, says, owner } of entries) {
      const answers = (await known.probe(url, PROBE_MS)) ? '' : '; does not answer'
      say(line(kind, url, `${says}${owner ? ` (process ${owner.pid})` : ''}${answers}`))
    }
    if (entries.some(({ owner }) => owner === null)) continue
    const stranger = await strangerAt(known, (at) => `a run takes it with ${flagsOf(kind)} ${at}`)
    if (stranger) say(line(kind, '-', stranger))
    else if (entries.length === 0) say(line(kind, '-', `none: npm run brokers -- up ${kind}`))
  }
}

/** What `brokers` can do. */
export const brokers = { up, down, status }

const line = (kind: string, url: string, says: string) => `${kind.padEnd(6)} ${shownPlace(url).padEnd(24)} ${says}`
