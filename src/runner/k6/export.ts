import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { ownFile } from '../../core/base/kit/own-file.ts'
import { makePrivateFolder, writePrivate } from '../../core/base/private-files.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import { driftKindOf } from '../plan/drift-plan.ts'
import { eventId } from '../plan/identity.ts'
import { signedEvent } from '../plan/make-event.ts'
import type { Plan } from '../plan/plan-run.ts'
import { timeoutMs } from '../plan/retry.ts'
import { recorded } from '../plan/settings.ts'
import { readPlan, writePlan } from '../records/plan-file.ts'
import { type SendingRoute, sendingRoute } from '../scenario/sending-route.ts'
import { EXPORT_VERSION, type Exported } from './exported.ts'
import { iterationsOf, k6Options } from './shape.ts'

/** The bodies of all events are one file, which each of k6's instances holds in memory. */
const EVENTS_MAX = 200_000
/** Those that the script signs when it sends. */
const SIGNED_BY_K6 = ['generic', 'stripe', 'slack', 'standard-webhooks']
/** So many standard deviations of a Poisson count: a plan at that rate has events enough for k6, which sends evenly. */
const DEVIATIONS = 6
/** Requests are signed at two times that differ in every digit. */
const [SIGNED_AT_MS, LATER_MS] = [1_700_000_000_000, 1_811_111_111_111]
const AT_A_TIME = 500

/**
 * Writes `<name>.ts` for k6 with its data beside it: `<name>.json`, `<name>.events.jsonl` and the folder `<name>.plan`, by which
 * import:k6 makes a report. @throws FloodmarkError 'misuse' for what k6 cannot send, or where something lies there.
 */
export async function exportK6(
  plan: Plan,
  out: string,
): Promise<{ readonly events: number; readonly files: string[] }> {
  const base = out.replace(/\.ts$/, '')
  const files = [`${base}.ts`, `${base}.json`, `${base}.events.jsonl`, `${base}.plan`]
  for (const file of files) {
    if (existsSync(file))
      throw new FloodmarkError('misuse', `${file} is there already: choose another --out, or remove it`)
  }
  const [script, data, lines, folder] = files as [string, string, string, string]
  const { scenario, durationMs, ratePerS, acceptP99Ms, settings, target } = plan
  const routes = await Promise.all(
    plan.routes.map(({ signing, ...route }) => sendingRoute({ ...route, secret: signing })),
  )
  const { planned, most: count } = iterationsOf(plan)
  const dense = { ...plan, ratePerS: (ratePerS * (count + DEVIATIONS * Math.sqrt(count + 1))) / Math.max(1, planned) }
  if (count > EVENTS_MAX)
    throw new FloodmarkError('misuse', `${count} events are more than ${EVENTS_MAX}: lower --rate, or --duration`)
  for (const route of routes) requireSignable(plan, route)
  makePrivateFolder(folder)
  await writePlan(dense, folder)
  writeEvents(dense, routes, { folder, lines, count })
  const policies = routes.map(({ provider }) => provider.delivery)
  const limits = policies.map((policy) => timeoutMs(policy, undefined))
  const origin = `${target!.secure ? 'https' : 'http'}://${target!.name}`
  const options = k6Options({ scenario, durationMs, ratePerS, acceptP99Ms, timeoutMs: Math.max(...limits) })
  const { signing = {} } = settings
  const parts = plan.routes.map(({ source: provider, path, signing: secret }, at) => ({
    ...{ provider, path, timeoutMs: limits[at]! },
    // A person's own secret is in no file: the environment has it again when k6 runs.
    secret: signing[provider] === undefined ? secret : '',
  }))
  writePrivate(data, `${JSON.stringify({ origin, events: basename(lines), routes: parts, options }, null, 1)}\n`)
  const known: Exported = {
    ...{ version: EXPORT_VERSION, settings: recorded(settings), ratePerS, rateChosen: plan.rateChosen },
    ...{ durationMs, acceptP99Ms, runId: plan.runId },
  }
  writePrivate(join(folder, 'export.json'), JSON.stringify(known))
  const text = readFileSync(ownFile('./script', import.meta.url), 'utf8')
  writePrivate(script, text.replace(/(['"])exported.json\1/, JSON.stringify(basename(data))))
  return { events: count, files }
}

function writeEvents(
  { runId, settings, scenario, durationMs, ratePerS, target }: Plan,
  routes: readonly SendingRoute[],
  { folder, lines, count }: { readonly folder: string; readonly lines: string; readonly count: number },
): void {
  const { seed } = settings
  const load = { scenario, durationMs, ratePerS, seed }
  const making = { runId, seed, scenario, drift: driftKindOf(load) }
  const { events } = readPlan(folder)
  if (events.length < count) {
    rmSync(folder, { recursive: true })
    throw new FloodmarkError('misuse', 'too few events for k6, which sends evenly: raise --rate, or --duration')
  }
  const signing = { host: target!.name, atMs: Date.now(), secure: target!.secure }
  writePrivate(lines, '')
  let held: string[] = []
  for (let seq = 0; seq < count; seq++) {
    const { provider, key } = events.at(seq)
    const { headers, body } = signedEvent(making, routes[provider]!, { seq, key }, signing)
    const type = { 'content-type': routes[provider]!.provider.contentType ?? 'application/json' }
    const event = { route: provider, id: eventId(runId, seq), headers: { ...type, ...headers }, body: textOf(body) }
    held.push(JSON.stringify(event))
    if (held.length < AT_A_TIME && seq + 1 < count) continue
    appendFileSync(lines, `${held.join('\n')}\n`)
    held = []
  }
}

function textOf(body: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(body)
}

/** What signs a time with a key that k6 has no function for cannot be sent later than now. */
function requireSignable({ runId, settings: { seed }, scenario, target }: Plan, route: SendingRoute): void {
  const { name } = route.provider
  if (SIGNED_BY_K6.includes(name)) return
  const [now, later] = [SIGNED_AT_MS, LATER_MS].map((atMs) => {
    const { headers, body } = signedEvent(
      { runId, seed, scenario },
      route,
      { seq: 0, key: 0 },
      { host: target!.name, atMs },
    )
    const signed = Object.entries(headers).filter(([header]) =>
      route.provider.signatureHeaders.includes(header.toLowerCase()),
    )
    return JSON.stringify([signed, Buffer.from(body).toString('base64')])
  })
  if (now === later) return
  const can = SIGNED_BY_K6.join(', ')
  throw new FloodmarkError(
    'misuse',
    `k6 cannot sign as ${name} does when it sends: choose another --provider, such as ${can}, github`,
  )
}
