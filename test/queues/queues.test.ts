import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { queues } from '../../queues/index.ts'
import { queueContract } from '../contract/queue.ts'

const folder = mkdtempSync(join(tmpdir(), 'floodmark-queues-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let namespaces = 0

/** The queues that need no server. Each other queue has its own test file. */
for (const [name, load] of Object.entries(queues)) {
  const { default: driver } = await load()
  if (driver.server !== undefined) continue
  queueContract(name, async () => {
    const at = { url: folder, namespace: `n${namespaces++}` }
    const module = new URL(`../../queues/${name}.ts`, import.meta.url).pathname
    return {
      open: (options) => driver.open({ ...at, ...options }),
      drop: () => driver.drop(at),
      child: { driver: module, ...at },
    }
  })
}
