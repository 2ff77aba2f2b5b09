import { ownFile } from '../../core/base/kit/own-file.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { Plan } from '../plan/plan-run.ts'
import { type Child, startProcess } from '../processes/child.ts'
import type { AttackTally } from '../records/facts.ts'
import type { FaultMark } from '../records/marks.ts'
import type { AttackSetup, FromAttacker, ToAttacker } from './attack/attacker-messages.ts'
import type { Destination } from './sender/connection.ts'

/** Requests a second of one attack at most: more would measure the attacker. */
const PER_S_MAX = 5_000
const END_MS = 2_000

/** The process that attacks the run's own receivers, where the scenario says so. */
export class Attackers {
  readonly #interrupt: AbortSignal
  #child: Child<ToAttacker, FromAttacker> | undefined
  #tallies: Promise<readonly AttackTally[]> | undefined

  /** `interrupt`: every attack ends. */
  constructor(interrupt: AbortSignal) {
    this.#interrupt = interrupt
  }

  /** Resolves when it is ready. @throws FloodmarkError 'misuse' when an attack asks for too much. */
  async prepare(
    { settings, scenario, runId, durationMs, ratePerS, routes }: Plan,
    destinations: readonly Destination[],
  ) {
    const { attacks } = scenario
    if (!attacks) return
    for (const { kind, times } of attacks) {
      if (times * ratePerS <= PER_S_MAX) continue
      const what = `the ${kind} attack would send ${Math.round(times * ratePerS)} requests/s, more than ${PER_S_MAX}`
      throw new FloodmarkError('misuse', `${what}: lower --rate, or the attack's times`)
    }
    const child: Child<ToAttacker, FromAttacker> = startProcess(
      'attacker',
      ownFile('./attacker-process', import.meta.url),
    )
    this.#child = child
    const setup: AttackSetup = {
      ...{ kind: 'setup', runId, seed: settings.seed, attacks, durationMs, ratePerS, destinations },
      routes: routes.map(({ path, provider, signing: secret }) => ({ path, provider, secret })),
    }
    child.send(setup)
    await child.next('ready')
  }

  /** By the clock of the run. */
  begin(startAtMs: number): void {
    const child = this.#child
    if (!child) return
    this.#tallies = child.next('done').then(({ tallies }) => tallies)
    this.#tallies.catch(() => {})
    child.send({ kind: 'start', startAtMs })
    const stop = () => child.send({ kind: 'stop' })
    if (this.#interrupt.aborted) stop()
    else this.#interrupt.addEventListener('abort', stop, { once: true })
  }

  /** What each attack came to, when the last has ended. Empty without attacks. */
  async done(): Promise<readonly AttackTally[]> {
    return (await this.#tallies) ?? []
  }

  /** None is left afterwards. */
  async end(): Promise<void> {
    await this.#child?.end(END_MS)
  }
}

/** Marks for the report's time axis: one for attacks that came and went together. */
export function marksOf(tallies: readonly AttackTally[]): FaultMark[] {
  const second = (ms: number) => Math.round(ms / 1_000)
  const together = Map.groupBy(tallies, ({ fromMs, untilMs }) => `${second(fromMs)}-${second(untilMs)}`)
  return [...together.values()].map((some) => ({
    kind: 'attack',
    attacks: some.map(({ kind }) => kind),
    fromMs: Math.min(...some.map(({ fromMs }) => fromMs)),
    untilMs: Math.max(...some.map(({ untilMs }) => untilMs)),
  }))
}
