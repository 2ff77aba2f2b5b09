/** More changes of the leader than this lie behind what waits. */
const CHANGES_MAX = 64

interface KnownEpochs {
  /** In order: from that offset on, records are of that epoch. */
  readonly changes: { readonly from: number; readonly epoch: number }[]
  /** What is known ends before this offset. */
  next: number
}

/**
 * Which leader wrote what was read, as the epoch of each. A fetch names the epoch of the record before it: so a leader whose log
 * is another one sees that, also where its log has grown beyond the offset by then. They are kept while a membership ends and
 * another follows, which is when leaders change. Each commit names the epoch too, for a member of another process.
 */
export class Epochs {
  readonly #known = new Map<number, KnownEpochs>()

  /** Records from `first` to before `next` came, of that epoch. */
  note(partition: number, first: number, next: number, epoch: number): void {
    const known = this.#known.get(partition)
    if (!known || first > known.next) {
      this.#known.set(partition, { changes: [{ from: first, epoch }], next })
      return
    }
    const { changes } = known
    // They are read again, from a log that may be another one.
    while (changes.length > 0 && changes.at(-1)!.from >= first) changes.pop()
    if (changes.at(-1)?.epoch !== epoch) changes.push({ from: first, epoch })
    if (changes.length > CHANGES_MAX) changes.shift()
    known.next = next
  }

  /** Somebody read up to before `next`, where the last record was of that epoch (-1: not told), and committed it. */
  noteCommitted(partition: number, next: number, epoch: number): void {
    // Else what was read here beyond it would be forgotten.
    if (epoch >= 0 && next > 0 && this.before(partition, next) !== epoch) this.note(partition, next - 1, next, epoch)
  }

  /** Of the record before `next`; -1 where that was not read here. */
  before(partition: number, next: number): number {
    const known = this.#known.get(partition)
    if (!known || next > known.next) return -1
    return known.changes.findLast(({ from }) => from < next)?.epoch ?? -1
  }

  forget(partition: number): void {
    this.#known.delete(partition)
  }

  clear(): void {
    this.#known.clear()
  }
}
