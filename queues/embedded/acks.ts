import type { LogItem } from './item.ts'
import type { Segment } from './segment.ts'

/** Acks on their way to disk. Of each only the event's number and segment are kept: nothing of the event itself. */
export class LogAcks {
  #numbers: number[] = []
  #segments: Segment[] = []

  get count(): number {
    return this.#numbers.length
  }

  add({ number, segment }: LogItem): void {
    this.#numbers.push(number)
    this.#segments.push(segment)
  }

  /** Takes out the oldest, at most so many. */
  take(most: number): readonly number[] {
    this.#segments.splice(0, most)
    return this.#numbers.splice(0, most)
  }

  /** Forgets those whose segment was given back: nobody will read about their events again. */
  forgetGone(): void {
    const isThere = (_: unknown, at: number) => !this.#segments[at]!.gone
    this.#numbers = this.#numbers.filter(isThere)
    this.#segments = this.#segments.filter(({ gone }) => !gone)
  }
}
