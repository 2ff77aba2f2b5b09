import { setTimeout as wait } from 'node:timers/promises'
import { backoffMs } from '../../core/base/backoff.ts'
import { ownFile } from '../../core/base/kit/own-file.ts'
import { systemClock } from '../../core/contracts/clock.ts'
import type { FloodmarkError } from '../../core/contracts/errors.ts'
import { type Child, startProcess } from '../../runner/processes/child.ts'
import type { ListenConfig } from '../config/config.ts'
import { Door } from './door.ts'
import { GrantedRates } from './grants.ts'
import type { FromMember, ServiceRole, ToMember } from './messages.ts'
import { Questions } from './questions.ts'

/** A process that died is started again after about so long, twice as long with each further death, ms. */
const RESTART = { baseMs: 250, capMs: 5_000 }
/** One that has worked for so long has begun anew: its next death is its first. */
const WELL_MS = 10_000
/** A process that has not finished its work so long after it was told to stop is killed, ms. */
const STOP_MS = 30_000
const HELD_MS = 5_000

export interface SupervisorOptions {
  readonly role: ServiceRole
  /** The path of the config. */
  readonly config: string
  readonly processes: number
  /** Absent: nothing is received. */
  readonly listen: Required<Pick<ListenConfig, 'host' | 'port'>> | undefined
  readonly noticeMs: number
  /** Effects of a run's events are told, see told.ts. */
  readonly tellsEffects: boolean
  say(line: string): void
}

interface ServiceMember {
  readonly child: Child<ToMember, FromMember>
  readonly number: number
  readyAtMs: number
  /** It was told to stop, or another is about to take its place: its end is no death. */
  isStopping: boolean
}

