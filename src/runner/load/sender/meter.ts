import type { Cause, Outcome } from '../../plan/outcome.ts'
import { ownMemoryBytes } from '../../processes/own-memory.ts'
import { preciseNow } from '../../processes/precise-now.ts'
import type { Certificate, Counts, Progress } from '../../records/facts.ts'
import { latencyHistogram, percentileMs, record } from '../../records/histogram.ts'
import { Flow } from '../../records/meters/flow.ts'

/** What a sender knows of itself, and of the answers of the last interval. */
export class Meter {
  readonly counts: Counts = {
    planned: 0,
    sent: 0,
    retries: 0,
    unsentRetries: 0,
    accepted: 0,
    refused: 0,
    unknown: 0,
    unsent: 0,
  }
  readonly #lateness = latencyHistogram()
  readonly #interval = latencyHistogram()
  readonly #first = latencyHistogram()
  readonly #attempts = new Flow(preciseNow)
  #busyAtStart = performance.eventLoopUtilization()
  #busyLast = this.#busyAtStart
  #busy = 0
  readonly #waiting = { events: 0, retries: 0 }
  readonly #machineOut = { descriptors: 0, ports: 0 }

  /** The lead-in is idle time and would dilute the busy share. */
  startSending(): void {
    this.#busyAtStart = performance.eventLoopUtilization()
  }

  /** The share of busy time is taken here: waiting for the last answers would dilute it. */
  endSending(): void {
    this.#busy = performance.eventLoopUtilization(this.#busyAtStart).utilization
  }

  late(ms: number): void {
    record(this.#lateness, ms)
  }

  /** An attempt that is not sent, since every connection waits for an answer. */
  noConnection(first: boolean): void {
    this.counts[first ? 'unsent' : 'unsentRetries']++
    this.#waiting[first ? 'events' : 'retries']++
  }

  /** An attempt is sent. Gives the moment, by the clock of the run. */
  begin(): number {
    return this.#attempts.begin()
  }

  ended(outcome: Exclude<Outcome, 'unsent'>, cause: Cause, beganMs: number): void {
    this.#attempts.end(beganMs, 1)
    this.counts[outcome]++
    if (cause === 'no-descriptor') this.#machineOut.descriptors++
    if (cause === 'no-port') this.#machineOut.ports++
  }

  /** Of an attempt that was accepted. */
  response(ms: number, first: boolean): void {
    record(this.#interval, ms)
    if (first) record(this.#first, ms)
  }

  /** Ends an interval. */
  progress(now: Pick<Progress, 'atMs' | 'inFlight' | 'connections'>): Progress {
    const busy = performance.eventLoopUtilization()
    const eventLoopUtilization = performance.eventLoopUtilization(busy, this.#busyLast).utilization
    this.#busyLast = busy
    const latencies = {
      responseP50Ms: percentileMs(this.#interval, 50),
      responseP99Ms: percentileMs(this.#interval, 99),
      firstP99Ms: percentileMs(this.#first, 99),
    }
    this.#interval.reset()
    const rssBytes = ownMemoryBytes()
    const own = { attempts: this.#attempts.read(), cpuSeconds: cpuSeconds(), rssBytes, eventLoopUtilization }
    return { ...now, ...this.counts, ...latencies, ...own }
  }

  certificate(
    known: Pick<Certificate, 'endedAtMs' | 'connectionsOpenedMax' | 'connectionsMax' | 'gaveUp' | 'cutOff'>,
  ): Certificate {
    const { planned, sent, unsent, retries, unsentRetries } = this.counts
    return {
      ...known,
      planned,
      sent,
      unsent,
      retries,
      unsentRetries,
      latenessP50Ms: percentileMs(this.#lateness, 50) ?? 0,
      latenessP99Ms: percentileMs(this.#lateness, 99) ?? 0,
      latenessMaxMs: percentileMs(this.#lateness, 100) ?? 0,
      eventLoopUtilization: this.#busy,
      cpuSeconds: cpuSeconds(),
      waiting: { ...this.#waiting },
      machineOut: { ...this.#machineOut },
    }
  }
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
