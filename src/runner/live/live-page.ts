import { ownFile } from '../../core/base/kit/own-file.ts'
import { faultWords } from '../faults/index.ts'
import type { Plan } from '../plan/plan-run.ts'
import { type Child, startProcess } from '../processes/child.ts'
import { preciseNow } from '../processes/precise-now.ts'
import type { Progress, ServiceSample } from '../records/facts.ts'
import type { RunEvents } from '../records/run-events.ts'
import type { SettledEvents } from '../records/settled.ts'
import type { FromLive, LiveRun, LiveSample, ToLive } from './live-messages.ts'

const EVERY_MS = 500
/** A browser on a busy machine takes seconds to ask for the report. */
const HAND_OVER_MS = 20_000
const END_MS = 2_000

/**
 * A page that shows a run while it goes on. It is served by a process of its own, which is told twice a second; senders are
 * processes of their own too, so nothing of it runs beside one in a thread.
 */
export class LivePage {
  readonly #child: Child<ToLive, FromLive>
  readonly address: string

  private constructor(child: Child<ToLive, FromLive>, port: number) {
    this.#child = child
    this.address = `http://127.0.0.1:${port}/`
  }

  /** @throws FloodmarkError 'unavailable' where it cannot listen. */
  static async start(): Promise<LivePage> {
    const child = startProcess<ToLive, FromLive>('live page', ownFile('./live-process', import.meta.url))
    const { port } = await child.next('listening')
    return new LivePage(child, port)
  }

  /** Shows this run from now on, as it tells of itself. */
  show({ scenario, durationMs, settings }: Plan, stack: string): RunEvents {
    const fromMs = (at: number) => scenario.phases[at - 1]?.until ?? 0
    return this.#begin({
      title: `${scenario.name}: ${stack}`,
      durationMs,
      phases: scenario.phases.map(({ name, until }, at) => {
        return { name, fromMs: fromMs(at) * durationMs, untilMs: until * durationMs }
      }),
      acceptP99Ms: settings.acceptP99Ms ?? scenario.passes.acceptP99Ms,
      senders: settings.senders,
      bands: scenario.faults.map((fault) => {
        const beginsMs = fault.at * durationMs
        return { text: `${faultWords(fault)}: ${fault.strikes}`, fromMs: beginsMs, untilMs: beginsMs + fault.forMs }
      }),
    })
  }

  /** Shows trial after trial of a search from now on; each begins when its events are planned. */
  trials(
    stack: string,
    durationMs: number,
    { acceptP99Ms, senders }: Pick<LiveRun, 'acceptP99Ms' | 'senders'>,
  ): RunEvents {
    const phases = [{ name: 'even load', fromMs: 0, untilMs: durationMs }]
    const run = { title: `ceiling: ${stack}`, durationMs, phases, acceptP99Ms, senders, bands: [] }
    let events = this.#begin(run)
    return {
      phase: (name, detail) => {
        if (name === 'plan') events = this.#begin(run)
        events.phase(name, detail)
      },
      sample: (...told) => events.sample(...told),
      progress: (...told) => events.progress(...told),
      settled: (told) => events.settled?.(told),
    }
  }

  #begin(run: LiveRun): RunEvents {
    this.#child.send({ kind: 'begin', run })
    return this.#events()
  }

  #events(): RunEvents {
    const senders = new Map<number, Progress>()
    const stack = new StackCounts()
    let toldMs = Number.NEGATIVE_INFINITY
    const tell = () => {
      toldMs = performance.now()
      this.#child.send({ kind: 'sample', sample: { ...sent(senders), ...stack.now } })
    }
    const tellNowAndThen = () => {
      if (senders.size > 0 && performance.now() - toldMs >= EVERY_MS) tell()
    }
    return {
      phase: (name, detail) => {
        tell()
        this.#child.send({ kind: 'phase', name: detail ?? name })
      },
      sample: (told, process) => {
        stack.add(told, process)
        tellNowAndThen()
      },
      progress: (sender, progress) => {
        stack.beganMs ??= preciseNow() - progress.atMs
        senders.set(sender, progress)
        tellNowAndThen()
      },
      settled: (settled) => {
        stack.settled = settled
        tell()
      },
    }
  }

  /** What the trials of a search come to so far. */
  found(lines: readonly string[]): void {
    this.#child.send({ kind: 'found', lines: lines.filter((line) => line !== '') })
  }

  /** A run of several has ended. */
  note(text: string): void {
    this.#child.send({ kind: 'note', text })
  }

  /** Everybody who looks gets the report, from the address that they look at; then it is over. */
  async become(page: string): Promise<void> {
    this.#child.send({ kind: 'done', page })
    const over = new Promise<void>((resolve) => setTimeout(resolve, HAND_OVER_MS).unref())
    await Promise.race([this.#child.next('handed-over').catch(() => {}), over])
    await this.end()
  }

  end(): Promise<void> {
    return this.#child.end(END_MS)
  }
}

/** What all processes of a stack have done since the first event was sent, as far as they have told. */
class StackCounts {
  /** When sending began, by the clock of the run. */
  beganMs: number | undefined
  /** As the ledger has it, when the run has looked at it for the last time. */
  settled: SettledEvents | undefined
  readonly #told = new Map<string, ServiceSample[]>()

  add(told: ServiceSample, process: string): void {
    const own = this.#told.get(process) ?? []
    // Of those since sending began the last one will do.
    if (this.beganMs !== undefined && own.length > 0 && own.at(-1)!.atMs >= this.beganMs) own.pop()
    own.push(told)
    this.#told.set(process, own)
  }

  get now(): Pick<LiveSample, 'applied' | 'buried' | 'backlog'> {
    const all = [...this.#told.values()]
    const backlog = all.map((own) => own.at(-1)!.backlog).findLast((depth) => depth !== null) ?? null
    if (this.settled) return { ...this.settled, backlog }
    if (all.length === 0) return { applied: null, buried: null, backlog }
    const { beganMs = Number.POSITIVE_INFINITY } = this
    const since = (name: keyof SettledEvents) =>
      all.reduce((sum, own) => {
        // What took effect before was of the warm-up.
        const before = own.findLast(({ atMs }) => atMs < beganMs)
        return sum + own.at(-1)![name] - (before?.[name] ?? 0)
      }, 0)
    return { applied: since('applied'), buried: since('buried'), backlog }
  }
}

function sent(senders: ReadonlyMap<number, Progress>): Omit<LiveSample, 'applied' | 'buried' | 'backlog'> {
  const progress = [...senders.values()]
  const sum = (of: (one: Progress) => number) => progress.reduce((total, one) => total + of(one), 0)
  const worst = (of: (one: Progress) => number | undefined) => {
    const known = progress.flatMap((one) => of(one) ?? [])
    return known.length === 0 ? null : Math.max(...known)
  }
  return {
    atMs: Math.max(0, ...progress.map(({ atMs }) => atMs)),
    sent: sum((one) => one.sent),
    retries: sum((one) => one.retries),
    accepted: sum((one) => one.accepted),
    refused: sum((one) => one.refused),
    unanswered: sum((one) => one.unknown),
    unsent: sum((one) => one.unsent),
    p50Ms: worst(({ responseP50Ms }) => responseP50Ms),
    p99Ms: worst(({ responseP99Ms }) => responseP99Ms),
    firstP99Ms: worst(({ firstP99Ms }) => firstP99Ms),
  }
}
