import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { FloodmarkError } from '../../../src/core/contracts/errors.ts'
import type { Effects } from '../../../src/core/contracts/ledger.ts'
import { handlers } from '../../../src/core/handling/handlers.ts'
import { telling, toldOf } from '../../../src/product/service/told.ts'
import { testReceiver } from '../../../testing.ts'
import { floodmark, runsFolder } from '../../runner/floodmark.ts'
import { shop } from '../shop.ts'

const RUN = '3f9c1a2b4d'

async function told(effects: Effects, ids: readonly string[], run = RUN): Promise<string[]> {
  const receiver = await testReceiver({ providers: ['generic'], handlers: telling(effects) })
  for (const id of ids)
    await receiver.send('generic', { id, body: { type: id.includes('-1') ? 'odd' : 'even', key: id } })
  await receiver.settled()
  const lines = await Array.fromAsync(toldOf(receiver.ledger, run))
  await receiver.stop()
  return lines.map((line) => line.replace(/ \d{13}( dead)?$/, ' at$1')).sort()
}
const digest = (id: string, type: string) => {
  const body = JSON.stringify({ type, key: id })
  return createHash('sha256').update(body).digest('hex').slice(0, 16)
}
const LINES = [`generic:${RUN}-1 ${digest(`${RUN}-1`, 'odd')} at`, `generic:${RUN}-2 ${digest(`${RUN}-2`, 'even')} at`]

it.for([
  ['one effect', () => {}],
  ['one that takes a while', async () => {}],
  ['two', { books: () => {}, mails: () => {} }],
  ['some that are for some', handlers({ odd: { on: { type: 'odd' }, handle: () => {} } })],
  [
    'each for its own',
    handlers({ odd: { on: { type: 'odd' }, handle: () => {} }, even: { on: { type: 'even' }, handle: () => {} } }),
  ],
] as const)('each event of a run is told once by %s, and no other', async ([, effects]) => {
  const copies = [`${RUN}-1`, `${RUN}-2`, `${RUN}-2`, 'evt_1', 'w3f9c1a2b4-7', `0000000000-5`]
  expect(await told(effects as Effects, copies)).toEqual(LINES)
})

it('what was given up is told as that', async () => {
  const refuses = () => {
    throw new FloodmarkError('rejected', 'no')
  }
  expect(await told({ books: refuses }, [`${RUN}-1`, '0000000000-5'])).toEqual([`${LINES[0]} dead`])
})

const GITHUB = 'a-secret-of-the-test-0123456789'
const CONFIG = `routes: { '/hooks/github': { provider: 'github', secrets: { env: 'HOOK_SECRET' } } }`
const { root, reportOf } = runsFolder()

it('a run against floodmark node is audited whole', async () => {
  const { start } = shop(CONFIG, { 'handlers.ts': 'export default () => {}\n' })
  const node = start('node', '--tell-effects', '--admin-port', '0', { HOOK_SECRET: GITHUB })
  const port = await node.port
  await node.until('effects of runs on')
  const effects = node.said(/effects of runs on (\S+)/)
  expect((await fetch(`${effects}?run=latest`)).status).toBe(400)
  process.env.FLOODMARK_SECRET_GITHUB = GITHUB
  const { code, out, err } = await floodmark(
    ...['scenario', 'steady', '--target', `http://127.0.0.1:${port}/hooks/{provider}`, '--provider', 'github'],
    ...['--effects', effects, '--quick', '--rate', '100', '--duration', '1', '--p99', '300000'],
    ...['--out', `${root}/node`],
  )
  // 5: the machine was too busy to send as planned.
  expect([0, 5], out + err).toContain(code)
  const { audit } = reportOf('node')
  expect(audit).toMatchObject({ applied: audit.planned, lost: 0, altered: 0, duplicateEffects: 0 })
  expect((await node.stop()).code).toBe(0)
})

it('nothing is told unasked, and not without a port for it', async () => {
  const { start } = shop('admin: { port: 0 }')
  const node = start('node')
  await node.until('status on')
  const answer = await fetch(node.said(/status on (\S+)\/status/).concat(`/effects?run=${RUN}`))
  expect([answer.status, await answer.json()]).toEqual([
    404,
    { wrong: 'start the service with --tell-effects: else it keeps no such lines' },
  ])
  expect((await node.stop()).code).toBe(0)
  const { code, err } = await shop().start('node', '--tell-effects').ended
  expect([code, err]).toEqual([2, expect.stringContaining('give --admin-port 9090')])
  const wrong = await shop().start('node', '--admin-port', 'ninety').ended
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringMatching(/--admin-port .*ninety/)])
})
