import { availableParallelism } from 'node:os'
import { ADDRESS } from '../../core/base/kit/address.ts'
import { bytes } from '../../core/base/words.ts'
import type { Quota } from '../../core/contracts/quota.ts'
import type { LoadedConfig } from '../config/load.ts'
import { loadPart } from '../config/part.ts'
import { placedIn } from '../config/placed.ts'
import { urlOf } from '../config/stores.ts'
import { type Finding, fail, ok, warn } from './finding.ts'

/** This share of a server's memory should be free at the start. */
const FREE_SHARE = 0.5
/** What is expected should be at most so much of what is allowed: a retry storm comes on top. */
const RATE_SHARE = 0.5
/** A usual webhook with its headers. */
const EVENT_BYTES = 4_096

interface ServerQuotas {
  readonly kind: 'queue' | 'ledger'
  readonly url: string
  /** Without one it lies in a folder that one process holds. */
  readonly hasServer: boolean
  readonly quotas: readonly Quota[]
}

/** What the servers of queue and ledger allow, where they have quotas. One that cannot be reached is told elsewhere. */
export async function checkQuotas(loaded: LoadedConfig, ratePerS: number | undefined): Promise<readonly Finding[]> {
  const asked = (await Promise.all([ask('queue', loaded), ask('ledger', loaded)])).flatMap((one) => one ?? [])
  // Of a server that holds both, one is enough, but for the connections: those add up.
  const firsts = asked.filter(({ url }, at) => asked.findIndex((one) => one.url === url) === at)
  return firsts.flatMap(({ kind, url, quotas }) => [
    ...quotas.flatMap((quota) => judged(`${kind} ${loaded.config[kind].use}`, quota, ratePerS)),
    ...connections(
      loaded,
      asked.filter((one) => one.url === url),
      asked.some((one) => one.kind === 'queue' && !one.hasServer),
    ),
  ])
}

async function ask(kind: 'queue' | 'ledger', loaded: LoadedConfig): Promise<ServerQuotas | undefined> {
  const { config, folder } = loaded
  try {
    const driver = await loadPart(kind, placedIn(folder, config[kind].use))
    const url = urlOf(kind, loaded, driver)
    const hasServer = driver.server !== undefined || ADDRESS.test(url)
    return { kind, url, hasServer, quotas: (await driver.quotas?.({ url, namespace: config.namespace })) ?? [] }
  } catch {
    return undefined
  }
}

function judged(who: string, quota: Quota, ratePerS: number | undefined): readonly Finding[] {
  if (quota.of === 'memory') return [memory(who, quota)]
  if (quota.of === 'unasked') {
    const what = `${who}: its client cannot ask what the server allows`
    return [warn('quota', `${what}: run npm install ${quota.needs}, which check asks by, or look there yourself`)]
  }
  if (quota.of === 'events') return [events(who, quota, ratePerS)]
  return quota.of === 'publishing' ? [publishing(who, quota, ratePerS)] : []
}

function memory(who: string, { usedBytes, maxBytes }: Extract<Quota, { of: 'memory' }>): Finding {
  const used = `${who}: its server uses ${bytes(usedBytes)} of memory`
  if (maxBytes === 0) {
    return warn(
      'quota',
      `${used}, without a limit: set maxmemory, so that a long queue is refused before the system ends it`,
    )
  }
  const what = `${used} of ${bytes(maxBytes)} that it may`
  if (usedBytes <= maxBytes * FREE_SHARE) return ok('quota', what)
  return warn('quota', `${what}: raise maxmemory, since what waits and what is remembered is kept there`)
}

function events(who: string, quota: Extract<Quota, { of: 'events' }>, ratePerS: number | undefined): Finding {
  const what = `${who}: its server takes ${quota.maxPerS}/s in full batches`
  if (ratePerS === undefined) return warn('quota', `${what}: give the rate that you expect by --rate`)
  if (ratePerS <= quota.maxPerS * RATE_SHARE) return ok('quota', what)
  return warn('quota', `${what}, and ${ratePerS}/s are expected: turn on ${quota.liftedBy}`)
}

function publishing(who: string, quota: Extract<Quota, { of: 'publishing' }>, ratePerS: number | undefined): Finding {
  const what = `${who}: each broker takes ${bytes(quota.maxBytesPerS)}/s of this service (producer_byte_rate)`
  if (ratePerS === undefined) return warn('quota', `${what}: give the rate that you expect by --rate`)
  const needed = ratePerS * EVENT_BYTES
  const wants = `${what}, and ${ratePerS}/s of ${bytes(EVENT_BYTES)} are ${bytes(needed)}/s`
  if (needed <= quota.maxBytesPerS * RATE_SHARE) return ok('quota', wants)
  return warn('quota', `${wants}: raise the quota, or answers come late`)
}

/** `asked`: what lies on one server. `isAlone`: one process does it all. Else the connections of serve and work add up. */
function connections(
  { config, routes }: LoadedConfig,
  asked: readonly ServerQuotas[],
  isAlone: boolean,
): readonly Finding[] {
  const of = (kind: ServerQuotas['kind']) =>
    asked.filter((one) => one.kind === kind).flatMap(({ quotas }) => quotas.filter((one) => one.of === 'connections'))
  const [queue] = of('queue')
  const [ledger] = of('ledger')
  const quota = queue ?? ledger
  if (!quota) return []
  const [storing, settling] = [queue?.eachProcess ?? 0, ledger?.eachProcess ?? 0]
  const looking = routes.some(({ replies }) => replies?.duplicate) ? (ledger?.eachLook ?? settling) : 0
  const receivers = config.processes ?? availableParallelism()
  const processors = config.processes ?? 1
  const apart = receivers * (storing + looking) + processors * (storing + settling)
  const [commands, needed] = isAlone
    ? ['node opens', storing + settling]
    : [`serve in ${receivers} and work in ${processors} open`, apart]
  const who = asked.map(({ kind }) => `${kind} ${config[kind].use}`).join(' and ')
  const what = `${who}: ${commands} up to ${needed} connections; the server has ${quota.max}, and ${quota.used} are open`
  if (needed + quota.used <= quota.max) return [ok('quota', what)]
  const todo = `raise max_connections${isAlone ? '' : ', or lower processes'}`
  return [needed > quota.max ? fail('quota', `${what}: ${todo}`) : warn('quota', `${what}: ${todo}`)]
}
