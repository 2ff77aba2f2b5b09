import { createWriteStream, readFileSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { openPrivate, writePrivate } from '../../core/base/private-files.ts'
import type { BuriedCause, DeadLetter, Ledger } from '../../core/contracts/ledger.ts'
import { BODY_DIGEST_BYTES, type ContentDigests, contentDigests } from '../plan/event-digests.ts'
import { seqOf } from '../plan/identity.ts'

/** One effect as the ledger holds it. Times are ms since the start of the run, by the clock that all of its processes share. */
export interface EffectRecord {
  /** Changes with the ordering key that was delivered; effects of one list follow each other in the order they took place. */
  readonly lane: number
  readonly seq: number
  readonly atMs: number
  /** When the receiver says that it got the request. */
  readonly receivedMs: number
  readonly content: ContentDigests
}

/*
 * What the ledger holds of an effect, little endian, and what effects.bin has behind the u32 of its lane:
 *   0 u32 seq | 4 f64 atMs | 12 f64 receivedMs | 20 u8[8] body | 28 u32 id | 32 u32 key | 36 u32 type | 40 u32 source | 44 u32 headers
 */
const EFFECT_BYTES = 48
const LANE_BYTES = 4
const RECORD_BYTES = LANE_BYTES + EFFECT_BYTES

/** The name's prefix under which a run's effects are listed: one list per ordering key. */
export const EFFECTS = 'effects/'

export function encodeEffect({ seq, atMs, receivedMs, content }: Omit<EffectRecord, 'lane'>): Buffer {
  const value = Buffer.allocUnsafe(EFFECT_BYTES)
  value.writeUInt32LE(seq, 0)
  value.writeDoubleLE(atMs, 4)
  value.writeDoubleLE(receivedMs, 12)
  value.set(content.body, 20)
  value.writeUInt32LE(content.id, 28)
  value.writeUInt32LE(content.key, 32)
  value.writeUInt32LE(content.type, 36)
  value.writeUInt32LE(content.source, 40)
  value.writeUInt32LE(content.headers, 44)
  return value
}

/** `startAtMs`: of the run, by its clock. */
export function decodeEffect(value: Buffer, startAtMs: number): Omit<EffectRecord, 'lane'> {
  return {
    seq: value.readUInt32LE(0),
    atMs: value.readDoubleLE(4) - startAtMs,
    receivedMs: value.readDoubleLE(12) - startAtMs,
    content: {
      body: value.subarray(20, 20 + BODY_DIGEST_BYTES),
      id: value.readUInt32LE(28),
      key: value.readUInt32LE(32),
      type: value.readUInt32LE(36),
      source: value.readUInt32LE(40),
      headers: value.readUInt32LE(44),
    },
  }
}

export interface Buried {
  /** undefined: not an event of this run. */
  readonly seq: number | undefined
  readonly id: string
  readonly source: string
  readonly type: string
  readonly key: string
  readonly cause: BuriedCause
  readonly reason: string
  readonly failures: number
  /** ms since the Unix epoch, as is the next. */
  readonly atMs: number
  readonly receivedAtMs: number
  /** What the dead letter consists of as it is kept. */
  readonly content: ContentDigests
}

/** What a run knows of itself where its effects are written down. */
export interface ExportedRun {
  readonly runId: string
  readonly startAtMs: number
  /** By source: names of kept headers that tell when a request was signed. */
  readonly timedHeaders: Readonly<Record<string, readonly string[]>>
}

/** Writes the ledger's effects and dead letters beside the report: the audit reads these files, also years later. */
export async function exportEffects(
  ledger: Ledger,
  run: ExportedRun,
  paths: { effects: string; buried: string },
): Promise<void> {
  // Where the ledger or the disk fails it writes no more: nothing may come into the file that the next look begins.
  const out = createWriteStream(paths.effects, { fd: openPrivate(paths.effects, 'w') })
  await pipeline(recordsOf(ledger, run), out)
  const letters: Buried[] = []
  for await (const letter of ledger.buried()) letters.push(buriedOf(run, letter))
  writeBuried(paths.buried, letters)
}

async function* recordsOf(ledger: Ledger, run: ExportedRun): AsyncGenerator<Buffer> {
  let lane = -1
  let name: string | undefined
  for await (const [itemName, value] of ledger.items(EFFECTS)) {
    if (itemName !== name) {
      name = itemName
      lane++
    }
    const record = Buffer.alloc(RECORD_BYTES)
    record.writeUInt32LE(lane, 0)
    record.set(value.subarray(0, EFFECT_BYTES), LANE_BYTES)
    for (const at of [LANE_BYTES + 4, LANE_BYTES + 12])
      record.writeDoubleLE(record.readDoubleLE(at) - run.startAtMs, at)
    yield record
  }
}

/** The same of effects that were told from outside. */
export function writeEffects(path: string, effects: readonly EffectRecord[]): void {
  const records = effects.map(({ lane, ...effect }) => {
    const record = Buffer.alloc(RECORD_BYTES)
    record.writeUInt32LE(lane, 0)
    record.set(encodeEffect(effect), LANE_BYTES)
    return record
  })
  writePrivate(path, Buffer.concat(records))
}

export function writeBuried(path: string, letters: readonly Buried[]): void {
  const lines = letters.map((letter) => {
    const content = { ...letter.content, body: letter.content.body.toString('hex') }
    return `${JSON.stringify({ ...letter, content })}\n`
  })
  writePrivate(path, lines.join(''))
}

export function buriedOf(
  { runId, timedHeaders }: Pick<ExportedRun, 'runId' | 'timedHeaders'>,
  { event, cause, reason, failures, atMs }: DeadLetter,
): Buried {
  const { id, source, type, key, receivedAtMs } = event
  const content = contentDigests(event, timedHeaders[source])
  return { seq: seqOf(runId, id), id, source, type, key, cause, reason, failures, atMs, receivedAtMs, content }
}

export function* readEffects(path: string): Generator<EffectRecord> {
  const bytes = readFileSync(path)
  for (let at = 0; at + RECORD_BYTES <= bytes.length; at += RECORD_BYTES) {
    const value = bytes.subarray(at + LANE_BYTES, at + RECORD_BYTES)
    yield { lane: bytes.readUInt32LE(at), ...decodeEffect(value, 0) }
  }
}

export function readBuried(path: string): Buried[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { content, ...letter } = JSON.parse(line)
      return { ...letter, content: { ...content, body: Buffer.from(content.body, 'hex') } }
    })
}
