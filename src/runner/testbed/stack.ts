import { setTimeout as sleep } from 'node:timers/promises'
import { ownFile } from '../../core/base/kit/own-file.ts'
import type { AnyFault } from '../faults/planned-fault.ts'
import type { Undo } from '../faults/victim.ts'
import { type Child, startProcess } from '../processes/child.ts'
import type { ServiceSample } from '../records/facts.ts'
import type { FromService, Opened, ReplayOrder, ServiceSetup, ToService } from './service-messages.ts'

/** How long a process may take to stop by itself, ms; then it is killed, and the run says so. */
const STOP_MS = 15_000
/** A process that dies by itself is started again this often, as a supervisor would. */
const RESTARTS_MAX = 5
const RESTART_MS = 200
const ERRORS_MAX = 20

export interface StackOptions {
  readonly setup: Omit<ServiceSetup, 'kind' | 'port' | 'reconciles' | 'receiver' | 'ledger'> & {
    readonly receiver: string
    readonly ledger: NonNullable<ServiceSetup['ledger']>
  }
  /** Receiver processes, and processor processes; where queue or ledger are not shared there can be one of them only. */
  readonly processes: number
  readonly shared: { readonly queue: boolean; readonly ledger: boolean }
  onSample(sample: ServiceSample, process: string): void
}

type Ready = Extract<FromService, { kind: 'ready' }>
type Role = 'service' | 'receiver' | 'processor'

/** One process of the stack over all of its lives. */
export interface StackMember {
  readonly name: string
  readonly role: Role
  readonly setup: ServiceSetup
  port: number | undefined
  child: Child<ToService, FromService> | undefined
  /** Its last start. */
  ready: Promise<Ready> | undefined
  /** It died by itself, and is started again when this is over. */
  revival: NodeJS.Timeout | undefined
  /** Counts and CPU time include those of earlier lives, up to each one's last sample. */
  readonly samples: ServiceSample[]
  before: Pick<ServiceSample, (typeof SUMMED)[number]>
  /** What is on inside it, by number. A process that starts again meanwhile gets it again. */
  readonly faults: Map<number, AnyFault>
  /** Nobody is to start it again. */
  down: boolean
  deaths: number
}

const SUMMED = ['applied', 'buried', 'failed', 'duplicates', 'differing', 'cpuSeconds'] as const
const NOTHING = { applied: 0, buried: 0, failed: 0, duplicates: 0, differing: 0, cpuSeconds: 0 }

/** The processes under test: one that holds everything, or receivers and processors. */
export class Stack {
  readonly members: readonly StackMember[]
  /** Errors that the processes reported, the first kinds of them, and how often. */
  readonly #errors = new Map<string, number>()
  /** Times that a process ended although nobody ended it. */
  unplannedDeaths = 0
  #over = false
  /** So many faults were turned on inside processes. */
  #faults = 0
  readonly #onSample: (sample: ServiceSample, process: string) => void

  constructor({ setup, processes, shared, onSample }: StackOptions) {
    this.#onSample = onSample
    const member = (role: Role, at: number, count: number): StackMember => {
      const { receiver, ledger } = setup
      const part = {
        receiver: role === 'processor' ? undefined : receiver,
        ledger: role === 'receiver' ? undefined : ledger,
        reconciles: role !== 'processor' && at === 0,
      }
      const name = role === 'service' ? 'receiver + processor' : count === 1 ? role : `${role} ${at + 1}`
      const whole: ServiceSetup = { kind: 'setup', port: 0, ...setup, ...part }
      const fresh = { port: undefined, child: undefined, ready: undefined, revival: undefined, down: true, deaths: 0 }
      return { name, role, setup: whole, samples: [], before: NOTHING, faults: new Map(), ...fresh }
    }
    const several = (role: Role, count: number) => Array.from({ length: count }, (_, at) => member(role, at, count))
    this.members = shared.queue
      ? [...several('receiver', processes), ...several('processor', shared.ledger ? processes : 1)]
      : several('service', 1)
  }

