import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { standServers } from '../../../src/runner/ceiling/servers.ts'
import { settingsOf } from '../../../src/runner/plan/settings.ts'
import { moduleOf } from '../../../src/runner/scenario/registry.ts'
import type { SharedServers } from '../../../src/runner/servers/server.ts'
import { Links } from '../../../src/runner/testbed/links.ts'
import { startStores } from '../../../src/runner/testbed/stores.ts'
import { whyNoRedis } from '../../ledgers/redis-server.ts'
import { needing } from '../../needs.ts'

const folder = mkdtempSync(join(tmpdir(), 'floodmark-shared-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const { signal } = new AbortController()

it('trials on a server of their own write nothing that ends by itself, as a service does', {
  ...needing(whyNoRedis()),
}, async () => {
  const asked = settingsOf('steady', { queue: 'redis-streams', ledger: 'redis' }).settings
  const { settings, sharedServers, stop } = await standServers(asked, { folder, signal, onProgress: () => {} })
  const storesWith = async (known: SharedServers | undefined) => {
    const stores = await startStores({
      settings,
      modules: { queue: moduleOf('queue', 'redis-streams'), ledger: moduleOf('ledger', 'redis') },
      namespace: 'shared',
      durationMs: 1_000,
      dataFolder: folder,
      ownOnly: false,
      links: new Links([], 1),
      sharedServers: known,
      signal,
      onProgress: () => {},
    })
    await stores.stop()
    return { pids: stores.servers.map(({ pids }) => pids().length), kept: [stores.queue.keptMs, stores.ledger.keptMs] }
  }
  try {
    expect(await storesWith(sharedServers)).toEqual({ pids: [1], kept: [undefined, undefined] })
    // One that outlives the runs is somebody else's.
    const [url, { pids }] = Object.entries(sharedServers)[0]!
    const kept = [expect.any(Number), expect.any(Number)]
    expect(await storesWith({ [url]: { pids, endsWithThem: false } })).toEqual({ pids: [1], kept })
    expect(await storesWith(undefined)).toEqual({ pids: [0], kept })
  } finally {
    await stop()
  }
})
