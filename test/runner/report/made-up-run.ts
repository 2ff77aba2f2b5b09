import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { arrivals, type Load } from '../../../src/runner/plan/arrivals.ts'
import { isLostBySender } from '../../../src/runner/plan/identity.ts'
import { planOf } from '../../../src/runner/plan/plan-run.ts'
import { settingsOf } from '../../../src/runner/plan/settings.ts'
import { encodeEffect } from '../../../src/runner/records/effects-file.ts'
import type { DiskRecord } from '../../../src/runner/records/facts.ts'
import { emptyAttempt, openJournal } from '../../../src/runner/records/journal.ts'
import type { MachineRecord } from '../../../src/runner/records/machine.ts'
import { type PlannedEvents, readPlan, writePlan } from '../../../src/runner/records/plan-file.ts'
import { journalOf } from '../../../src/runner/records/resends.ts'
import { buriedPath, effectsPath, journalPath, type RunRecord } from '../../../src/runner/records/run-record.ts'
import scenario from '../../planted/scenario-everything.ts'
import { planted } from '../floodmark.ts'

const RUN_ID = 'a1b2c3d4e5'
const START_MS = 1_700_000_000_000
const SEED = 11
const DURATION_MS = 8_000
const PER_S = 300
const load: Load = { scenario, durationMs: DURATION_MS, ratePerS: PER_S, seed: SEED }
const certificate = {
  ...{ endedAtMs: DURATION_MS, connectionsOpenedMax: 3, connectionsMax: 64, gaveUp: false, cutOff: 0 },
  ...{ waiting: { events: 0, retries: 0 }, machineOut: { descriptors: 0, ports: 0 } },
  ...{ planned: 0, sent: 0, unsent: 0, retries: 0, unsentRetries: 0, cpuSeconds: 1 },
  ...{ latenessP50Ms: 0.1, latenessP99Ms: 1, latenessMaxMs: 2, eventLoopUtilization: 0.1 },
}
const machine: MachineRecord = {
  kit: { version: '0.1.0', commit: 'a1b2c3d4e5f6a7b8', dirty: false, packages: { lmdb: '3.4.0' } },
  limits: { cpuCores: 1.5, memoryBytes: 2 ** 31 },
  governors: ['performance'],
  cores: { sender: [0, 1], stack: [0, 1] },
  watchedCores: 2,
  samples: Array.from({ length: 8 }, (_, at) => ({
    ...{ atMs: (at + 1) * 1_000, wallDriftMs: 0.1, suspendedMs: 0, load: 1 },
    cpu: { busy: 1, own: 0.9, others: 0.1, stolen: 0 },
  })),
  pressure: { cpu: 0.2, io: 0.01, memory: 0 },
  throttledMs: 0,
  others: [{ name: 'cron', cores: 0.1 }],
}
const disk: DiskRecord = {
  ...({ medium: 'device', fileSystem: 'ext4', mountPoint: '/', source: '/dev/sda1' } as const),
  syncs: { count: 50, p50Ms: 0.12, p99Ms: 0.5 },
}
const during = { fromMs: 4_000, untilMs: 5_000 }
const letter = {
  source: 'stripe',
  type: 'invoice.paid',
  cause: 'permanent',
  reason: 'permanent: planned: poisoned',
  failures: 1,
}