/** A service's processes, each started again when it dies. It holds the port, and none of their work. */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #door: Door | undefined
  readonly #members = new Map<number, ServiceMember>()
  readonly #stopping = new AbortController()
  readonly #starting = new Set<Promise<unknown>>()
  readonly #rates: GrantedRates
  readonly questions = new Questions(() => [...this.#members.values()].map(({ child }) => child))
  #restarting: Promise<void> | undefined

  private constructor(options: SupervisorOptions, door: Door | undefined) {
    this.#options = options
    this.#door = door
    this.#rates = new GrantedRates(options.processes, systemClock)
  }

  /** Resolves when every process is ready. @throws FloodmarkError as the first of them that could not start. */
  static async start(options: SupervisorOptions): Promise<Supervisor> {
    const door = options.listen && (await Door.open(options.listen, options.say))
    const supervisor = new Supervisor(options, door)
    try {
      const abouts = await Promise.all(
        Array.from({ length: options.processes }, (_, number) => supervisor.#startFirst(number)),
      )
      for (const line of abouts[0]!) options.say(line)
    } catch (error) {
      supervisor.#stopping.abort()
      door?.close()
      await supervisor.#endAll()
      throw error
    }
    return supervisor
  }

  get port(): number | undefined {
    return this.#door?.port
  }

  get pids(): readonly number[] {
    return [...this.#members.values()].map(({ child }) => child.process.pid!)
  }

  /** Every process reads its secrets again. */
  reload(): void {
    for (const { child } of this.#members.values()) child.send({ kind: 'reload' })
  }

  /** One process after the other is started anew, with the config and the code as they are now. Nothing is refused meanwhile. */
  restart(): Promise<void> {
    this.#restarting ??= this.#restartAll().finally(() => {
      this.#restarting = undefined
    })
    return this.#restarting
  }

  /** /readyz says 503 for a while; then nothing more is accepted, what is in progress is finished, and all processes end. */
  async stop(): Promise<void> {
    const { noticeMs } = this.#options
    this.#stopping.abort()
    await this.#restarting
    if (this.#door) {
      for (const { child } of this.#members.values()) child.send({ kind: 'leave' })
      await wait(noticeMs)
    }
    this.#door?.close()
    // One that has not said that it is ready may have events in hand already.
    await Promise.allSettled(this.#starting)
    await this.#endAll()
  }

  /** As #start. What belongs to one process may still be held by one whose service was killed: it is waited for. */
  async #startFirst(number: number): Promise<readonly string[]> {
    const endMs = performance.now() + HELD_MS
    for (;;) {
      try {
        return await this.#start(number)
      } catch (error) {
        const mayPass = this.#options.role === 'node' && (error as FloodmarkError).code === 'unavailable'
        if (!mayPass || performance.now() > endMs || this.#stopping.signal.aborted) throw error
        await wait(RESTART.baseMs)
      }
    }
  }

  /** Resolves to what the process says of its queue and ledger. */
  #start(number: number): Promise<readonly string[]> {
    const starting = this.#startOne(number).finally(() => this.#starting.delete(starting))
    this.#starting.add(starting)
    return starting
  }

  async #startOne(number: number): Promise<readonly string[]> {
    const { role, config, processes, tellsEffects } = this.#options
    const descriptors = this.#door ? [this.#door.fd] : []
    const file = ownFile('./member', import.meta.url)
    const child = startProcess<ToMember, FromMember>(role, file, [], descriptors)
    const member: ServiceMember = { child, number, readyAtMs: Number.POSITIVE_INFINITY, isStopping: false }
    const ready = child.next('ready')
    child.on((message) => {
      this.questions.heard(message)
      if (message.kind !== 'ask-grant') return
      child.send({ kind: 'granted', number: message.number, grant: this.#rates.take(message) })
    })
    child.send({ kind: 'setup', role, config, processes, tellsEffects })
    try {
      const { about } = await ready
      member.readyAtMs = performance.now()
      this.#members.set(number, member)
      void child.exited.then(() => this.#ended(member))
      return about
    } catch (error) {
      await child.end(STOP_MS)
      throw error
    }
  }

  #ended(member: ServiceMember): void {
    const { child, number, isStopping, readyAtMs } = member
    if (this.#members.get(number) === member) this.#members.delete(number)
    if (isStopping || this.#stopping.signal.aborted) return
    const { exitCode, signalCode, pid } = child.process
    this.#options.say(`process ${pid} has ended (${signalCode ?? `code ${exitCode}`}), and another is started`)
    void this.#startAgain(number, performance.now() - readyAtMs > WELL_MS ? 0 : this.#deaths(number))
  }

  readonly #deathsOf = new Map<number, number>()
  #deaths(number: number): number {
    const deaths = (this.#deathsOf.get(number) ?? 0) + 1
    this.#deathsOf.set(number, deaths)
    return deaths
  }

  async #startAgain(number: number, deaths: number): Promise<void> {
    if (deaths === 0) this.#deathsOf.delete(number)
    for (let failures = Math.max(1, deaths); ; failures++) {
      await wait(backoffMs(failures, RESTART, Math.random))
      if (this.#stopping.signal.aborted) return
      try {
        await this.#start(number)
        this.#options.say(`process ${this.#members.get(number)?.child.process.pid} has taken its place`)
        return
      } catch (error) {
        this.#options.say(`a process could not be started: ${(error as Error).message}`)
      }
    }
  }

  async #restartAll(): Promise<void> {
    const { role, say } = this.#options
    // A process that holds its queue alone must have let go of it before another can open it. Connections wait in the kernel meanwhile.
    const overlaps = role !== 'node'
    for (const member of [...this.#members.values()]) {
      if (this.#stopping.signal.aborted) return
      // One that has died meanwhile is started again already, and so anew.
      if (this.#members.get(member.number) !== member) continue
      // From here on its end is no death: else two would take its place, and only one of them would be known.
      member.isStopping = true
      try {
        if (!overlaps) await this.#end(member)
        await this.#start(member.number)
        if (overlaps) await this.#end(member)
      } catch (error) {
        const goesOn = this.#members.get(member.number) === member
        const what = `a process could not be started anew: ${(error as Error).message}`
        say(goesOn ? `${what}. The one before it goes on` : what)
        if (goesOn) member.isStopping = false
        else await this.#startAgain(member.number, 1)
      }
    }
    say('every process has been started anew')
  }

  async #endAll(): Promise<void> {
    await Promise.all([...this.#members.values()].map((member) => this.#end(member)))
  }

  async #end(member: ServiceMember): Promise<void> {
    const { child } = member
    member.isStopping = true
    child.send({ kind: 'stop' })
    const killing = setTimeout(() => child.process.kill('SIGKILL'), STOP_MS)
    await child.exited
    clearTimeout(killing)
  }
}
