import { ownFile } from '../../core/base/kit/own-file.ts'
import { type Child, startProcess } from '../processes/child.ts'
import { preciseNow } from '../processes/precise-now.ts'
import type { Certificate, Progress } from '../records/facts.ts'
import type { FromSender, SenderSetup, ToSender } from './sender/sender-messages.ts'

/** Processes have so many ms to get going before the first arrival. */
const HEAD_START_MS = 300
const END_MS = 5_000

type SenderProcess = Child<ToSender, FromSender>

export interface Sending {
  readonly onStart?: (startAtMs: number) => void
  readonly onProgress?: (sender: number, progress: Progress) => void
}

/** Sender processes: each does nothing but send, so that nothing else delays it. */
export class Senders {
  readonly #started: SenderProcess[] = []
  readonly #interrupt: AbortSignal

  /** `interrupt`: no more is sent; attempts in flight are waited for. */
  constructor(interrupt: AbortSignal) {
    this.#interrupt = interrupt
  }

  /** Starts them, lets them begin together, and waits until each has certified itself. */
  async send(setups: readonly SenderSetup[], { onStart, onProgress }: Sending): Promise<SendResult> {
    const senders = setups.map((setup): SenderProcess => {
      const sender: SenderProcess = startProcess('sender', ownFile('./sender-process', import.meta.url))
      this.#started.push(sender)
      sender.send(setup)
      return sender
    })
    await Promise.all(senders.map((sender) => sender.next('ready')))
    const startAtMs = preciseNow() + HEAD_START_MS
    const done = senders.map((sender, index) => {
      sender.on((message) => {
        if (message.kind === 'progress') onProgress?.(index, message.progress)
      })
      const certified = sender.next('done')
      sender.send({ kind: 'start', startAtMs })
      return certified
    })
    onStart?.(startAtMs)
    const stop = () => {
      for (const sender of senders) sender.send({ kind: 'stop' })
    }
    if (this.#interrupt.aborted) stop()
    else this.#interrupt.addEventListener('abort', stop, { once: true })
    const certificates = (await Promise.all(done)).map(({ certificate }) => certificate)
    this.#interrupt.removeEventListener('abort', stop)
    await Promise.all(senders.map((sender) => sender.end(END_MS)))
    return { startAtMs, certificates }
  }

  /** The processes that run now. */
  get pids(): number[] {
    return this.#started.flatMap(({ process: { pid, exitCode } }) => (exitCode === null && pid ? pid : []))
  }

  /** None is left afterwards. */
  async end(): Promise<void> {
    await Promise.all(this.#started.map((sender) => sender.end(END_MS)))
  }
}

export interface SendResult {
  readonly startAtMs: number
  readonly certificates: readonly Certificate[]
}
