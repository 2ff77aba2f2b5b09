/** Something that may be given up. The three fields belong to the limits: a place in a list, without an allocation per attempt. */
export interface Limited {
  dueMs: number
  before: Limited | undefined
  after: Limited | undefined
  timeout(): void
}

/**
 * Time limits of the attempts in flight: one list per limit, since equal limits run out in the order they began. One look
 * per tick instead of a timer per request. An attempt that has ended leaves at once, also from behind one that stalls.
 */
export class TimeLimits {
  readonly #lists = new Map<number, Limited>()

  add(limited: Limited, limitMs: number, nowMs: number): void {
    limited.dueMs = nowMs + limitMs
    const list = this.#lists.get(limitMs) ?? this.#newList(limitMs)
    const last = list.before!
    last.after = limited
    limited.before = last
    limited.after = list
    list.before = limited
  }

  /** Takes the limit off again. Twice is fine. */
  remove(limited: Limited): void {
    const { before, after } = limited
    if (!before || !after) return
    before.after = after
    after.before = before
    limited.before = undefined
    limited.after = undefined
  }

  /** Ends every attempt whose limit has passed. */
  expire(nowMs: number): void {
    for (const list of this.#lists.values()) {
      while (list.after !== list && list.after!.dueMs <= nowMs) {
        const passed = list.after!
        this.remove(passed)
        passed.timeout()
      }
    }
  }

  /** Its head stands before the first and behind the last, so that no case is special. */
  #newList(limitMs: number): Limited {
    const head: Limited = { dueMs: 0, before: undefined, after: undefined, timeout: () => {} }
    head.before = head
    head.after = head
    this.#lists.set(limitMs, head)
    return head
  }
}
