import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'

const DRIVER = new URL('../../queues/memory.ts', import.meta.url).href
const PROGRAM = `
import driver from ${JSON.stringify(DRIVER)}
const queue = await driver.open({ url: '', namespace: 'full' })
const eventOf = (n) => ({ id: 'test:' + n, key: 'k' + n, source: 'test', type: 'made', receivedAtMs: n, headers: { a: 'b' + n }, body: Buffer.from('{}') })
let refusal
for (let n = 0; !refusal; n += 64) {
  const events = Array.from({ length: 64 }, (_, at) => eventOf(n + at))
  refusal = await queue.publish(events, { deadlineMs: 1_000 }).then(() => undefined, ({ code, definite }) => ({ code, definite, n }))
}
console.log(JSON.stringify(refusal))
`

it('refuses small events as overloaded before they fill a small heap', () => {
  const args = ['--max-old-space-size=64', '--input-type=module', '-e', PROGRAM]
  const { stdout, stderr, signal } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 })
  expect({ signal, stderr }).toEqual({ signal: null, stderr: '' })
  const refusal = JSON.parse(stdout)
  expect(refusal).toMatchObject({ code: 'overloaded', definite: true })
  expect(refusal.n).toBeGreaterThan(10_000)
})
