import { join } from 'node:path'
import { systemClock } from '../../core/clock.ts'
import { FloodmarkError, messageOf } from '../../core/errors.ts'
import type { Ledger } from '../../core/ledger.ts'
import type { Queue } from '../../core/queue.ts'
import { seeded } from '../../core/random.ts'
import type { Scenario } from '../../core/scenario.ts'
import { type Service, startService } from '../../core/service.ts'
import { runEffect } from '../effect.ts'
import { exportEffects } from '../effects-file.ts'
import type { FromService, ServiceSetup, ToService } from './protocol.ts'

/** A process that is the stack under test: forked by the runner, told what to open over IPC. */

const SAMPLE_MS = 500
let service: Service
let queue: Queue
let ledger: Ledger
let runId: string

process.on('SIGINT', () => {})
process.on('disconnect', () => process.exit(1))
process.on('message', (message: ToService) => {
  perform(message).catch((error) => {
    const code = error instanceof FloodmarkError ? error.code : 'unavailable'
    say({ kind: 'failed', code, message: messageOf(error) })
  })
})

async function perform(message: ToService): Promise<void> {
  if (message.kind === 'setup') return start(message)
  if (message.kind === 'export') {
    const paths = { effects: join(message.folder, 'effects.bin'), buried: join(message.folder, 'buried.jsonl') }
    await exportEffects(ledger, runId, paths)
    return say({ kind: 'exported' })
  }
  await service.stop()
  say({ kind: 'stopped' })
}

async function start(setup: ServiceSetup): Promise<void> {
  runId = setup.runId
  const scenario: Scenario = (await import(setup.scenario)).default
  const namespace = setup.runId
  queue = await (await import(setup.queue)).default.open({ url: join(setup.dataFolder, 'queue'), namespace })
  ledger = await (await import(setup.ledger)).default.open({ url: join(setup.dataFolder, 'ledger'), namespace })
  const routes = await Promise.all(
    setup.routes.map(async ({ path, source, provider, secret }) => {
      const loaded = (await import(provider)).default
      return { path, source, provider: loaded, secrets: [loaded.secret(secret)] }
    }),
  )
  service = await startService({
    receiver: (await import(setup.receiver)).default,
    queue,
    ledger,
    routes,
    effect: runEffect({ runId, seed: setup.seed, effects: scenario.effects }),
    clock: systemClock,
    random: seeded(setup.seed),
    limits: { port: setup.port },
    onError: (error) => say({ kind: 'error', message: messageOf(error) }),
  })
  const { server, survives, order } = queue.traits
  const durability = { queue: { server, survives, order }, ledger: pick(ledger) }
  say({ kind: 'ready', port: service.port, durability })
  setInterval(() => sample().catch(() => {}), SAMPLE_MS).unref()
}

function pick({ traits: { server, survives } }: Ledger) {
  return { server, survives }
}

let busyLast = performance.eventLoopUtilization()

async function sample(): Promise<void> {
  const busy = performance.eventLoopUtilization()
  const { user, system } = process.cpuUsage()
  const { applied, buried, failed, duplicates } = service.counts
  const depth = await queue.depth().catch(() => undefined)
  const eventLoopUtilization = performance.eventLoopUtilization(busy, busyLast).utilization
  busyLast = busy
  const backlog = depth ? depth.waiting + depth.inFlight : null
  const counts = { applied, buried, failed, duplicates, backlog }
  const cost = { cpuSeconds: (user + system) / 1e6, rssBytes: process.memoryUsage.rss(), eventLoopUtilization }
  say({ kind: 'sample', sample: { atEpochMs: Date.now(), ...counts, ...cost } })
}

function say(message: FromService): void {
  if (process.connected) process.send?.(message)
}
