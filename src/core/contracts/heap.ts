/** A priority queue: the least comes first; equals in the order they were added. O(log n) an operation. */
export class Heap<T> {
  readonly #before: (a: T, b: T) => boolean
  readonly #items: { readonly value: T; readonly order: number }[] = []
  #order = 0

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before
  }

  get size(): number {
    return this.#items.length
  }

  peek(): T | undefined {
    return this.#items[0]?.value
  }

  push(value: T): void {
    const items = this.#items
    const item = { value, order: this.#order++ }
    let at = items.length
    items.push(item)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#precedes(item, items[parent]!)) break
      items[at] = items[parent]!
      at = parent
    }
    items[at] = item
  }

  pop(): T | undefined {
    const items = this.#items
    const first = items[0]
    const last = items.pop()
    if (first === undefined || last === undefined || first === last) return first?.value
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= items.length) break
      if (child + 1 < items.length && this.#precedes(items[child + 1]!, items[child]!)) child++
      if (!this.#precedes(items[child]!, last)) break
      items[at] = items[child]!
      at = child
    }
    items[at] = last
    return first.value
  }

  #precedes(
    a: { readonly value: T; readonly order: number },
    b: { readonly value: T; readonly order: number },
  ): boolean {
    if (this.#before(a.value, b.value)) return true
    return !this.#before(b.value, a.value) && a.order < b.order
  }
}
