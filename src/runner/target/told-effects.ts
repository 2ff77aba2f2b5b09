import { BODY_DIGEST_BYTES } from '../plan/event-digests.ts'
import { seqOf } from '../plan/identity.ts'
import type { Buried, EffectRecord } from '../records/effects-file.ts'
import type { PlannedEvents } from '../records/plan-file.ts'

/** A line of a target's effects, as docs/target.md has it: `id digest [time] [dead]`. */
interface ToldEffect {
  readonly id: string
  /** The first bytes of the body's SHA-256. */
  readonly digest: Buffer
  /** ms since the Unix epoch; NaN: it does not say. */
  readonly atMs: number
  /** It was given up and is kept. */
  readonly isDead: boolean
}

/** What a target told of one run. */
export interface Told {
  readonly effects: readonly EffectRecord[]
  readonly buried: readonly Buried[]
  /** Lines of this run, of others, and that cannot be read. */
  readonly lines: number
  readonly foreign: number
  readonly unreadable: number
}

const DIGEST = /^[0-9a-f]{16,64}$/i
const DEAD = 'dead'

/** undefined: it is none. Words are parted by blanks, tabs or commas. */
export function readLine(line: string): ToldEffect | undefined {
  const [id, digest, ...rest] = line.trim().split(/[\s,]+/)
  const isDead = rest.at(-1) === DEAD
  const [time, ...more] = isDead ? rest.slice(0, -1) : rest
  const atMs = time === undefined ? Number.NaN : timeOf(time)
  const isWhole = id && digest && DIGEST.test(digest) && more.length === 0 && atMs !== undefined
  if (!isWhole) return undefined
  return { id, digest: Buffer.from(digest.slice(0, 2 * BODY_DIGEST_BYTES), 'hex'), atMs, isDead }
}

/** ms since the Unix epoch, as a number or as ISO 8601. */
function timeOf(text: string): number | undefined {
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Date.parse(text)
  return Number.isNaN(ms) ? undefined : ms
}

/**
 * What the lines say of a run. A line tells the id, the digest of the body and the time. For all else that an event consists of the
 * plan is taken, so that the audit finds no difference where it was told nothing.
 */
export function toldOf(
  lines: Iterable<string>,
  { runId, events, startedAtEpochMs }: { readonly runId: string; events: PlannedEvents; startedAtEpochMs: number },
): Told {
  const effects: EffectRecord[] = []
  const buried: Buried[] = []
  const counts = { lines: 0, foreign: 0, unreadable: 0 }
  for (const line of lines) {
    if (line.trim() === '') continue
    const told = readLine(line)
    const seq = told && seqOf(runId, told.id)
    if (!told) counts.unreadable++
    else if (seq === undefined) counts.foreign++
    else {
      counts.lines++
      const planned = seq < events.length ? events.at(seq) : undefined
      const none = { id: 0, key: 0, type: 0, source: 0, headers: 0 }
      const content = { ...(planned?.digests ?? none), body: told.digest }
      const [dueMs, lane] = [planned?.dueMs ?? 0, planned?.key ?? 0]
      if (told.isDead)
        buried.push(letterOf(told, seq, planned?.type ?? '', { content, receivedAtMs: startedAtEpochMs + dueMs }))
      else effects.push({ lane, seq, atMs: told.atMs - startedAtEpochMs, receivedMs: dueMs, content })
    }
  }
  return { effects, buried, ...counts }
}

function letterOf(
  { id, atMs }: ToldEffect,
  seq: number,
  type: string,
  known: Pick<Buried, 'content' | 'receivedAtMs'>,
): Buried {
  const letter = { source: 'target', key: '', cause: 'permanent', reason: 'told by the target', failures: 1 } as const
  return { seq, id, type, ...letter, atMs: Number.isNaN(atMs) ? known.receivedAtMs : atMs, ...known }
}
