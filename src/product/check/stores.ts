import { markMsFor } from '../../core/base/mark-life.ts'
import { bytes, seconds } from '../../core/base/words.ts'
import { systemClock } from '../../core/contracts/clock.ts'
import { messageOf } from '../../core/contracts/errors.ts'
import { type Ledger, MARK_TTL_MS } from '../../core/contracts/ledger.ts'
import type { FailureMode, Queue } from '../../core/contracts/queue.ts'
import { limitsOf } from '../../core/service/limits.ts'
import { checkSizes } from '../../core/service/sizes.ts'
import type { LoadedConfig } from '../config/load.ts'
import { openLedger, openQueue } from '../config/stores.ts'
import { AROUND_BODY_BYTES } from '../service/size-notices.ts'
import { type Finding, fail, ok, warn } from './finding.ts'

const FAILURES: readonly FailureMode[] = ['receiver-crash', 'broker-crash', 'power-loss']

/** Opens queue and ledger, writes a probe to each, and looks at what they promise. */
export async function checkStores(loaded: LoadedConfig, ratePerS?: number): Promise<readonly Finding[]> {
  const queue = await look(
    'queue',
    loaded,
    () => openQueue(loaded, systemClock),
    (opened) => ofQueue(opened, loaded),
  )
  const ledger = await look(
    'ledger',
    loaded,
    () => openLedger(loaded, systemClock),
    (opened) => [...ofLedger(opened, loaded), ...markRoom(opened, ratePerS)],
  )
  return [...queue, ...ledger]
}

async function look<T extends Queue | Ledger>(
  kind: 'queue' | 'ledger',
  { config }: LoadedConfig,
  open: () => Promise<T>,
  more: (opened: T) => readonly Finding[],
): Promise<readonly Finding[]> {
  let opened: T | undefined
  try {
    opened = await open()
    await opened.probe()
    const { server } = opened.traits
    return [ok(`${kind}-works`, `${kind} ${config[kind].use}: ${server}`), durability(kind, opened), ...more(opened)]
  } catch (error) {
    return [fail(`${kind}-works`, `${kind} ${config[kind].use}: ${messageOf(error)}`)]
  } finally {
    await opened?.close()
  }
}

function durability(kind: 'queue' | 'ledger', { traits }: Queue | Ledger): Finding {
  const id = `${kind}-durable`
  const lost = FAILURES.filter((failure) => !traits.survives.includes(failure))
  const what = kind === 'queue' ? 'what was acknowledged' : 'what took effect'
  if (lost.length === 0) return ok(id, `${kind}: ${what} survives ${traits.survives.join(', ')}`)
  const text = `${kind}: ${what} does not survive ${lost.join(', ')}`
  if (lost.includes('receiver-crash')) return fail(id, `${text}: choose another ${kind}`)
  return warn(id, `${text}: make its server write to disk before it answers, or accept that`)
}

function ofQueue({ traits }: Queue, { config, routes }: LoadedConfig): Finding[] {
  const limits = limitsOf(config.limits as never)
  const { bodyBytesMax } = limits
  const id = 'body-limits'
  try {
    checkSizes(limits, config.limits as never, routes, traits)
  } catch (error) {
    return [fail(id, messageOf(error))]
  }
  const needed = bodyBytesMax + AROUND_BODY_BYTES
  const findings: Finding[] = []
  for (const { path, source, provider } of routes) {
    const largest = provider.bodyBytesMax ?? 0
    if (largest <= bodyBytesMax) continue
    const what = `route ${path}: ${source} sends bodies of up to ${bytes(largest)}, and more than ${bytes(bodyBytesMax)} is refused`
    const fits = traits.publishBytesMax - AROUND_BODY_BYTES >= largest
    const todo = fits
      ? `set limits.bodyBytesMax to ${largest}`
      : `the queue takes ${bytes(traits.publishBytesMax)}: choose another`
    findings.push(warn(id, `${what}: ${todo}, or accept that`))
  }
  if (needed > traits.publishBytesMax) {
    const what = `the queue takes ${bytes(traits.publishBytesMax)} an event, and limits.bodyBytesMax lets in ${bytes(bodyBytesMax)}`
    const todo = `set limits.bodyBytesMax to ${traits.publishBytesMax - AROUND_BODY_BYTES}`
    // Nobody has asked for the default, and a body that the queue does not take gets 413 as well.
    const isDefault = config.limits.bodyBytesMax === undefined
    findings.push(isDefault ? warn(id, `${what}: ${todo}, or accept that more gets 413`) : fail(id, `${what}: ${todo}`))
  }
  if (findings.length > 0) return findings
  return [
    ok(
      id,
      `bodies of up to ${bytes(bodyBytesMax)} fit the queue, which takes ${bytes(traits.publishBytesMax)} an event`,
    ),
  ]
}

function ofLedger({ traits }: Ledger, { routes }: LoadedConfig): Finding[] {
  const id = 'mark-life'
  const findings = routes.flatMap(({ path, source, provider }) => {
    const neededMs = Math.min(markMsFor(provider.delivery), MARK_TTL_MS)
    if (traits.ttlMs >= neededMs) return []
    const what = `route ${path}: the ledger remembers ids for ${seconds(traits.ttlMs)}, and ${source} may send an event again for longer`
    return [fail(id, `${what}: set rememberForMs of the ledger to ${neededMs} or more`)]
  })
  if (findings.length > 0) return findings
  return [
    ok(id, `the ledger remembers an id for as long as its sender may send it again, ${hours(traits.ttlMs)} at least`),
  ]
}

/** Marks that lie in a server's memory are what fills it. */
function markRoom({ traits: { markMemory, ttlMs } }: Ledger, ratePerS: number | undefined): Finding[] {
  if (markMemory === undefined) return []
  const id = 'mark-room'
  const each = `the ledger's marks take ${bytes(markMemory.bytes)} of its server's memory each`
  if (ratePerS === undefined) return [ok(id, `${each}, for ${hours(ttlMs)}: --rate says how many there will be`)]
  const neededBytes = (markMemory.bytes * ratePerS * ttlMs) / 1_000
  const what = `${each}: ${hours(ttlMs)} of them at ${ratePerS}/s need ${bytes(neededBytes)}`
  const { roomBytes } = markMemory
  if (roomBytes === undefined || neededBytes <= roomBytes) return [ok(id, what)]
  return [warn(id, `${what}, and the server may use ${bytes(roomBytes)}: give it more, or choose lmdb or postgres`)]
}

const hours = (ms: number) => `${Math.round(ms / 3_600_000)} h`
