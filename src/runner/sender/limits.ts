import type { Connection } from './connection.ts'

interface Entry {
  readonly dueMs: number
  readonly connection: Connection
  done: boolean
}

/**
 * Time limits of the attempts in flight: one first-in first-out line per limit, since equal limits run out in the order they
 * began. One look per tick instead of a timer per request; a finished entry leaves with those before it.
 */
export class TimeLimits {
  readonly #lines = new Map<number, Entry[]>()

  /** Returns what takes the limit off again. */
  add(connection: Connection, limitMs: number, nowMs: number): () => void {
    const entry = { dueMs: nowMs + limitMs, connection, done: false }
    const line = this.#lines.get(limitMs)
    if (line) line.push(entry)
    else this.#lines.set(limitMs, [entry])
    return () => {
      entry.done = true
    }
  }

  /** Ends every exchange whose limit has passed. */
  expire(nowMs: number): void {
    for (const [limitMs, line] of this.#lines) {
      let passed = 0
      while (passed < line.length && (line[passed]!.done || line[passed]!.dueMs <= nowMs)) {
        const entry = line[passed++]!
        if (!entry.done) entry.connection.timeout()
      }
      if (passed > 0) this.#lines.set(limitMs, line.slice(passed))
    }
  }
}
