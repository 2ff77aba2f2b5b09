import type { KnownServer } from './behaviours.ts'

/** What is known of a server without asking it. Rates are requests a second, times ms. */

/** The share of requests that wait in an M/M/c queue with `load` servers' worth of work (Erlang's C). */
export function erlangC(servers: number, load: number): number {
  // Erlang's B by its recursion, which does not overflow.
  let blocked = 1
  for (let at = 1; at <= servers; at++) blocked = (load * blocked) / (at + load * blocked)
  const busy = load / servers
  return blocked / (1 - busy + busy * blocked)
}

/** The share of requests that an M/M/c queue answers later than after `ms`. Poisson arrivals. */
export function mmcLater(servers: number, meanMs: number, ratePerS: number, ms: number): number {
  const load = (ratePerS * meanMs) / 1_000
  if (load >= servers) return 1
  const waits = erlangC(servers, load)
  const rest = servers - 1 - load
  const served = Math.exp(-ms / meanMs)
  const queued = Math.abs(rest) < 1e-9 ? ms / meanMs : (1 - Math.exp((-ms / meanMs) * rest)) / rest
  return served * (1 + waits * queued)
}

/** The p99 of a server at a rate of Poisson arrivals; undefined where there is no closed form. */
export function knownP99Ms(server: KnownServer, ratePerS: number): number | undefined {
  switch (server.kind) {
    case 'fixed':
      return server.ms
    // A request that comes x before the stall's end waits x.
    case 'stalls':
      if (server.ms) return undefined
      return Math.max(0, server.forMs - 0.01 * server.everyMs)
    case 'mmc':
      return crossing((ms) => mmcLater(server.servers, server.meanMs, ratePerS, ms) - 0.01, 0, 1e6)
    default:
      return undefined
  }
}

/** The highest rate of Poisson arrivals that a server holds with a p99 of at most `p99Ms`; undefined: any, or none is known. */
export function knownCeilingPerS(server: KnownServer, p99Ms: number): number | undefined {
  switch (server.kind) {
    case 'token-bucket':
      return server.ratePerS
    case 'bounded':
    case 'remembers':
    case 'early':
      return (server.servers * 1_000) / server.ms
    // Whatever the rate, some wait for a whole stall: a lower limit is not held at all.
    case 'stalls': {
      const { everyMs, forMs, servers = 1, ms = 0 } = server
      return ms > 0 && p99Ms > forMs + ms ? ((servers * 1_000) / ms) * (1 - forMs / everyMs) : undefined
    }
    case 'mmc': {
      const { servers, meanMs } = server
      return crossing((perS) => 0.01 - mmcLater(servers, meanMs, perS, p99Ms), 1e-3, (servers * 1_000) / meanMs)
    }
    default:
      return undefined
  }
}

/** The place at which a function that falls from above 0 comes below it. */
function crossing(of: (x: number) => number, from: number, until: number): number {
  let [low, high] = [from, until]
  for (let step = 0; step < 200; step++) {
    const middle = (low + high) / 2
    if (of(middle) > 0) low = middle
    else high = middle
  }
  return low
}
