import { Worker } from 'node:worker_threads'
import { ownFile } from '../../src/core/base/kit/own-file.ts'
import type { Clock } from '../../src/core/contracts/clock.ts'
import { FloodmarkError, messageOf } from '../../src/core/contracts/errors.ts'
import type { Incoming } from '../../src/core/contracts/incoming.ts'
import { type Answer, type Batch, READY, ROTATED, type Rotation, type WorkerSetup } from './protocol.ts'

/** A batch that is not verified by then has a worker that hangs: it is replaced, ms. */
export const VERIFY_MS = 5_000
/** A worker has this long to load its providers, ms. */
const START_MS = 10_000
/** JavaScript heap of one worker, MiB. */
const HEAP_MIB_MAX = 128

/** A request that waits for its verification. */
export interface Job {
  readonly route: number
  readonly request: Incoming
  readonly headers: readonly (string | undefined)[]
  readonly resolve: () => void
  readonly reject: (error: FloodmarkError) => void
}

interface Sent {
  readonly jobs: readonly Job[]
  readonly cancel: () => void
}

/** One worker thread and what it has in hand. */
export class Member {
  /** Resolves when it can verify. @throws FloodmarkError 'unavailable' when it cannot start. */
  readonly ready: Promise<void>
  readonly #worker: Worker
  readonly #clock: Clock
  readonly #onAnswer: () => void
  #inHand: Sent | undefined
  #spare: ArrayBuffer | undefined
  /** Called when the thread has a change of secrets that it has not got yet; the oldest first. */
  readonly #rotations: (() => void)[] = []

  /** `onEnd` is called once, when the thread is gone for whatever reason; all of its jobs are rejected by then. */
  constructor(setup: WorkerSetup, clock: Clock, onAnswer: () => void, onEnd: () => void) {
    this.#clock = clock
    this.#onAnswer = onAnswer
    const worker = new Worker(ownFile('./worker', import.meta.url), {
      workerData: setup,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB_MAX },
    })
    this.#worker = worker
    this.ready = new Promise((resolve, reject) => {
      let why = 'it ended'
      const cancel = this.#endUnlessHeard(START_MS, () => {
        why = `it was not ready within ${START_MS} ms`
      })
      worker.on('message', (message: Answer | typeof READY | typeof ROTATED) => {
        if (message === ROTATED) return this.#rotations.shift()!()
        if (message !== READY) return this.#answered(message)
        cancel()
        resolve()
      })
      worker.on('error', (error) => {
        why = messageOf(error)
      })
      worker.on('exit', () => {
        cancel()
        const error = new FloodmarkError('unavailable', `a verifying thread is gone (${why}): send again`)
        this.#inHand?.cancel()
        for (const job of this.#inHand?.jobs ?? []) job.reject(error)
        reject(error)
        onEnd()
        for (const resolve of this.#rotations.splice(0)) resolve()
      })
    })
    this.ready.catch(() => {})
  }

  get busy(): boolean {
    return this.#inHand !== undefined
  }

  /** Takes a batch; not while busy: what comes meanwhile makes the next batch larger, and a batch costs two wake-ups. */
  send(jobs: readonly Job[]): void {
    let bytes = 0
    for (const { request } of jobs) bytes += request.raw.length
    // The buffer of the last answer, if it is large enough: allocating costs more than copying into it.
    const spare = this.#spare && this.#spare.byteLength >= bytes ? this.#spare : undefined
    const bodies = spare ?? new ArrayBuffer(2 ** Math.ceil(Math.log2(Math.max(bytes, 4_096))))
    this.#spare = undefined
    const into = new Uint8Array(bodies)
    let at = 0
    const items = jobs.map(({ route, request, headers }) => {
      into.set(request.raw, at)
      at += request.raw.length
      const { url, receivedAtMs } = request
      return { route, url, receivedAtMs, headers, bodyBytes: request.raw.length }
    })
    const batch: Batch = { items, bodies }
    this.#worker.postMessage(batch, [bodies])
    this.#inHand = { jobs, cancel: this.#endUnlessHeard(VERIFY_MS) }
  }

  /** Resolves when the thread has them, and so after all that it verified by others; or when it is gone. */
  rotate(rotation: Rotation): Promise<void> {
    return new Promise((resolve) => {
      this.#rotations.push(resolve)
      this.#worker.postMessage(rotation)
    })
  }

  async stop(): Promise<void> {
    await this.#worker.terminate()
  }

  /**
   * Ends the thread after so long, unless cancelled. Where our own thread stood still meanwhile, its timers run before what
   * other threads said: that is heard first.
   */
  #endUnlessHeard(ms: number, onEnd = () => {}): () => void {
    let isHeard = false
    const end = () => {
      if (isHeard) return
      onEnd()
      void this.#worker.terminate()
    }
    const cancel = this.#clock.after(ms, () => setImmediate(() => setImmediate(end)))
    return () => {
      isHeard = true
      cancel()
    }
  }

  #answered({ outcomes, bodies }: Answer): void {
    const { jobs, cancel } = this.#inHand!
    this.#inHand = undefined
    cancel()
    this.#spare = bodies
    for (const [at, job] of jobs.entries()) {
      const error = outcomes[at]
      if (!error) {
        job.resolve()
        continue
      }
      const [code, message, reason] = error
      job.reject(new FloodmarkError(code, message, { reason }))
    }
    this.#onAnswer()
  }
}
