import { createHash } from 'node:crypto'
import { closeSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fileError } from '../../core/base/kit/file-refusal.ts'
import { openPrivate, writePrivate } from '../../core/base/private-files.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import { BODY_DIGEST_BYTES, textDigest } from '../plan/event-digests.ts'
import type { Plan } from '../plan/plan-run.ts'
import { type PlannedEvent, plannedEvents } from '../plan/planned-events.ts'
import { type RecordedPlan, recordedPlanOf, recordedPlanSchema } from '../plan/recorded-plan.ts'
import { DRIFT_KINDS } from '../scenario/scenario.ts'
import { sendingRoute } from '../scenario/sending-route.ts'

/*
 * planned.bin: an 8-byte head, then a fixed record for each event, little endian, by its number.
 *   0 f64 dueMs | 8 u8[8] body digest | 16 u32 id digest | 20 u32 key digest | 24 u32 headers digest | 28 u32 rank of the key
 *   32 u32 bodyBytes | 36 u16 type | 38 u8 provider | 39 u8 bits | 40 u8 drift, 0 for none | 41 … 47 zero
 */
const HEAD = Buffer.from('FMPLAN01', 'latin1')
const RECORD_BYTES = 48
const BITS = { doomed: 1, failsOnce: 2, lostBySender: 4, hasContent: 8, struck: 16 } as const
const TYPES_MAX = 0xffff
/** After so many events others have their turn. */
const AT_A_TIME = 2_000

export const planPath = (folder: string) => join(folder, 'plan.json')
export const plannedPath = (folder: string) => join(folder, 'planned.bin')

/** So many events are written before a run starts; the others when sending has ended. */
const FIRST_EVENTS = 200_000

/** The plan of a run that is being written into its folder. */
export interface PlanWriter {
  /** Goes on until all events that are due before `untilMs` are written. */
  finish(untilMs: number): Promise<void>
}

/**
 * Writes the plan into a run's folder before anything is started: what is judged later is what was planned, whatever becomes of
 * scenario, providers, senders and stack. Of a long run the later events follow by `finish`, made by the same modules, which
 * are in memory by now: writing millions of them beside the sender would disturb it, and before it would take minutes.
 */
export async function beginPlan(plan: Plan, folder: string, firstEvents = FIRST_EVENTS): Promise<PlanWriter> {
  const { runId, scenario, durationMs, ratePerS, settings } = plan
  const routes = await Promise.all(
    plan.routes.map(async ({ source, signing: secret, timedHeaders, ...route }) => ({
      source,
      timedHeaders,
      ...(await sendingRoute({ ...route, secret })),
    })),
  )
  const scenarioSha256 = fileDigest(plan.scenarioModule)
  const sources = routes.map(({ provider }, at) => {
    const { provider: module, bodies, timedHeaders } = plan.routes[at]!
    return {
      sha256: fileDigest(module),
      ...(bodies !== undefined && { bodiesSha256: fileDigest(bodies) }),
      timedHeaders: [...timedHeaders],
      staleAfterMs: provider.staleAfterMs,
      policy: provider.delivery,
    }
  })
  const events = plannedEvents({ runId, load: { scenario, durationMs, ratePerS, seed: settings.seed }, routes })
  const types = new Map<string, number>()
  let written = 0
  const goOn = async (isEnough: (next: PlannedEvent) => boolean) => {
    written += await appendEvents(plannedPath(folder), events, types, isEnough)
    const recorded = recordedPlanOf(plan, { scenarioSha256, sources, events: written, types: [...types.keys()] })
    writePrivate(planPath(folder), JSON.stringify(recorded))
  }
  const file = openPrivate(plannedPath(folder), 'wx')
  writeSync(file, HEAD)
  closeSync(file)
  await goOn(({ seq }) => seq + 1 >= firstEvents)
  return { finish: (untilMs) => goOn(({ dueMs }) => dueMs >= untilMs) }
}

/** The whole of it at once. */
export async function writePlan(plan: Plan, folder: string): Promise<void> {
  await beginPlan(plan, folder, Number.POSITIVE_INFINITY)
}

/** Takes events, and ends with the first one of which it is enough. Gives how many were written. */
async function appendEvents(
  path: string,
  events: Iterator<PlannedEvent>,
  types: Map<string, number>,
  isEnough: (last: PlannedEvent) => boolean,
): Promise<number> {
  const file = openPrivate(path, 'a')
  try {
    const buffer = Buffer.alloc(AT_A_TIME * RECORD_BYTES)
    let count = 0
    let held = 0
    const flush = () => {
      for (let written = 0; written < held; ) written += writeSync(file, buffer, written, held - written)
      held = 0
    }
    for (;;) {
      const { value: event, done } = events.next()
      if (done) break
      encode(event, typeIndex(types, event.type), buffer, held)
      held += RECORD_BYTES
      count++
      if (isEnough(event)) break
      if (held < buffer.length) continue
      flush()
      await new Promise(setImmediate)
    }
    flush()
    return count
  } finally {
    closeSync(file)
  }
}

/** Another folder's plan with other times: as many of its events as there are times, each due by its own, ms. */
export function retimePlan(
  from: string,
  folder: string,
  dueMs: readonly number[],
  { ratePerS }: Pick<RecordedPlan, 'ratePerS'>,
): void {
  const { plan } = readPlan(from)
  const bytes = readFileSync(plannedPath(from)).subarray(0, HEAD.length + dueMs.length * RECORD_BYTES)
  for (const [seq, ms] of dueMs.entries()) bytes.writeDoubleLE(ms, HEAD.length + seq * RECORD_BYTES)
  writePrivate(plannedPath(folder), bytes)
  const peakPerS = (plan.peakPerS * ratePerS) / plan.ratePerS
  writePrivate(planPath(folder), JSON.stringify({ ...plan, ratePerS, peakPerS, events: dueMs.length }))
}

