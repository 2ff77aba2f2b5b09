import { setTimeout as wait } from 'node:timers/promises'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { Child } from '../../runner/processes/child.ts'
import type { FromMember, LookUpAnswer, ProcessStatus, ToMember } from './messages.ts'

/** One that does not answer for so long is left out, ms. */
const ANSWER_MS = 2_000
/** Effects are read from the ledger, many of them. */
const EFFECTS_MS = 10_000

type AskedProcess = Child<ToMember, FromMember>
type NumberedAnswer = Extract<FromMember, { readonly kind: 'looked-up' | 'effects' }>

/** What the processes of a service are asked, for whoever runs it. */
export class Questions {
  readonly #members: () => readonly AskedProcess[]
  readonly #waiting = new Map<number, (answer: NumberedAnswer) => void>()
  #asked = 0

  constructor(members: () => readonly AskedProcess[]) {
    this.#members = members
  }

  /** Takes what a process says. An answer that nobody waits for any more is passed over. */
  heard(message: FromMember): void {
    if (message.kind === 'looked-up' || message.kind === 'effects') this.#waiting.get(message.number)?.(message)
  }

  /** What each process says of itself. One that does not answer in time is left out. */
  async status(): Promise<readonly ProcessStatus[]> {
    const asked = this.#members().map(async (child) => {
      const answer = child.next('status').then(({ status }) => status)
      child.send({ kind: 'tell-status' })
      return Promise.race([answer.catch(() => undefined), wait(ANSWER_MS, undefined, { ref: false })])
    })
    return (await Promise.all(asked)).flatMap((status) => status ?? [])
  }

  /** What became of events, by any process that can be asked. */
  async lookUp(ids: readonly string[]): Promise<LookUpAnswer> {
    for (const child of this.#members()) {
      for await (const told of this.#ask(child, (number) => ({ kind: 'look-up', number, ids }), ANSWER_MS)) {
        if (told.kind === 'looked-up') return told.answer
      }
    }
    return { wrong: 'no process has answered in time: ask again' }
  }

  /** The lines that tell of a run's effects, in parts. @throws FloodmarkError 'unavailable' where not all of them come. */
  async *effects(run: string): AsyncIterable<readonly string[]> {
    for (const child of this.#members().slice(0, 1)) {
      for await (const told of this.#ask(child, (number) => ({ kind: 'tell-effects', number, run }), EFFECTS_MS)) {
        if (told.kind !== 'effects') continue
        yield told.lines
        if (told.isLast) return
      }
    }
    throw new FloodmarkError('unavailable', 'no process has told all effects in time: ask again')
  }

  /** The answers of a process as they come, until none comes in time or it has ended. */
  async *#ask(child: AskedProcess, question: (number: number) => ToMember, ms: number): AsyncIterable<NumberedAnswer> {
    const number = ++this.#asked
    const answers: NumberedAnswer[] = []
    let wake = () => {}
    this.#waiting.set(number, (answer) => {
      answers.push(answer)
      wake()
    })
    child.send(question(number))
    try {
      for (;;) {
        const answer = answers.shift()
        if (answer) {
          yield answer
          continue
        }
        const more = new Promise<true>((resolve) => {
          wake = () => resolve(true)
        })
        const none = wait(ms, undefined, { ref: false })
        if (!(await Promise.race([more, none, child.exited]))) return
      }
    } finally {
      this.#waiting.delete(number)
    }
  }
}
