import { decodeDeadLetter, encodeDeadLetter, keptAs } from '../../src/core/base/dead-letter.ts'
import type { WebhookEvent } from '../../src/core/contracts/event.ts'
import { KEPT_COPIES, type KeptCopy } from '../../src/core/contracts/ledger.ts'
import { u64 } from './bytes.ts'
import { put } from './environment.ts'
import { type LmdbTable, pages } from './pages.ts'

/** Inside a write transaction. The oldest copies make room. */
export function keepCopy(table: LmdbTable, position: number, event: WebhookEvent, atMs: number): void {
  const keys = [...table.getKeys()].map((key) => Buffer.from(key))
  for (const key of keys.slice(0, Math.max(0, keys.length + 1 - KEPT_COPIES.copiesMax))) table.removeSync(key)
  put(table, u64(position), encodeDeadLetter(keptAs(event, atMs)))
}

export async function* keptCopies(table: LmdbTable): AsyncIterable<KeptCopy> {
  for await (const [, bytes] of pages(table, Buffer.alloc(0))) {
    const { event, atMs } = decodeDeadLetter(bytes)
    yield { event, atMs }
  }
}
