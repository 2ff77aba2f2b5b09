import { systemClock } from '../../src/core/contracts/clock.ts'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'
import { Link } from './link.ts'

const ASK_MS = 5_000
const SCAN_COUNT = 1_000

/** Where a namespace's keys begin. The braces keep them together on one node. @throws FloodmarkError 'misuse' */
export function prefixOf(driver: string, namespace: string): string {
  if (!/^[a-z0-9-]{1,64}$/.test(namespace)) {
    throw new FloodmarkError('misuse', `'${namespace}' is no namespace: use 1-64 of a-z, 0-9 and -`)
  }
  return `floodmark:${driver}:{${namespace}}`
}

/** Deletes every key that starts so. */
export async function dropKeys(url: string, prefix: string): Promise<void> {
  const link = new Link(url, systemClock)
  await link.ready()
  try {
    let cursor = '0'
    do {
      const at = cursor
      const scan = await link.ask(ASK_MS, (client) => client.scan(at, 'MATCH', `${prefix}:*`, 'COUNT', SCAN_COUNT))
      const [next, keys] = scan
      if (keys.length > 0) await link.ask(ASK_MS, (client) => client.unlink(...keys))
      cursor = next
    } while (cursor !== '0')
  } finally {
    await link.close()
  }
}