function typeIndex(types: Map<string, number>, type: string): number {
  const known = types.get(type)
  if (known !== undefined) return known
  if (types.size > TYPES_MAX)
    throw new FloodmarkError('misuse', `the scenario has more than ${TYPES_MAX} types of events`)
  types.set(type, types.size)
  return types.size - 1
}

function encode(event: PlannedEvent, type: number, buffer: Buffer, at: number): void {
  const { digests, drift } = event
  buffer.fill(0, at, at + RECORD_BYTES)
  buffer.writeDoubleLE(event.dueMs, at)
  buffer.set(digests.body, at + 8)
  buffer.writeUInt32LE(digests.id, at + 16)
  buffer.writeUInt32LE(digests.key, at + 20)
  buffer.writeUInt32LE(digests.headers, at + 24)
  buffer.writeUInt32LE(event.key, at + 28)
  buffer.writeUInt32LE(event.bodyBytes, at + 32)
  buffer.writeUInt16LE(type, at + 36)
  buffer[at + 38] = event.provider
  let bits = 0
  for (const [name, bit] of Object.entries(BITS)) if (event[name as keyof typeof BITS]) bits |= bit
  buffer[at + 39] = bits
  buffer[at + 40] = drift === undefined ? 0 : 1 + DRIFT_KINDS.indexOf(drift)
}

/** A run's planned events, from the record of them. */
export class PlannedEvents {
  readonly length: number
  readonly #bytes: Buffer
  readonly #types: readonly string[]
  readonly #typeDigests: readonly number[]
  readonly #sourceDigests: readonly number[]

  constructor(bytes: Buffer, { types, sources }: Pick<RecordedPlan, 'types' | 'sources'>) {
    this.#bytes = bytes
    this.#types = types
    this.#typeDigests = types.map(textDigest)
    this.#sourceDigests = sources.map(({ source }) => textDigest(source))
    this.length = (bytes.length - HEAD.length) / RECORD_BYTES
  }

  /** `seq` must be below `length`. */
  at(seq: number): PlannedEvent {
    const at = HEAD.length + seq * RECORD_BYTES
    const bytes = this.#bytes
    const drift = bytes[at + 40]!
    const type = bytes.readUInt16LE(at + 36)
    const provider = bytes[at + 38]!
    return {
      seq,
      dueMs: bytes.readDoubleLE(at),
      provider,
      key: bytes.readUInt32LE(at + 28),
      type: this.#types[type]!,
      bodyBytes: bytes.readUInt32LE(at + 32),
      digests: {
        body: bytes.subarray(at + 8, at + 8 + BODY_DIGEST_BYTES),
        id: bytes.readUInt32LE(at + 16),
        key: bytes.readUInt32LE(at + 20),
        type: this.#typeDigests[type]!,
        source: this.#sourceDigests[provider]!,
        headers: bytes.readUInt32LE(at + 24),
      },
      doomed: this.#has(seq, 'doomed'),
      failsOnce: this.#has(seq, 'failsOnce'),
      lostBySender: this.#has(seq, 'lostBySender'),
      hasContent: this.#has(seq, 'hasContent'),
      struck: this.#has(seq, 'struck'),
      drift: drift === 0 ? undefined : DRIFT_KINDS[drift - 1],
    }
  }

  *[Symbol.iterator](): Generator<PlannedEvent> {
    for (let seq = 0; seq < this.length; seq++) yield this.at(seq)
  }

  /** How many are due before `untilMs`. */
  dueBefore(untilMs: number): number {
    let low = 0
    let high = this.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#bytes.readDoubleLE(HEAD.length + middle * RECORD_BYTES) < untilMs) low = middle + 1
      else high = middle
    }
    return low
  }

  #has(seq: number, bit: keyof typeof BITS): boolean {
    return (this.#bytes[HEAD.length + seq * RECORD_BYTES + 39]! & BITS[bit]) !== 0
  }
}

/** @throws FloodmarkError 'misuse' where the folder has no plan, or one that this version cannot read. */
export function readPlan(folder: string): { readonly plan: RecordedPlan; readonly events: PlannedEvents } {
  const other = (cause?: unknown) =>
    new FloodmarkError(
      'misuse',
      `${folder} holds no plan that this version of floodmark can read: run its scenario again`,
      { cause },
    )
  try {
    const plan = recordedPlanSchema.parse(JSON.parse(readFileSync(planPath(folder), 'utf8')))
    const bytes = readFileSync(plannedPath(folder))
    const isWhole = bytes.length === HEAD.length + plan.events * RECORD_BYTES
    if (!isWhole || !bytes.subarray(0, HEAD.length).equals(HEAD)) throw other()
    const events = new PlannedEvents(bytes, plan)
    for (const { provider, type } of events) if (!plan.sources[provider] || type === undefined) throw other()
    return { plan, events }
  } catch (cause) {
    if (cause instanceof FloodmarkError) throw cause
    throw other(cause)
  }
}

function fileDigest(file: string): string {
  const path = file.startsWith('file:') ? fileURLToPath(file) : file
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex')
  } catch (cause) {
    throw fileError(`cannot read ${path}`, cause)
  }
}
