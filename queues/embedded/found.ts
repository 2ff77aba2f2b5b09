/**
 * The events that a segment had when the log was opened, and which of them had an ack. It lies outside the heap, at 4 bytes
 * an event.
 */
export class FoundEvents {
  /** The number of the first one; they are numbered without a gap. */
  #first = Number.NaN
  #count = 0
  /** The size of each event; 0 for one with an ack. */
  #bytes = new Uint32Array(1_024)

  /** The number from which on they count, once it is known. */
  get first(): number {
    return this.#first
  }

  /** Makes ready for events up to `end`. */
  expect(first: number, end: number): void {
    if (Number.isNaN(this.#first)) this.#first = first
    this.#count = end - this.#first
    if (this.#count > this.#bytes.length) this.#resize(2 * this.#count)
  }

  add(number: number, bytes: number): void {
    this.#bytes[number - this.#first] = bytes
  }

  /** Notes an ack. Returns the event's bytes; 0 where the event is not there, or had its ack before. */
  settle(number: number): number {
    const at = number - this.#first
    const bytes = this.#bytes[at] ?? 0
    if (bytes > 0) this.#bytes[at] = 0
    return bytes
  }

  isSettled(number: number): boolean {
    return this.#bytes[number - this.#first] === 0
  }

  /** No more events come. */
  trim(): void {
    this.#resize(this.#count)
  }

  #resize(count: number): void {
    const resized = new Uint32Array(count)
    resized.set(this.#bytes.subarray(0, Math.min(count, this.#count, this.#bytes.length)))
    this.#bytes = resized
  }
}
