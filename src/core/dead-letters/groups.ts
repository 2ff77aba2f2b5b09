/** What dead letters are grouped by, and when each was buried, ms since the Unix epoch. */
interface Grouped {
  readonly source: string
  readonly type: string
  readonly reason: string
  readonly atMs: number
}

export interface Group {
  readonly source: string
  readonly type: string
  readonly reason: string
  readonly count: number
  readonly oldestMs: number
  readonly newestMs: number
}

/** Groups told apart at most; the rest is one group. */
const GROUPS_MAX = 1_000
const OTHER = { source: '(others)', type: '(others)', reason: '(other reasons)' }

/** How many of them are worth a look, and how many say that something is broken. */
interface LetterThresholds {
  readonly warn: number
  readonly fail: number
}
export const LETTER_THRESHOLDS: LetterThresholds = { warn: 100, fail: 1_000 }

/** Counts letters by source, type and reason. */
export class Groups {
  readonly #groups = new Map<string, { -readonly [name in keyof Group]: Group[name] }>()
  #total = 0

  add({ source, type, reason, atMs }: Grouped): void {
    this.#total++
    const own = [source, type, reason].join('\0')
    const full = !this.#groups.has(own) && this.#groups.size >= GROUPS_MAX
    const name = full ? '' : own
    const group = this.#groups.get(name)
    if (group) {
      group.count++
      group.oldestMs = Math.min(group.oldestMs, atMs)
      group.newestMs = Math.max(group.newestMs, atMs)
    } else {
      const what = full ? OTHER : { source, type, reason }
      this.#groups.set(name, { ...what, count: 1, oldestMs: atMs, newestMs: atMs })
    }
  }

  get total(): number {
    return this.#total
  }

  /** The largest group first. */
  all(): Group[] {
    return [...this.#groups.values()].sort((a, b) => b.count - a.count)
  }
}
