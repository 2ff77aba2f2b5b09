import { type ConnectionEvents, type Destination, type ExchangeEnd, SenderConnection } from './connection.ts'

interface PoolOptions<Work> {
  readonly destinations: readonly Destination[]
  /** The most connections, over all destinations. */
  readonly connectionsMax: number
  /** What a new connection carries for its owner. */
  readonly work: () => Work
  readonly onEnd: (connection: SenderConnection<Work>, exchange: ExchangeEnd) => void
}

/**
 * Connections to the receivers. Requests go round the destinations, whatever each of them does. Idle connections are used again,
 * last in first out.
 */
export class ConnectionPool<Work> {
  readonly #options: PoolOptions<Work>
  readonly #events: ConnectionEvents<Work>
  readonly #idle: SenderConnection<Work>[][]
  readonly #open = new Map<SenderConnection<Work>, SenderConnection<Work>[]>()
  #turn = 0
  openedMax = 0

  constructor(options: PoolOptions<Work>) {
    this.#options = options
    this.#idle = options.destinations.map(() => [])
    this.#events = { onEnd: options.onEnd, onClosed: (connection) => this.#forget(connection) }
  }

  get size(): number {
    return this.#open.size
  }

  /** A connection, to another destination than `except` where there is one. undefined: all are busy and no more may be opened. */
  take(except?: Destination): SenderConnection<Work> | undefined {
    const { destinations } = this.#options
    const turn = destinations[this.#turn] === except ? (this.#turn + 1) % destinations.length : this.#turn
    this.#turn = (turn + 1) % destinations.length
    const idle = popUsable(this.#idle[turn]!)
    if (idle) return idle
    // At the cap, a destination whose connections are all busy gives its turn to another: sending late would be worse.
    if (this.#open.size >= this.#options.connectionsMax) return this.#anyIdle()
    const connection = new SenderConnection(destinations[turn]!, this.#options.work(), this.#events)
    this.#open.set(connection, this.#idle[turn]!)
    this.openedMax = Math.max(this.openedMax, this.#open.size)
    return connection
  }

  give(connection: SenderConnection<Work>): void {
    this.#open.get(connection)?.push(connection)
  }

  /** Closes the idle connections to a destination. */
  retire(destination: Destination): void {
    for (const connection of this.#idle[this.#options.destinations.indexOf(destination)]!.splice(0)) connection.close()
  }

  close(): void {
    for (const connection of this.#open.keys()) connection.close()
  }

  #anyIdle(): SenderConnection<Work> | undefined {
    for (const stack of this.#idle) {
      const idle = popUsable(stack)
      if (idle) return idle
    }
    return undefined
  }

  #forget(connection: SenderConnection<Work>): void {
    const idle = this.#open.get(connection)!
    this.#open.delete(connection)
    const at = idle.indexOf(connection)
    if (at !== -1) idle.splice(at, 1)
  }
}

/** A closing connection leaves the stack. onClosed tells when it is gone. */
function popUsable<Work>(stack: SenderConnection<Work>[]): SenderConnection<Work> | undefined {
  let idle = stack.pop()
  while (idle && !idle.usable) idle = stack.pop()
  return idle
}
