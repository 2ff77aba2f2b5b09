import { FloodmarkError } from '../core/errors.ts'
import type { FaultTarget, PlannedFault } from '../core/scenario.ts'
import type { Member, Stack } from './stack.ts'

/** What can be done to anything that faults strike. */
export interface Victim {
  readonly name: string
  kill(): Promise<void>
  /** Asks it to end by itself, and waits for that. */
  stop(): Promise<void>
  start(): Promise<unknown>
  pause(): void
  resume(): void
}

/** A fault as it took place, for the report's time axis. */
export interface FaultMark {
  readonly what: string
  readonly fromMs: number
  /** null: it was still on when sending ended. */
  readonly untilMs: number | null
}

/** Strikes and mends, by fault kind. The mend is run at the end of the fault, and at the end of the run whatever happens. */
const KINDS: Record<PlannedFault['what'], (victim: Victim) => Promise<() => Promise<unknown>>> = {
  async kill(victim) {
    await victim.kill()
    return () => victim.start()
  },
  async restart(victim) {
    await victim.stop()
    return () => victim.start()
  },
  async pause(victim) {
    victim.pause()
    return async () => victim.resume()
  },
}

export class Faults {
  readonly marks: FaultMark[] = []
  readonly errors: string[] = []
  readonly #timers: NodeJS.Timeout[] = []
  readonly #running = new Set<Promise<void>>()
  readonly #endNow = new AbortController()

  /** Plans every fault of a run that begins at `startAtMs` (ms since the Unix epoch). */
  schedule(
    faults: readonly PlannedFault[],
    durationMs: number,
    startAtMs: number,
    victimsOf: (target: FaultTarget) => readonly Victim[],
  ): void {
    const sinceStart = () => Date.now() - startAtMs
    for (const fault of faults) {
      const victims = victimsOf(fault.target)
      const delayMs = Math.max(0, fault.at * durationMs - sinceStart())
      const timer = setTimeout(() => {
        const running = Promise.all(victims.map((victim) => this.#strike(fault, victim, sinceStart))).then(() => {
          this.#running.delete(running)
        })
        this.#running.add(running)
      }, delayMs)
      this.#timers.push(timer)
    }
  }

  async #strike(fault: PlannedFault, victim: Victim, sinceStart: () => number): Promise<void> {
    const name = `${fault.what} ${victim.name}`
    const fromMs = sinceStart()
    try {
      const mend = await KINDS[fault.what](victim)
      await this.#wait(fault.forMs)
      await mend()
    } catch (error) {
      this.errors.push(`${name}: ${(error as Error).message}`)
    }
    this.marks.push({ what: name, fromMs, untilMs: sinceStart() })
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#endNow.signal.addEventListener('abort', () => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  /** No new fault begins; those under way are mended. `now`: at once. */
  async end(now: boolean): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer)
    if (now) this.#endNow.abort()
    await Promise.all(this.#running)
  }
}

/** What a run's faults can strike. */
export interface Struck {
  readonly stack: Stack
  /** undefined: the run's queue or ledger has no server, or one that the run did not start. */
  readonly servers: {
    readonly queue: Victim | undefined
    readonly ledger: Victim | undefined
    readonly queueUrl: string | undefined
    readonly ledgerUrl: string | undefined
  }
}

/** Whom a target means in this run. @throws FloodmarkError 'misuse' where it is a server that is not the run's to strike. */
export function victimsOf({ stack, servers }: Struck): (target: FaultTarget) => readonly Victim[] {
  const asVictim = (member: Member): Victim => ({
    name: member.name,
    kill: () => stack.kill(member),
    stop: () => stack.stop(member),
    start: () => stack.up(member),
    pause: () => void member.child!.process.kill('SIGSTOP'),
    resume: () => void member.child!.process.kill('SIGCONT'),
  })
  const members = (role: 'receiver' | 'processor') =>
    stack.members.filter((member) => member.role === role || member.role === 'service').map(asVictim)
  const serverOr = (server: Victim | undefined, url: string | undefined): readonly Victim[] => {
    if (server) return [server]
    // A queue or a ledger without a server lives in the processor's process: its fate is that process's.
    if (url === undefined) return members('processor')
    throw new FloodmarkError(
      'misuse',
      `this scenario strikes the server at ${url}, which this run did not start: leave the url out, and the run starts its own`,
    )
  }
  return (target) => {
    if (target === 'stack') return stack.members.map(asVictim)
    if (target === 'receivers') return members('receiver')
    if (target === 'processors') return members('processor')
    return target === 'queue-server'
      ? serverOr(servers.queue, servers.queueUrl)
      : serverOr(servers.ledger, servers.ledgerUrl)
  }
}
