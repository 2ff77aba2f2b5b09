import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { WebhookEvent } from '../../src/core/contracts/event.ts'
import type { QueueDriver, QueueTraits } from '../../src/core/contracts/queue.ts'
import { orderingKey } from '../../src/runner/plan/identity.ts'
import { serverKinds } from '../../src/runner/servers/kinds/index.ts'
import { BODY_BYTES } from '../lib/requests.ts'

/** The bytes that a queue keeps for a waiting event, beyond those that it keeps without any. null: not known. */
export interface Stored {
  readonly traits: QueueTraits
  readonly diskBytesPerEvent: number | null
  readonly memoryBytesPerEvent: number | null
}

export const STORED_EVENTS = 10_000
const BATCH_EVENTS = 256
const KEYS = 1_000
const LIMIT = { deadlineMs: 20_000 }

/**
 * Publishes without a consumer and measures the growth. `folder`: where the queue, or its server, keeps files. A server that
 * keeps everything in memory and does not tell its size (the emulator) is asked for its traits only.
 */
export async function stored(driver: QueueDriver, url: string, folder: string): Promise<Stored> {
  const at = { url, namespace: 'bench-stored' }
  const queue = await driver.open(at)
  try {
    const kind = driver.server === undefined ? undefined : serverKinds[driver.server]
    if (kind?.memoryBytes === null) return { traits: queue.traits, diskBytesPerEvent: null, memoryBytesPerEvent: null }
    const memoryBytes = async () => (await kind?.memoryBytes?.(url)) ?? null
    const batch = Math.min(BATCH_EVENTS, queue.traits.publishEventsMax)
    const publish = async (from: number, to: number) => {
      for (let n = from; n < to; n += batch) {
        const length = Math.min(batch, to - n)
        await queue.publish(
          Array.from({ length }, (_, more) => eventOf(n + more)),
          LIMIT,
        )
      }
    }
    // Space that is made once, with the first events, belongs to no event.
    await publish(0, batch)
    const [disk, memory] = [diskBytes(folder), await memoryBytes()]
    await publish(batch, batch + STORED_EVENTS)
    const memoryAfter = await memoryBytes()
    return {
      traits: queue.traits,
      diskBytesPerEvent: (diskBytes(folder) - disk) / STORED_EVENTS,
      memoryBytesPerEvent: memory === null || memoryAfter === null ? null : (memoryAfter - memory) / STORED_EVENTS,
    }
  } finally {
    await queue.close()
    await driver.drop(at)
  }
}

/** As large as the events of the load. Nothing on the way compresses, so the content makes no difference. */
function eventOf(n: number): WebhookEvent {
  const base = { id: `generic:bench0-${1_000_000 + n}`, key: orderingKey(n % KEYS), source: 'generic' }
  const body = Buffer.alloc(BODY_BYTES, `{"n":${n}}`)
  const headers = { 'content-type': 'application/json', 'user-agent': 'floodmark' }
  return { ...base, type: 'order.paid', receivedAtMs: Date.now(), headers, body }
}

/** Bytes of every file up to its last non-zero byte: files made ahead of their use are full of zeros. */
function diskBytes(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files.reduce((sum, { parentPath, name }) => sum + usedBytes(join(parentPath, name)), 0)
}

function usedBytes(path: string): number {
  const bytes = readFileSync(path)
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === 0) end--
  return end
}
