import { once } from 'node:events'
import { createServer, connect as dial, type Socket } from 'node:net'
import { type Clock, systemClock } from '../../core/contracts/clock.ts'
import { seeded } from '../../core/contracts/random.ts'
import type { LinkMode } from '../faults/victim.ts'
import { freePorts } from '../servers/ports.ts'

interface LinkCounts {
  readonly accepted: number
  readonly open: number
  /** Connections that cut() reset. */
  readonly cut: number
  readonly bytes: { readonly requests: number; readonly replies: number }
  readonly dropped: { readonly requests: number; readonly replies: number }
}

export interface TcpProxy {
  readonly port: number
  readonly counts: LinkCounts
  /**
   * Takes effect for open connections too; resolves when new ones meet it. A connection that lost bytes is reset as soon as they
   * would be forwarded again, since TCP never delivers a stream with a hole.
   */
  set(mode: LinkMode): Promise<void>
  /** Resets both sides of every open connection, once. */
  cut(): void
  close(): Promise<void>
}

type Direction = 'requests' | 'replies'
interface Link {
  readonly client: Socket
  readonly server: Socket | undefined
  readonly lost: Set<Direction>
}

/** Bytes on their way in one direction of a connection, beyond which its sender is held. */
const DELAYED_BYTES_MAX = 4_000_000

/** What the two directions of every connection share. */
interface World {
  readonly drops: (direction: Direction) => boolean
  readonly delayMs: () => number
  readonly reset: (link: Link) => void
  readonly forget: (link: Link) => void
  readonly counts: { readonly bytes: Record<Direction, number>; readonly dropped: Record<Direction, number> }
  readonly clock: Clock
}

/** Passes on the bytes of one side of a connection, or drops them. */
function forward({ drops, delayMs, reset, forget, counts, clock }: World, link: Link, direction: Direction): void {
  const [from, to] = direction === 'requests' ? [link.client, link.server] : [link.server!, link.client]
  const late: { readonly bytes: number; deliver(): void }[] = []
  let lateBytes = 0
  let lastAtMs = 0
  const flow = () => {
    if (lateBytes > DELAYED_BYTES_MAX || to?.writableNeedDrain) from.pause()
    else from.resume()
  }
  const after = (bytes: number, deliver: () => void) => {
    const nowMs = clock.monotonic()
    lastAtMs = Math.max(lastAtMs, nowMs + delayMs())
    if (late.length === 0 && lastAtMs <= nowMs) return deliver()
    late.push({ bytes, deliver })
    lateBytes += bytes
    // Whichever timer is first sends the bytes that came first: timers of nearly the same time may change places, bytes must not.
    clock.after(Math.max(0, lastAtMs - nowMs), () => {
      const first = late.shift()!
      lateBytes -= first.bytes
      first.deliver()
      flow()
    })
  }
  from.on('data', (part) => {
    if (drops(direction) || !to) {
      counts.dropped[direction] += part.length
      link.lost.add(direction)
      return
    }
    after(part.length, () => {
      counts.bytes[direction] += part.length
      if (!to.destroyed && !to.write(part)) flow()
    })
  })
  to?.on('drain', flow)
  from.on('end', () => {
    if (drops(direction)) link.lost.add(direction)
    else after(0, () => to?.end())
  })
  from.on('error', () => {})
  from.on('close', (failed) => {
    if (drops(direction)) link.lost.add(direction)
    else if (failed) reset(link)
    if (from.destroyed && (to?.destroyed ?? true)) forget(link)
  })
}

/** Listens on a free port of 127.0.0.1 and forwards to a server, as badly as it is told to. */
export async function tcpProxy(
  target: { readonly host: string; readonly port: number },
  { seed = 1, clock = systemClock }: { readonly seed?: number; readonly clock?: Clock } = {},
): Promise<TcpProxy> {
  const random = seeded(seed)
  const links = new Set<Link>()
  const counts = { accepted: 0, cut: 0, bytes: { requests: 0, replies: 0 }, dropped: { requests: 0, replies: 0 } }
  let mode: LinkMode = 'pass'

  const drops = (direction: Direction) => mode === 'blackhole' || mode === `drop-${direction}`
  const delayMs = () => (typeof mode === 'object' ? mode.latencyMs + random() * mode.jitterMs : 0)
  const reset = (link: Link) => {
    links.delete(link)
    link.client.resetAndDestroy()
    link.server?.resetAndDestroy()
  }

  const world: World = { drops, delayMs, reset, forget: (link) => links.delete(link), counts, clock }

  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    counts.accepted++
    const server = mode === 'blackhole' ? undefined : dial({ ...target, allowHalfOpen: true, noDelay: true })
    const link: Link = { client, server, lost: new Set(server ? [] : ['requests']) }
    links.add(link)
    forward(world, link, 'requests')
    if (server) forward(world, link, 'replies')
  })
  const listen = async (port: number) => {
    listener.listen(port, '127.0.0.1')
    await once(listener, 'listening')
  }
  const port = (await freePorts(1))[0]!
  await listen(port)

  return {
    port,
    get counts() {
      return { ...structuredClone(counts), open: links.size }
    },
    async set(next) {
      mode = next
      for (const link of [...links]) if ([...link.lost].some((direction) => !drops(direction))) reset(link)
      if (next === 'refuse') listener.close()
      else if (!listener.listening) await listen(port)
    },
    cut() {
      for (const link of [...links]) {
        counts.cut++
        reset(link)
      }
    },
    async close() {
      listener.close()
      for (const link of [...links]) reset(link)
    },
  }
}
