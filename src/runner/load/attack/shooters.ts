import type { Attack } from '../../scenario/scenario.ts'
import type { SendingRoute } from '../../scenario/sending-route.ts'
import type { Destination } from '../sender/connection.ts'
import { CONNECTIONS } from './attack.ts'
import { forgedRequests, forgedRunIdOf, staleRequests } from './forged.ts'
import { keptAlive } from './kept-alive.ts'
import { malformedPlays } from './malformed.ts'
import { oversizedPlays } from './oversized.ts'
import { type Play, rawExchange, type Shoot } from './raw-exchange.ts'
import { slowPlays } from './slow.ts'

interface ShooterOptions {
  readonly runId: string
  readonly seed: number
  readonly destinations: readonly Destination[]
  readonly routes: readonly SendingRoute[]
}

interface Shooter {
  /** undefined: nothing of this kind can be sent to these routes. */
  readonly shoot: Shoot | undefined
  readonly leftOut: readonly string[]
  close(): void
}

/** What an attack sends. */
export function shooterOf({ kind, connections = CONNECTIONS }: Attack, options: ShooterOptions): Shooter {
  const { runId, destinations, routes } = options
  const paths = routes.map(({ path }) => path)
  if (kind === 'forged' || kind === 'stale') {
    const { next, leftOut } = kind === 'forged' ? forgedRequests(runId, options) : staleRequests(runId, options)
    if (!next) return { shoot: undefined, leftOut, close: () => {} }
    return { ...keptAlive(destinations, connections, next), leftOut }
  }
  const plays = {
    oversized: () => oversizedPlays(paths),
    slow: () => slowPlays(paths),
    malformed: () => malformedPlays(routes, forgedRunIdOf(runId)),
  }[kind]()
  return { shoot: oneAfterTheOther(plays, destinations), leftOut: [], close: () => {} }
}

function oneAfterTheOther(plays: readonly Play[], destinations: readonly Destination[]): Shoot {
  let turn = 0
  return (done) => {
    const at = turn++
    // Round the destinations once for each round of the plays: each destination sees each play.
    const destination = destinations[(at + Math.floor(at / plays.length)) % destinations.length]!
    return rawExchange(destination, plays[at % plays.length]!, done)
  }
}
