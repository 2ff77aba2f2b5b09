import { once } from 'node:events'
import { createWriteStream, readFileSync } from 'node:fs'
import { openPrivate, writePrivate } from '../../core/base/private-files.ts'
import type { BuriedCause, DeadLetter, Ledger } from '../../core/contracts/ledger.ts'
import { seqOf } from '../plan/identity.ts'

/** One effect as the ledger holds it. */
export interface EffectRecord {
  /** Changes with the ordering key; effects of one key follow each other in the order they took place. */
  readonly lane: number
  readonly seq: number
  /** ms since the start of the run, by the clock that all of its processes share. */
  readonly atMs: number
}
const RECORD_BYTES = 16

export interface Buried {
  /** undefined: not an event of this run. */
  readonly seq: number | undefined
  readonly id: string
  readonly source: string
  readonly type: string
  readonly cause: BuriedCause
  readonly reason: string
  readonly failures: number
  /** ms since the Unix epoch. */
  readonly atMs: number
}

/** Writes the ledger's effects and dead letters beside the report: the audit reads these files, also years later. `startAtMs`: of the run, by its clock. */
export async function exportEffects(
  ledger: Ledger,
  { runId, startAtMs }: { readonly runId: string; readonly startAtMs: number },
  paths: { effects: string; buried: string },
): Promise<void> {
  const out = createWriteStream(paths.effects, { fd: openPrivate(paths.effects, 'w') })
  let lane = -1
  let name: string | undefined
  for await (const [itemName, value] of ledger.items(EFFECTS)) {
    if (itemName !== name) {
      name = itemName
      lane++
    }
    const record = Buffer.alloc(RECORD_BYTES)
    record.writeUInt32LE(lane, 0)
    record.set(value, 4)
    record.writeDoubleLE(record.readDoubleLE(8) - startAtMs, 8)
    if (!out.write(record)) await once(out, 'drain')
  }
  out.end()
  await once(out, 'finish')
  const lines: string[] = []
  for await (const letter of ledger.buried()) lines.push(JSON.stringify(buriedOf(runId, letter)))
  writePrivate(paths.buried, lines.map((line) => `${line}\n`).join(''))
}

export function buriedOf(runId: string, { event, cause, reason, failures, atMs }: DeadLetter): Buried {
  const { id, source, type } = event
  return { seq: seqOf(runId, id), id, source, type, cause, reason, failures, atMs }
}

export function* readEffects(path: string): Generator<EffectRecord> {
  const bytes = readFileSync(path)
  for (let at = 0; at + RECORD_BYTES <= bytes.length; at += RECORD_BYTES) {
    yield { lane: bytes.readUInt32LE(at), seq: bytes.readUInt32LE(at + 4), atMs: bytes.readDoubleLE(at + 8) }
  }
}

export function readBuried(path: string): Buried[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

/** The name's prefix under which a run's effects are listed: one list per ordering key. */
export const EFFECTS = 'effects/'

export const EFFECT_BYTES = 12
