import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { fileWords } from '../../core/base/kit/file-refusal.ts'
import { writePrivate } from '../../core/base/private-files.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import { type RunSettings, recordedSettings } from '../plan/settings.ts'
import type {
  AttackTally,
  BesideSample,
  Certificate,
  Durability,
  ListRecord,
  Progress,
  ReplayMark,
  ResendRecord,
  ServiceSample,
  StoreRecord,
  ToldRecord,
} from './facts.ts'
import type { Intervention, Plant } from './intervention.ts'
import type { MachineRecord } from './machine.ts'
import { type FaultMark, markSchema } from './marks.ts'

/** The machine that a run took place on. */
export interface Machine {
  readonly node: string
  readonly platform: string
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
}

/** What a run notes down beside journals and effects; report.json can be made again from these files alone. */
export interface RunRecord {
  readonly id: string
  readonly runId: string
  /** The one wall-clock time of a run, ms since the Unix epoch. All other times are counted from it by the monotonic clock. */
  readonly startedAtEpochMs: number
  /** All of them as they were asked for, passwords left out. */
  readonly settings: RunSettings
  /** Final values, where the settings leave them to the scenario. */
  readonly setup: {
    readonly ratePerS: number
    readonly rateChosen: string
    readonly durationMs: number
    readonly acceptP99Ms: number
    /** Receiver processes. */
    readonly processes: number
    /** How long a lease lasts in this run, and how long after the last effect it was to be looked for more. */
    readonly leaseMs: number
    readonly lookMs: number
  }
  /** Absent where a target took the requests: nothing is known of it. */
  readonly durability?: Durability
  /** A server that is not ours took the requests. Absent: the stack of the settings. */
  readonly target?: { readonly address: string }
  /** Another generator sent, whose points were imported: waits count from sending. Absent: our own sender. */
  readonly sentBy?: 'k6'
  /** Effects are known as the target told them. Absent: as the ledger has them; of a target without it they are not known. */
  readonly told?: ToldRecord
  readonly certificates: readonly Certificate[]
  readonly samples: {
    readonly stack: readonly { readonly name: string; readonly samples: readonly ServiceSample[] }[]
    readonly senders: readonly (readonly Progress[])[]
    /** Absent in runs of older versions, and of a target. */
    readonly beside?: readonly BesideSample[]
  }
  readonly faults: readonly FaultMark[]
  /** Dead letters that were replayed; absent: none was planned, or none began. */
  readonly replays?: readonly ReplayMark[]
  readonly attacks: readonly AttackTally[]
  /** Senders of recorded events; absent: none was planned. */
  readonly resends?: readonly ResendRecord[]
  /** What was done to the stack all the time, to see what it costs; absent: nothing. */
  readonly intervention?: Intervention
  /** What stood in the stack on purpose, so that it was known what binds; absent: nothing. */
  readonly plant?: Plant
  /** Times that a process of the stack ended although nobody ended it. */
  readonly unplannedDeaths: number
  /** How each server that the run used was got, a line each. */
  readonly servers: readonly string[]
  /** The servers of queue and ledger, and whether each is known to be a process of this machine. Absent in runs of older versions. */
  readonly serverKinds?: readonly { readonly kind: string; readonly isHere: boolean }[]
  /** Absent where no event refers to a content of its provider's store. */
  readonly store?: StoreRecord
  /** Absent where no webhook is to be found in its provider's list. */
  readonly list?: ListRecord
  /** Everything that was accepted had an effect or a dead letter when it was last looked. */
  readonly drained: boolean
  /** Effects and dead letters are known until then, ms since the start. */
  readonly lookedUntilMs: number
  readonly interrupted: boolean
  readonly errors: readonly string[]
  readonly environment: Machine
  /** Absent in runs of older versions. */
  readonly machine?: MachineRecord
  readonly reproduce: string
}

export const journalPath = (folder: string, sender: number) => join(folder, `journal-${sender}.bin`)
export const effectsPath = (folder: string) => join(folder, 'effects.bin')
export const driftPath = (folder: string) => join(folder, 'drift.jsonl')
export const buriedPath = (folder: string) => join(folder, 'buried.jsonl')

export function writeRecord(folder: string, record: RunRecord): void {
  writePrivate(join(folder, 'run.json'), JSON.stringify(record))
}

/** Fields that had another form in older versions. */
const readable = z.object({ startedAtEpochMs: z.number(), faults: z.array(markSchema), settings: recordedSettings })

/** @throws FloodmarkError 'misuse' when the folder holds no run, or one that another version of floodmark wrote. */
export function readRecord(folder: string): RunRecord {
  let record: RunRecord
  try {
    record = JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8'))
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    const why = isMissing ? 'it has no run.json. Name one that npm run scenario made' : fileWords(cause)
    throw new FloodmarkError('misuse', `${folder} is not a run's folder: ${why}`, { cause })
  }
  if (readable.safeParse(record).success) return record
  throw new FloodmarkError('misuse', `${folder} was recorded by another version of floodmark: run its scenario again`)
}