/** Raw records as a run writes them, of which the report has every card and every check. No process, no load. */
export async function madeUpRun(): Promise<{ readonly folder: string; readonly record: RunRecord }> {
  const folder = mkdtempSync(join(tmpdir(), 'floodmark-made-up-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const { settings } = settingsOf(planted('scenario-everything'), { seed: SEED })
  await writePlan({ ...(await planOf(settings)), runId: RUN_ID, durationMs: DURATION_MS, ratePerS: PER_S }, folder)
  const counts = writeJournals(folder, readPlan(folder).events)
  const { events } = readPlan(folder)
  const { dueMs, digests } = events.at(3)
  const content = { ...digests, body: digests.body.toString('hex') }
  const times = { atMs: START_MS + 2_000, receivedAtMs: START_MS + dueMs }
  const lines = [{ seq: 3, id: `x-${RUN_ID}-3`, key: 'k1', ...letter, ...times, content }]
  writeFileSync(buriedPath(folder), lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  const open = {
    id: `${RUN_ID}-5`,
    key: 'k1',
    receivedAtMs: START_MS,
    headers: {},
    body: '',
    ...letter,
    atMs: START_MS,
  }
  const head = { floodmark: 'dlq-replay-1', route: { ledger: 'lmdb', queue: 'embedded', namespace: RUN_ID } }
  const replay = [head, { open, takenAtMs: START_MS }, { done: open.id }]
  writeFileSync(join(folder, 'dlq-replay-0.jsonl'), replay.map((line) => `${JSON.stringify(line)}\n`).join(''))
  return { folder, record: recordOf(counts) }
}

/** Everything is accepted at once, but for one in a hundred, which is on its second attempt; and takes effect 5 ms later. */
function writeJournals(folder: string, planned: PlannedEvents): { readonly sent: number; readonly retries: number } {
  const journal = openJournal(journalPath(folder, 0))
  const again = openJournal(journalOf(folder, 0))
  const effects: Buffer[] = []
  let sent = 0
  let retries = 0
  for (const { seq, intendedMs, provider, key } of arrivals(load)) {
    const due = { ...emptyAttempt(), seq, provider, key, intendedMs, sentMs: intendedMs, doneMs: intendedMs + 1 }
    const accepted = { ...due, outcome: 'accepted', status: 200, bodyBytes: 900 } as const
    if (isLostBySender(SEED, seq, scenario)) journal.write({ ...due, outcome: 'unsent', cause: 'lost-by-sender' })
    else {
      sent++
      if (seq % 100 === 99) {
        retries++
        journal.write({ ...accepted, outcome: 'refused', status: 503 })
      }
      journal.write({ ...accepted, attempt: seq % 100 === 99 ? 2 : 1 })
      if (seq < 50) again.write(accepted)
    }
    const times = { atMs: intendedMs + 6, receivedMs: intendedMs }
    const lane = Buffer.alloc(4)
    lane.writeUInt32LE(key, 0)
    const { digests: content } = planned.at(seq)
    if (seq !== 3) effects.push(Buffer.concat([lane, encodeEffect({ seq, ...times, content })]))
  }
  journal.close()
  again.close()
  effects.sort((a, b) => a.readUInt32LE(0) - b.readUInt32LE(0))
  writeFileSync(effectsPath(folder), Buffer.concat(effects))
  return { sent, retries }
}

function recordOf(counts: ReturnType<typeof writeJournals>): RunRecord {
  const samples = Array.from({ length: 17 }, (_, at) => ({
    ...{ atMs: at * 500, applied: 0, buried: 0, failed: 0, duplicates: 0, differing: 0, circuitsOpened: 0 },
    ...{ circuitsOpen: 0, backlog: 0, cpuSeconds: at / 10, rssBytes: 2 ** 26 + at, eventLoopUtilization: 0.1 },
    refused: { busy: at },
    asked: { bytes: at * 2_000, calls: { Produce: { calls: at, bytes: at * 900 } } },
  }))
  const beside = samples.map(({ atMs }) => ({
    ...{ atMs, serverCpuMs: atMs / 20, diskBytes: atMs, flushes: atMs / 100 },
    ...{ calls: { XADD: { calls: atMs / 10, bytes: null } }, logBytes: atMs * 3 },
  }))
  return {
    ...{ id: 'everything', runId: RUN_ID, startedAtEpochMs: START_MS },
    settings: settingsOf('everything', { quick: true, seed: SEED, connectionsMax: 64, inFlightMax: 100 }).settings,
    setup: {
      ...{ ratePerS: PER_S, rateChosen: 'made up', durationMs: DURATION_MS },
      acceptP99Ms: 250,
      processes: 1,
      leaseMs: 4_000,
      lookMs: 7_000,
    },
    durability: {
      queue: {
        server: 'a log',
        survives: ['receiver-crash', 'power-loss'],
        order: 'key',
        shared: false,
        disks: [disk],
      },
      ledger: { server: 'LMDB', survives: ['receiver-crash'], shared: false },
    },
    certificates: [{ ...certificate, planned: counts.sent, ...counts }],
    samples: { stack: [{ name: 'receiver + processor', samples }], senders: [[]], beside },
    faults: [
      { kind: 'poison', fault: scenario.faults[0]!, victim: 'receiver + processor', fromMs: 1_600, untilMs: 3_600 },
    ],
    replays: [{ ratePerS: 100, ...during, replayed: 1, heldBack: 0 }],
    attacks: [
      {
        ...{ kind: 'forged', times: 1, ...during, planned: 300, sent: 300, statuses: { 401: 300 }, closed: 0 },
        ...{ unanswered: 0, held: 0, heldMaxMs: 0, leftOut: ['github: stale requests'] },
      },
    ],
    resends: [{ fromMs: 4_000, certificate: { ...certificate, sent: 50, endedAtMs: 5_000 } }],
    ...{
      unplannedDeaths: 0,
      servers: ['redis: started here'],
      serverKinds: [
        { kind: 'redis', isHere: true },
        { kind: 'kafka', isHere: false },
      ],
      errors: ['made up'],
      lookedUntilMs: DURATION_MS + 9_000,
      drained: true,
    },
    store: { fetches: 2, unavailable: 1, bytes: 1_000, served: 1 },
    told: { from: 'effects.txt', lines: 2_400, foreign: 3, unreadable: 0 },
    list: { requests: 9, unavailable: 1, listed: 99 },
    interrupted: false,
    environment: { node: 'v26', platform: 'Linux', cpu: 'a cpu', cores: 2, memoryBytes: 2 ** 34 },
    machine,
    reproduce: 'npm run scenario everything',
  }
}
