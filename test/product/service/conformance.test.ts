import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { needing } from '../../needs.ts'
import { describeWithServer } from '../../servers.ts'
import { shop } from '../shop.ts'
import { Double, FLAWS, type Flaw } from './conformance-doubles.ts'
import { SCENARIOS, wrongEffects } from './conformance-scenarios.ts'
import { kill } from './kills.ts'

/** Works, and once is killed in the middle of an event's work. */
const HANDLERS = `import { appendFileSync, existsSync, writeFileSync } from 'node:fs'
export default (event, tx) => {
  tx.append('seen', Buffer.from(event.id))
  if (event.type !== 'crash' || existsSync('crashed')) return appendFileSync('tried', event.id + '\\n')
  writeFileSync('crashed', '')
  process.kill(process.pid, 'SIGKILL')
}
`
const linux = needing(
  existsSync('/proc/self/task') ? undefined : 'the processes of a process can be seen on Linux alone',
)

/** Runs all of them against a service of these commands, and gives what is wrong. A crash ends a process of each. */
async function wrongOn(commands: readonly (readonly string[])[], config: string) {
  const { start, seen, read } = shop(
    `limits: { backoff: { baseMs: 10, capMs: 50 }, leaseMs: 4_000, effectMs: 1_000 }, ${config}`,
    {
      'handlers.ts': HANDLERS,
    },
  )
  const services = commands.map((args) => start(...args))
  let log = ''
  for (const { child } of services) {
    child.stderr!.on('data', (data) => {
      log += data
    })
  }
  const port = await services[0]!.port
  if (services[1]) await services[1].until('processing')
  let crashes = 0
  const crash = async () => {
    crashes++
    for (const service of services) kill(service.members()[0])
    await Promise.all(services.map((service) => service.until('has ended (SIGKILL)', crashes)))
  }
  const wrong: Record<string, readonly string[]> = {}
  for (const { id, act } of SCENARIOS) {
    const found = await act({ port, crash, log: () => log })
    if (found.length > 0) wrong[id] = found
  }
  // What is accepted takes effect later: also what was in hand when its process was killed.
  const tried = () => read('tried').split('\n')
  await expect.poll(tried).toEqual(expect.arrayContaining(['in:s15-a', 'in:s15-b', 'in:s16-a']))
  const codes = (await Promise.all(services.map((service) => service.stop()))).map(({ code }) => code)
  return { wrong, codes, effects: wrongEffects((await seen()).map((id) => id.replace(/^in:/, ''))) }
}

describe('the sixteen scenarios of webhook-receiver-conformance', () => {
  it('pass on floodmark node', linux, async () => {
    expect(await wrongOn([['node']], '')).toEqual({ wrong: {}, codes: [0], effects: {} })
  })

  const CAUGHT_BY: Readonly<Record<Flaw, readonly string[]>> = {
    none: [],
    'FLAW-001': ['SCN-002', 'SCN-003', 'SCN-013'],
    'FLAW-002': ['SCN-003'],
    'FLAW-003': ['SCN-015'],
    'FLAW-004': ['SCN-015'],
    'FLAW-005': ['SCN-011'],
    'FLAW-006': ['SCN-007', 'SCN-008', 'SCN-009', 'SCN-010', 'SCN-011'],
    'FLAW-007': ['SCN-015'],
    'FLAW-008': ['SCN-004'],
    'FLAW-009': ['SCN-016'],
    'FLAW-010': ['SCN-013'],
  }
  it.for(Object.entries(CAUGHT_BY) as [Flaw, readonly string[]][])(
    'find the flaw of a receiver that has it alone: %s',
    async ([flaw, caughtBy]) => {
      const double = new Double(flaw)
      await double.start()
      const failed = new Set<string>()
      for (const { id, act } of SCENARIOS) if ((await act(double)).length > 0) failed.add(id)
      await double.stop()
      for (const id of Object.keys(wrongEffects(double.effects))) failed.add(id)
      expect([...failed], flaw === 'none' ? 'a right one' : FLAWS[flaw]).toEqual(expect.arrayContaining([...caughtBy]))
      if (flaw === 'none') expect([...failed]).toEqual([])
      // One that answers before its work loses whatever came shortly before a crash.
      if (flaw !== 'FLAW-004') expect(failed.has('SCN-001')).toBe(false)
    },
  )
})

describeWithServer('redis', (server) => {
  it('the sixteen scenarios pass on floodmark serve with work', {
    tags: 'full',
    ...linux,
  }, async () => {
    const stores = `queue: { use: 'redis-streams', url: '${server().url}' }, ledger: { use: 'redis', url: '${server().url}' },`
    const commands = [['serve', '--processes', '1'], ['work']]
    expect(await wrongOn(commands, stores)).toEqual({ wrong: {}, codes: [0, 0], effects: {} })
  })
})
