import os from 'node:os'
import { marksOf } from '../load/attackers.ts'
import type { Plan } from '../plan/plan-run.ts'
import { runAgain } from '../plan/run-again.ts'
import { recorded } from '../plan/settings.ts'
import type { BesideSample, Certificate, Progress, ServiceSample } from '../records/facts.ts'
import type { Intervention, Plant } from '../records/intervention.ts'
import { resendMarks } from '../records/resends.ts'
import type { RunRecord } from '../records/run-record.ts'
import { lookMsOf, runLimits } from '../testbed/run-limits.ts'
import type { Stack } from '../testbed/stack.ts'
import type { Site } from '../testbed/testbed.ts'
import type { DeadLetterReplays } from './dead-letter-replays.ts'
import type { Drained } from './drain.ts'
import type { FaultInjector } from './fault-injector.ts'
import { circuitMarks, driftMarks } from './marks.ts'

/** What a run knows when it is over. */
export interface Happened {
  readonly interrupted: boolean
  readonly site: Pick<Site, 'stack' | 'stores' | 'providerApi'>
  readonly faults: FaultInjector
  readonly replays: DeadLetterReplays
  readonly attacks: RunRecord['attacks']
  readonly resends: NonNullable<RunRecord['resends']>
  readonly durability: NonNullable<RunRecord['durability']>
  readonly machine: NonNullable<RunRecord['machine']>
  readonly senderSamples: Progress[][]
  readonly besideSamples: readonly BesideSample[]
  readonly serverKinds: NonNullable<RunRecord['serverKinds']>
  /** The start by the run's clock, and by the wall clock at that moment. */
  readonly startAtMs: number
  readonly startedAtEpochMs: number
  readonly certificates: readonly Certificate[]
  readonly drained: Drained
  readonly intervention?: Intervention | undefined
  readonly plant?: Plant | undefined
}

/** What run.json keeps of it. */
export function recordOf(plan: Plan, folder: string, happened: Happened): RunRecord {
  const { settings, ratePerS, rateChosen, durationMs, acceptP99Ms, runId } = plan
  const { site, faults, replays, attacks, resends, startAtMs, certificates, drained } = happened
  const { stack, stores, providerApi } = site
  const samples = samplesOf(stack, happened.senderSamples, startAtMs)
  const processes = stack.members.filter(({ role }) => role !== 'processor').length
  const { leaseMs } = runLimits(settings.quick)
  return {
    id: folder.split('/').at(-1)!,
    runId,
    startedAtEpochMs: happened.startedAtEpochMs,
    settings: recorded(settings),
    setup: { ratePerS, rateChosen, durationMs, acceptP99Ms, processes, leaseMs, lookMs: lookMsOf(leaseMs) },
    certificates,
    ...providerApi?.records,
    ...drained,
    interrupted: happened.interrupted,
    faults: [
      ...driftMarks(plan.scenario, durationMs),
      ...faults.marks,
      ...replays.marks,
      ...circuitMarks(samples.stack),
      ...marksOf(attacks),
      ...resendMarks(resends),
    ],
    durability: happened.durability,
    machine: happened.machine,
    samples: { ...samples, beside: happened.besideSamples },
    attacks,
    ...(resends.length > 0 && { resends }),
    ...(replays.done.length > 0 && { replays: replays.done }),
    ...(happened.intervention && { intervention: happened.intervention }),
    ...(happened.plant && { plant: happened.plant }),
    unplannedDeaths: stack.unplannedDeaths,
    servers: stores.says,
    serverKinds: happened.serverKinds,
    errors: [
      ...certificates.flatMap(({ journalFull }) => journalFull ?? []),
      ...stack.errors,
      ...faults.errors,
      ...replays.errors,
    ],
    environment: environmentNow(),
    reproduce: runAgain(settings),
  }
}

function samplesOf(
  stack: Stack,
  senders: Progress[][],
  startAtMs: number,
): Pick<RunRecord['samples'], 'stack' | 'senders'> {
  const inTime = ({ atMs }: ServiceSample) => atMs >= startAtMs
  const ofRun = (samples: readonly ServiceSample[]) => {
    // Duplicates that were absorbed in the warm-up do not belong to the run.
    const before = samples.findLast((sample) => !inTime(sample)) ?? { duplicates: 0, differing: 0 }
    return samples.filter(inTime).map((sample) => ({
      ...sample,
      atMs: sample.atMs - startAtMs,
      duplicates: sample.duplicates - before.duplicates,
      differing: sample.differing - before.differing,
    }))
  }
  return { stack: stack.members.map(({ name, samples }) => ({ name, samples: ofRun(samples) })), senders }
}

/** What this process runs on. */
export function environmentNow(): RunRecord['environment'] {
  return {
    node: process.version,
    platform: `${os.type()} ${os.release()} ${os.arch()}`,
    cpu: os.cpus()[0]?.model ?? 'unknown',
    cores: os.availableParallelism(),
    memoryBytes: os.totalmem(),
  }
}
