import { type Random, seeded } from '../../core/contracts/random.ts'

/** What a server of known behaviour does with one request that is there at `nowMs`. */
export interface Reaction {
  readonly status: 200 | 429
  /** When it answers. */
  readonly answerMs: number
  /** When its effects take place, none of them before now; empty: it loses the event. */
  readonly effectsMs: readonly number[]
  /** Its effect is of another body. */
  readonly altered: boolean
}

/** A server of known behaviour, in whatever time it is told. */
export type Behaviour = (nowMs: number) => Reaction

const taken = (answerMs: number, effectMs = answerMs): Reaction => ({
  ...{ status: 200, answerMs, effectsMs: [effectMs], altered: false },
})

/** Servers one beside the other that each have one request at a time; a queue before them. `ms` draws a service time. */
function served(servers: number, ms: () => number): (nowMs: number) => number {
  const freeMs = new Float64Array(servers)
  return (nowMs) => {
    let next = 0
    for (let at = 1; at < servers; at++) if (freeMs[at]! < freeMs[next]!) next = at
    freeMs[next] = Math.max(nowMs, freeMs[next]!) + ms()
    return freeMs[next]!
  }
}

const exponential = (random: Random, meanMs: number) => () => -meanMs * Math.log(1 - random())

/** Every kind, with what it is made of. Times in ms, rates in requests a second. */
export const KINDS = {
  /** Each answer comes so long after its request. */
  fixed:
    ({ ms }: { ms: number }): Behaviour =>
    (nowMs) =>
      taken(nowMs + ms),
  /** Refuses what finds no token; there are at most `depth` of them. */
  'token-bucket': ({ ratePerS, depth }: { ratePerS: number; depth: number }): Behaviour => {
    let tokens = depth
    let filledMs: number | undefined
    return (nowMs) => {
      tokens = Math.min(depth, tokens + ((nowMs - (filledMs ?? nowMs)) * ratePerS) / 1_000)
      filledMs = nowMs
      if (tokens < 1) return { status: 429, answerMs: nowMs, effectsMs: [], altered: false }
      tokens--
      return taken(nowMs)
    }
  },
  /** M/M/c: service times are exponential. */
  mmc: ({ servers, meanMs, seed = 1 }: { servers: number; meanMs: number; seed?: number }): Behaviour => {
    const doneMs = served(servers, exponential(seeded(seed), meanMs))
    return (nowMs) => taken(doneMs(nowMs))
  },
  /** So many at once, each for the same time; the others wait. */
  bounded: ({ servers, ms }: { servers: number; ms: number }): Behaviour => {
    const doneMs = served(servers, () => ms)
    return (nowMs) => taken(doneMs(nowMs))
  },
  /** Stands still for the first `forMs` of every `everyMs`. Meanwhile nothing is worked at; otherwise so many at once, each for `ms`. */
  stalls: ({ everyMs, forMs, servers = 1, ms = 0 }: Stalling): Behaviour => {
    const worksMs = everyMs - forMs
    // In the time that it works, a stall is a moment.
    const workedMs = (atMs: number) => Math.floor(atMs / everyMs) * worksMs + Math.max(0, (atMs % everyMs) - forMs)
    const clockMs = (ofMs: number) => Math.floor(ofMs / worksMs) * everyMs + forMs + (ofMs % worksMs)
    const doneMs = served(servers, () => ms)
    return (nowMs) => taken(Math.max(nowMs, clockMs(doneMs(workedMs(nowMs)))))
  },
  /** A backlog of `limit` makes it slower by `factor`, for `forMs` after it was last that long. */
  remembers: ({ servers, ms, limit, factor, forMs }: Remembering): Behaviour => {
    let slowUntilMs = Number.NEGATIVE_INFINITY
    let nowMs = 0
    const doneMs = served(servers, () => (nowMs < slowUntilMs ? ms * factor : ms))
    return (atMs) => {
      nowMs = atMs
      const done = doneMs(atMs)
      if ((done - atMs) * (servers / ms) > limit) slowUntilMs = atMs + forMs
      return taken(done)
    }
  },
  /** Answers at once; the effects come as quickly as so many servers make them. */
  early: ({ servers, ms }: { servers: number; ms: number }): Behaviour => {
    const doneMs = served(servers, () => ms)
    return (nowMs) => taken(nowMs, doneMs(nowMs))
  },
  /** Of every n-th event that it accepts there is no effect. */
  leaks: ({ every }: { every: number }): Behaviour => each(every, (one) => ({ ...one, effectsMs: [] })),
  /** Every n-th takes effect twice. */
  doubles: ({ every }: { every: number }): Behaviour =>
    each(every, (one) => ({ ...one, effectsMs: [...one.effectsMs, ...one.effectsMs] })),
  /** Every n-th takes effect with another body. */
  alters: ({ every }: { every: number }): Behaviour => each(every, (one) => ({ ...one, altered: true })),
} as const

interface Stalling {
  readonly everyMs: number
  readonly forMs: number
  readonly servers?: number
  /** Default: no time. */
  readonly ms?: number
}

interface Remembering {
  readonly servers: number
  readonly ms: number
  readonly limit: number
  readonly factor: number
  readonly forMs: number
}

/** The first of every so many. */
function each(every: number, change: (one: Reaction) => Reaction): Behaviour {
  let count = 0
  return (nowMs) => (count++ % every === 0 ? change(taken(nowMs)) : taken(nowMs))
}

export type KnownKind = keyof typeof KINDS
/** A server of known behaviour, as a process is told of it. */
export type KnownServer = {
  [Kind in KnownKind]: { readonly kind: Kind } & Parameters<(typeof KINDS)[Kind]>[0]
}[KnownKind]

export function behaviourOf(server: KnownServer): Behaviour {
  return (KINDS[server.kind] as (of: KnownServer) => Behaviour)(server)
}
