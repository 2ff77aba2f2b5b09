import { randomUUID } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe } from 'vitest'
import { provide } from '../src/runner/servers/provide.ts'
import type { ProvideOptions, Server } from '../src/runner/servers/server.ts'
import { EVERYTHING_REQUIRED, fullUnless } from './needs.ts'

/** Starting may fetch Kafka, once. */
const START_MS = 300_000

/**
 * A suite on a real server of its own, shared by its tests and stopped after them. `server()` is for use inside tests.
 * Where the server cannot be had, its tests are skipped with the reason, and fail with REQUIRE_BROKERS=1. Those on Kafka take long:
 * it has to be fetched, and each start takes ten seconds.
 */
export function describeWithServer(
  kind: string,
  suite: (server: () => Server, folder: string) => void,
  options: Pick<ProvideOptions, 'fsync'> = {},
): void {
  describe(`on a real ${kind} server`, fullUnless(!kind.startsWith('kafka')), () => {
    const folder = join(tmpdir(), `floodmark-${kind}-${randomUUID()}`)
    let server: Server | undefined
    let why = ''
    beforeAll(async () => {
      mkdirSync(folder)
      try {
        server = await provide(kind, { ...options, folder, nativeOnly: true, onProgress: () => {} })
      } catch (error) {
        if (EVERYTHING_REQUIRED) throw error
        why = (error as Error).message
      }
    }, START_MS)
    afterAll(async () => {
      await server?.stop()
      rmSync(folder, { recursive: true, force: true })
    })
    beforeEach(({ skip }) => skip(server === undefined, `no ${kind} server: ${why}`))
    suite(() => {
      if (!server) throw new Error(`no ${kind} server: ${why}`)
      return server
    }, folder)
  })
}