  get errors(): string[] {
    return [...this.#errors].map(([error, count]) => (count === 1 ? error : `${error} (${count} times)`))
  }

  /** Of the processes that run now. */
  get pids(): number[] {
    return this.members.flatMap(({ down, child }) => (!down && child?.process.pid) || [])
  }

  /** Resolves when every process is ready. Processors first: they make what receivers may need. */
  async start(): Promise<{ readonly queue: Opened<'queue'>; readonly ledger: Opened<'ledger'> }> {
    let queue: Opened<'queue'> | undefined
    let ledger: Opened<'ledger'> | undefined
    for (const member of this.members.toReversed()) {
      const ready = await this.up(member)
      queue = ready.queue
      ledger ??= ready.ledger
    }
    return { queue: queue!, ledger: ledger! }
  }

  /** Starts a process (again), on the port that it had before. One that runs is left alone: it never runs twice. */
  up(member: StackMember): Promise<Ready> {
    clearTimeout(member.revival)
    if (!member.down) return member.ready!
    member.down = false
    member.ready = this.#start(member)
    return member.ready
  }

  async #start(member: StackMember): Promise<Ready> {
    const child = startProcess<ToService, FromService>('service', ownFile('./service-process', import.meta.url))
    member.child = child
    const last = member.samples.at(-1)
    if (last) member.before = last
    child.on((message) => this.#listen(member, message))
    child.process.once('exit', (code, signal) => {
      if (member.child === child && !member.down) this.#onDeath(member, signal ?? `code ${code}`)
    })
    child.send({ ...member.setup, port: member.port ?? 0 })
    const ready = await child.next('ready')
    member.port = ready.port
    for (const [id, fault] of member.faults) child.send({ kind: 'fault-on', id, fault })
    return ready
  }

  /** SIGKILL. */
  async kill(member: StackMember): Promise<void> {
    clearTimeout(member.revival)
    member.down = true
    member.child!.process.kill('SIGKILL')
    await member.child!.exited
  }

  /**
   * Tells it to stop, as a supervisor would by SIGTERM, and kills one that does not end. Not by the signal itself: that may
   * come from elsewhere as well, to all processes of a run at once.
   */
  async stop(member: StackMember): Promise<void> {
    clearTimeout(member.revival)
    if (member.down) return
    member.down = true
    const child = member.child!
    child.send({ kind: 'stop' })
    const patience = new AbortController()
    const late = sleep(STOP_MS, 'late' as const, { signal: patience.signal }).catch(() => 'ended' as const)
    if ((await Promise.race([child.exited, late])) === 'late') {
      this.#note(`${member.name} did not stop within ${STOP_MS} ms and was killed`)
      child.process.kill('SIGKILL')
      await child.exited
    }
    patience.abort()
  }

  /** Turns a fault on inside a process. Returns a function that turns it off again. */
  inject(member: StackMember, fault: AnyFault): Undo {
    const id = this.#faults++
    member.faults.set(id, fault)
    member.child!.send({ kind: 'fault-on', id, fault })
    return () => {
      member.faults.delete(id)
      member.child!.send({ kind: 'fault-off', id })
    }
  }

  /** The stack takes as many events as it can from now on, whatever capacity the run gave it. */
  liftCapacity(): void {
    for (const { down, child } of this.members) if (!down) child!.send({ kind: 'lift-capacity' })
  }

  /** Writes the ledger's effects and dead letters as they are now into the folder; times since `startAtMs`. */
  async export(folder: string, startAtMs: number): Promise<void> {
    const reader = await this.#reader()
    const exported = reader.next('exported')
    reader.send({ kind: 'export', folder, startAtMs })
    await exported
  }

  /** Lets one process that holds the ledger put dead letters back on the queue; what it came to. */
  async replay(order: ReplayOrder): Promise<Extract<FromService, { kind: 'replayed' }>> {
    const reader = await this.#reader()
    const replayed = reader.next('replayed')
    reader.send(order)
    return replayed
  }

  endReplay(): void {
    for (const { child, role, down } of this.members)
      if (role !== 'receiver' && !down) child!.send({ kind: 'end-replay' })
  }

  /** A process that holds the ledger. */
  async #reader() {
    const readers = this.members.filter(({ role }) => role !== 'receiver')
    const reader = readers.find(({ down }) => !down) ?? readers[0]!
    // It may be starting. One that has died too often to be started again must still say what it holds.
    await this.up(reader)
    return reader.child!
  }

  async stopAll(): Promise<void> {
    for (const role of ['receiver', 'service', 'processor']) {
      await Promise.all(this.members.filter((member) => member.role === role).map((member) => this.stop(member)))
    }
  }

  /** Whatever state they are in, none is left afterwards. */
  async end(): Promise<void> {
    this.#over = true
    for (const member of this.members) {
      clearTimeout(member.revival)
      member.down = true
      member.child?.process.kill('SIGKILL')
      await member.child?.exited
    }
  }

  #listen(member: StackMember, message: FromService): void {
    if (message.kind === 'error') this.#note(message.message)
    if (message.kind !== 'sample') return
    const sample = { ...message.sample }
    for (const name of SUMMED) sample[name] += member.before[name]
    member.samples.push(sample)
    this.#onSample(sample, member.name)
  }

  #onDeath(member: StackMember, how: string): void {
    member.down = true
    this.unplannedDeaths++
    this.#note(`${member.name} ended by itself (${how})`)
    if (member.port === undefined && member.role !== 'processor') return
    if (++member.deaths > RESTARTS_MAX) return
    // A run that has ended meanwhile must not leave a process behind.
    if (this.#over) return
    member.revival = setTimeout(() => {
      this.up(member).catch((error) => this.#note(`${member.name}: ${error.message}`))
    }, RESTART_MS)
  }

  #note(error: string): void {
    if (this.#errors.has(error) || this.#errors.size < ERRORS_MAX) {
      this.#errors.set(error, (this.#errors.get(error) ?? 0) + 1)
    }
  }
}
