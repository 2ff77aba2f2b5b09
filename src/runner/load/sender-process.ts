import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'
import type { Load } from '../plan/arrivals.ts'
import { isRecorded } from '../plan/identity.ts'
import { plannedScenario } from '../plan/planned-scenario.ts'
import { obeyRunner } from '../processes/obey-runner.ts'
import { openJournal } from '../records/journal.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { sendingRoute } from '../scenario/sending-route.ts'
import type { Due } from './sender/agenda.ts'
import { openLoop } from './sender/open-loop.ts'
import { RECORDED_AGE_MS, ResendAgenda, type ResendPlan } from './sender/resends.ts'
import type { FromSender, SenderSetup, ToSender } from './sender/sender-messages.ts'

/** A process that does nothing but send: forked by the runner, told what to do over IPC. */

const stop = new AbortController()
let setup: SenderSetup

obeyRunner()
process.on('message', (message: ToSender) => {
  if (message.kind === 'stop') return stop.abort()
  const work = message.kind === 'setup' ? prepare(message) : send(message.startAtMs)
  work.catch((error) => {
    const code = error instanceof FloodmarkError ? error.code : 'unavailable'
    say({ kind: 'failed', code, message: messageOf(error) })
  })
})

let routes: Parameters<typeof openLoop>[0]['routes']
let scenario: Scenario

async function prepare(message: SenderSetup): Promise<void> {
  setup = message
  const own = plannedScenario((await import(setup.scenario)).default, setup)
  scenario = setup.warmUp ? { ...own, copiesMax: 1 } : own
  routes = await Promise.all(setup.routes.map(sendingRoute))
  say({ kind: 'ready' })
}

async function send(startAtMs: number): Promise<void> {
  const { runId, seed, durationMs, ratePerS, senders, destinations, settings, latenessMaxMs } = setup
  const journal = openJournal(setup.journalPath)
  const load = { scenario, durationMs, ratePerS, seed }
  const onProgress = (progress: Parameters<Parameters<typeof openLoop>[0]['onProgress']>[0]) => {
    say({ kind: 'progress', progress })
  }
  const { retries, balancer } = scenario
  const common = {
    load,
    retries,
    balancer,
    runId,
    senders,
    destinations,
    routes,
    connectionsMax: settings.connectionsMax,
    journal,
    latenessMaxMs,
    startAtMs,
  }
  const again = setup.resend && resending(load, setup.resend)
  const certificate = await openLoop({ ...common, ...again, signal: stop.signal, onProgress })
  journal.close()
  say({ kind: 'done', certificate })
}

function resending(load: Load, plan: ResendPlan) {
  const signedAtMs = ({ seq }: Readonly<Due>) => Date.now() - (isRecorded(load.seed, seq) ? RECORDED_AGE_MS : 0)
  return { agenda: new ResendAgenda(load, plan), signedAtMs }
}

function say(message: FromSender): void {
  process.send?.(message)
}
