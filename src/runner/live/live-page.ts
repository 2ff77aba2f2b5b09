import { ownFile } from '../../core/base/kit/own-file.ts'
import { faultWords } from '../faults/index.ts'
import type { Plan } from '../plan/plan-run.ts'
import { type Child, startProcess } from '../processes/child.ts'
import type { Progress, ServiceSample } from '../records/facts.ts'
import type { RunEvents } from '../records/run-events.ts'
import type { FromLive, LiveRun, LiveSample, ToLive } from './live-messages.ts'

const EVERY_MS = 500
const HAND_OVER_MS = 5_000
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
      bands: scenario.faults.map((fault) => {
        const beginsMs = fault.at * durationMs
        return { text: `${faultWords(fault)}: ${fault.target}`, fromMs: beginsMs, untilMs: beginsMs + fault.forMs }
      }),
    })
  }

  /** Shows trial after trial of a search from now on; each begins when its events are planned. */
  trials(stack: string, durationMs: number, acceptP99Ms: number): RunEvents {
    const run = { title: `ceiling: ${stack}`, durationMs, phases: [], acceptP99Ms, bands: [] }
    let events = this.#begin(run)
    return {
      phase: (name, detail) => {
        if (name === 'plan') events = this.#begin(run)
        events.phase(name, detail)
      },
      sample: (...told) => events.sample(...told),
      progress: (...told) => events.progress(...told),
    }
  }

  #begin(run: LiveRun): RunEvents {
    this.#child.send({ kind: 'begin', run })
    return this.#events()
  }

  #events(): RunEvents {
    const senders = new Map<number, Progress>()
    const stack = new Map<string, ServiceSample>()
    let toldMs = Number.NEGATIVE_INFINITY
    /** What took effect before the first event was sent was of the warm-up. */
    let before: SoFar | undefined
    const sample = () => sampleOf(senders, stack, before ?? settledIn(stack))
    return {
      phase: (name, detail) => {
        this.#child.send({ kind: 'sample', sample: sample() })
        this.#child.send({ kind: 'phase', name: detail ?? name })
      },
      sample: (told, process) => void stack.set(process, told),
      progress: (sender, progress) => {
        before ??= settledIn(stack)
        senders.set(sender, progress)
        if (performance.now() - toldMs < EVERY_MS) return
        toldMs = performance.now()
        this.#child.send({ kind: 'sample', sample: sample() })
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

type SoFar = Pick<LiveSample, 'applied' | 'buried'>

function settledIn(stack: ReadonlyMap<string, ServiceSample>): SoFar {
  const all = [...stack.values()]
  return {
    applied: all.reduce((total, { applied }) => total + applied, 0),
    buried: all.reduce((total, { buried }) => total + buried, 0),
  }
}

function sampleOf(
  senders: ReadonlyMap<number, Progress>,
  stack: ReadonlyMap<string, ServiceSample>,
  before: SoFar,
): LiveSample {
  const progress = [...senders.values()]
  const sum = (of: (one: Progress) => number) => progress.reduce((total, one) => total + of(one), 0)
  const worst = (of: (one: Progress) => number | undefined) => {
    const known = progress.flatMap((one) => of(one) ?? [])
    return known.length === 0 ? null : Math.max(...known)
  }
  const services = [...stack.values()]
  const settled = settledIn(stack)
  return {
    atMs: Math.max(0, ...progress.map(({ atMs }) => atMs)),
    sent: sum((one) => one.sent),
    retries: sum((one) => one.retries),
    accepted: sum((one) => one.accepted),
    refused: sum((one) => one.refused),
    unanswered: sum((one) => one.unknown),
    unsent: sum((one) => one.unsent),
    applied: settled.applied - before.applied,
    buried: settled.buried - before.buried,
    backlog: services.findLast(({ backlog }) => backlog !== null)?.backlog ?? null,
    p50Ms: worst(({ responseP50Ms }) => responseP50Ms),
    p99Ms: worst(({ responseP99Ms }) => responseP99Ms),
  }
}
