import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'
import { obeyRunner } from '../processes/obey-runner.ts'
import type { AttackTally } from '../records/facts.ts'
import type { SendingRoute } from '../scenario/sending-route.ts'
import { sendingRoute } from '../scenario/sending-route.ts'
import { carryOut } from './attack/attack.ts'
import type { AttackSetup, FromAttacker, ToAttacker } from './attack/attacker-messages.ts'
import { shooterOf } from './attack/shooters.ts'

/** A process that sends what must be refused, to the run's own receivers: forked by the runner, told what to do over IPC. */

const stop = new AbortController()
let setup: AttackSetup
let routes: SendingRoute[]

obeyRunner()
process.on('message', (message: ToAttacker) => {
  if (message.kind === 'stop') return stop.abort()
  const work = message.kind === 'setup' ? prepare(message) : attack(message.startAtMs)
  work.catch((error) => {
    const code = error instanceof FloodmarkError ? error.code : 'unavailable'
    say({ kind: 'failed', code, message: messageOf(error) })
  })
})

async function prepare(message: AttackSetup): Promise<void> {
  setup = message
  routes = await Promise.all(setup.routes.map(sendingRoute))
  say({ kind: 'ready' })
}

async function attack(startAtMs: number): Promise<void> {
  const { attacks, durationMs, ratePerS } = setup
  const tallies = attacks.map(async (one): Promise<AttackTally> => {
    const { shoot, leftOut, close } = shooterOf(one, { ...setup, routes })
    const fromMs = one.at * durationMs
    const untilMs = Math.min(durationMs, fromMs + one.forMs)
    const perS = shoot ? one.times * ratePerS : 0
    const never = () => ({ cancel: () => {} })
    const common = { attack: one, perS, startAtMs, fromMs, untilMs, leftOut, signal: stop.signal }
    const tally = await carryOut({ ...common, shoot: shoot ?? never })
    close()
    return tally
  })
  say({ kind: 'done', tallies: await Promise.all(tallies) })
}

function say(message: FromAttacker): void {
  if (process.connected) process.send?.(message)
}
