import { Connection } from './connection.ts'

export interface Target {
  readonly host: string
  readonly port: number
}

/** Connections to the receivers: idle ones are used again, last in first out; new ones go round the targets. */
export class Pool {
  readonly #targets: readonly Target[]
  readonly #connectionsMax: number
  readonly #idle: Connection[] = []
  readonly #open = new Set<Connection>()
  #next = 0
  openedMax = 0

  constructor(targets: readonly Target[], connectionsMax: number) {
    this.#targets = targets
    this.#connectionsMax = connectionsMax
  }

  get size(): number {
    return this.#open.size
  }

  /** undefined: every connection is busy and no more may be opened. */
  take(): Connection | undefined {
    const idle = this.#idle.pop()
    if (idle) return idle
    if (this.#open.size >= this.#connectionsMax) return undefined
    const target = this.#targets[this.#next++ % this.#targets.length]!
    const connection = new Connection(target, (closed) => this.#forget(closed))
    this.#open.add(connection)
    this.openedMax = Math.max(this.openedMax, this.#open.size)
    return connection
  }

  give(connection: Connection): void {
    if (this.#open.has(connection)) this.#idle.push(connection)
  }

  close(): void {
    for (const connection of this.#open) connection.close()
  }

  #forget(connection: Connection): void {
    this.#open.delete(connection)
    const at = this.#idle.indexOf(connection)
    if (at !== -1) this.#idle.splice(at, 1)
  }
}
