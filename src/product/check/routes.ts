import { createSecretKey } from 'node:crypto'
import { shortTime } from '../../core/base/words.ts'
import { systemClock } from '../../core/contracts/clock.ts'
import { messageOf } from '../../core/contracts/errors.ts'
import { createIngest } from '../../core/receiving/ingest.ts'
import { limitsOf } from '../../core/service/limits.ts'
import { Jwks } from '../config/jwks.ts'
import type { LoadedConfig } from '../config/load.ts'
import { readSecrets } from '../config/secrets.ts'
import { readTls, tlsEndMs } from '../config/tls.ts'
import { type Finding, fail, ok, warn } from './finding.ts'

/** A sender that waits for its answer for so large a share of its time limit may give up in a stall. */
const WAIT_SHARE = 0.5

/** The secrets of each route: whether they are there, and of a kind that its provider's signatures can be checked with. */
export function checkSecrets({ routes }: LoadedConfig, nowMs: number): Promise<readonly Finding[]> {
  return Promise.all(
    routes.map(async ({ path, places }) => {
      try {
        const sets = new Map<string, Jwks>()
        for (const source of places.sources) if ('jwks' in source) sets.set(source.jwks, new Jwks(source.jwks))
        for (const jwks of sets.values()) await jwks.renew()
        const { secrets } = readSecrets(places, nowMs, process.env, (url) => sets.get(url)!)
        const ending = secrets.filter((one) => 'untilMs' in one).length
        const end = ending === 0 ? '' : `, ${ending} of them until a time`
        return ok('secrets', `route ${path}: ${secrets.length} secret${secrets.length === 1 ? '' : 's'}${end}`)
      } catch (error) {
        return fail('secrets', messageOf(error))
      }
    }),
  )
}

/** What the service would refuse at its start: addresses, rates and answers that cannot be. Secrets are looked at by themselves. */
export function checkRoutes({ config: { trustedProxies }, routes }: LoadedConfig): Finding {
  const secrets = [createSecretKey(Buffer.alloc(32))]
  const nothing = async () => {}
  const known = async () => false
  try {
    const all = routes.map((plan) => ({ ...plan, secrets }))
    createIngest({ routes: all, trustedProxies, publish: nothing, ready: nothing, isKnown: known, clock: systemClock })
    return ok('routes', `routes: ${routes.map(({ path, source }) => `${path} (${source})`).join(', ')}`)
  } catch (error) {
    return fail('routes', messageOf(error))
  }
}

/** Whether a sender could say itself whose request it is. */
export function checkProxies({ config: { trustedProxies }, routes }: LoadedConfig): readonly Finding[] {
  const all = trustedProxies.find((range) => /\/0+$/.test(range))
  const asking = routes.find(({ allowFrom, rate }) => allowFrom || rate?.each)
  if (all === undefined || !asking) return []
  const what = `trustedProxies has ${all}: any sender of ${asking.path} may write into X-Forwarded-For who it is`
  return [warn('proxies', `${what}: give the addresses of your proxies alone`)]
}

/** Whether there is anything to tell senders that ask how much they may send. */
export function checkRates({ config, routes }: LoadedConfig): readonly Finding[] {
  return routes
    .filter(({ provider }) => provider.preflight)
    .map(({ path, rate }) => {
      const perS = Math.min(...[config.ceilingPerS, rate?.all?.perS, rate?.each?.perS].flatMap((one) => one ?? []))
      if (Number.isFinite(perS))
        return ok('allowed-rate', `route ${path}: a sender that asks may send ${perS} a second`)
      const what = `route ${path}: a sender that asks is told that there is no limit`
      return warn('allowed-rate', `${what}: set rate, or the ceiling that you measured as ceilingPerS`)
    })
}

/** The senders' time limits against the time that a request may take here. `ratePerS`: the most that is expected, or was measured. */
export function checkTimes({ config, routes }: LoadedConfig, ratePerS: number | undefined): readonly Finding[] {
  const limits = limitsOf(config.limits as never)
  const inFlightMax = config.inFlightMax ?? limits.inFlightMax
  const deadlineMs = config.publishDeadline ?? limits.publishDeadlineMs
  const [first] = routes.toSorted((a, b) => a.provider.delivery.timeoutMs - b.provider.delivery.timeoutMs)
  const { source, provider } = first!
  const { timeoutMs } = provider.delivery
  const says = `${source} gives up after ${shortTime(timeoutMs)}`
  const findings: Finding[] = []
  if (deadlineMs >= timeoutMs) {
    const what = `${says}, and a publish may take ${shortTime(deadlineMs)}`
    findings.push(fail('publish-deadline', `${what}: set publishDeadline to ${shortTime(timeoutMs * WAIT_SHARE)}`))
  } else findings.push(ok('publish-deadline', `${says}, and a publish may take ${shortTime(deadlineMs)}`))
  if (ratePerS === undefined) {
    const why = 'whether inFlightMax fits the senders depends on the rate: give the ceiling that you measured by --rate'
    return [...findings, warn('in-flight', why)]
  }
  const waitMs = (inFlightMax / ratePerS) * 1_000
  const what = `${inFlightMax} requests in flight at ${ratePerS}/s are a wait of ${shortTime(waitMs)}; ${says}`
  if (waitMs <= timeoutMs * WAIT_SHARE) return [...findings, ok('in-flight', what)]
  const best = Math.max(1, Math.floor((ratePerS * timeoutMs * WAIT_SHARE) / 1_000))
  return [
    ...findings,
    fail('in-flight', `${what}: set inFlightMax to ${best}, so that what is too much is told in time`),
  ]
}

/** Certificates are renewed weeks before they end: one that was not has been forgotten. */
const RENEWED_BEFORE_MS = 14 * 86_400_000

/** The certificate, where this service ends TLS itself. */
export function checkTls({ config, folder }: LoadedConfig, nowMs: number): readonly Finding[] {
  const { tls } = config.listen
  if (!tls) return []
  try {
    const endMs = tlsEndMs(readTls(tls, folder))
    const end = new Date(endMs).toISOString().slice(0, 10)
    if (endMs <= nowMs) return [fail('tls', `listen.tls: ${tls.cert} ended on ${end}: renew it`)]
    if (endMs - nowMs < RENEWED_BEFORE_MS) return [warn('tls', `listen.tls: ${tls.cert} ends on ${end}: renew it soon`)]
    return [ok('tls', `listen.tls: ${tls.cert} is valid until ${end}`)]
  } catch (error) {
    return [fail('tls', messageOf(error))]
  }
}
