import type { Database } from 'lmdb'
import { unseal } from './bytes.ts'

export type LmdbTable = Database<Buffer, Buffer>

const PAGE_ITEMS = 512

/** Copies of the entries whose key has the prefix. Each page is one read transaction. @throws FloodmarkError 'corrupt' */
export async function* pages(table: LmdbTable, prefix: Buffer): AsyncIterable<readonly [Buffer, Buffer]> {
  let start = prefix
  for (;;) {
    const page = [...table.getRange({ start, limit: PAGE_ITEMS })].map(
      ({ key, value }) => [Buffer.from(key), Buffer.from(value)] as const,
    )
    for (const entry of page) {
      const [key, value] = entry
      if (!key.subarray(0, prefix.length).equals(prefix)) return
      yield [key, unseal(key, value)]
    }
    if (page.length < PAGE_ITEMS) return
    start = Buffer.concat([page.at(-1)![0], Buffer.alloc(1)])
    await new Promise((resolve) => setImmediate(resolve))
  }
}
