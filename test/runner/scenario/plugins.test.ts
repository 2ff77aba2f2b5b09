import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import generic from '../../../providers/generic.ts'
import memory from '../../../queues/memory.ts'
import { load, mistakeIn, opened, type Plugins } from '../../../src/runner/scenario/plugins.ts'
import { namesOf } from '../../../src/runner/scenario/registry.ts'
import { floodmark } from '../floodmark.ts'

const folder = mkdtempSync(join(tmpdir(), 'floodmark-plugins-'))
afterAll(() => rmSync(folder, { recursive: true }))
const KINDS = ['receiver', 'queue', 'ledger', 'provider'] as const
const path = (name: string, text: string) => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

describe('a plug-in', () => {
  it.each(KINDS)('of ours is right: every %s', async (kind) => {
    for (const name of namesOf(kind)) expect(mistakeIn(kind, await load(kind, name)), name).toBeUndefined()
  })

  it.each<[keyof Plugins, unknown, string]>([
    ['receiver', undefined, 'no default export: a receiver is exported as default, a function of ReceiverOptions'],
    ['receiver', { serve: 1 }, 'the default export must be a function of ReceiverOptions, not an object'],
    ['queue', undefined, 'no default export: a queue is exported as default, a driver { open, drop }'],
    ['queue', () => 1, 'the default export must be a driver { open, drop }, not a function'],
    ['queue', { drop: memory.drop }, 'open is missing: it must be a function'],
    ['queue', { ...memory, drop: true }, 'drop must be a function, not true'],
    ['ledger', null, 'the default export must be a driver { open, drop }, not null'],
    ['ledger', { open: 'lmdb', drop: memory.drop }, "open must be a function, not 'lmdb'"],
    ['ledger', { ...memory, server: 7 }, 'server must be a text, not 7'],
    ['provider', { ...generic, sign: undefined }, 'sign is missing: it must be a function'],
    ['provider', { ...generic, signatureHeaders: 'x-sig' }, "signatureHeaders must be a list of texts, not 'x-sig'"],
    [
      'provider',
      { ...generic, delivery: { ...generic.delivery, waitMs: 5 } },
      'delivery.waitMs must be a function, not 5',
    ],
    ['provider', 'mine', "the default export must be a provider { name, verify, sign, … }, not 'mine'"],
  ])('as a %s, %o is refused: %s', (kind, made, words) => {
    expect(mistakeIn(kind, made)).toBe(words)
  })

  it.each(KINDS.slice(0, 3))('given by path is named with its file, and the run ends with 2: a %s', async (kind) => {
    const file = path(`${kind}.ts`, 'export const name = 1')
    const { code, err } = await floodmark('scenario', 'steady', `--${kind}`, file)
    expect(code).toBe(2)
    expect(err).toMatch(/^floodmark: .*: no default export: .*\n$/)
    expect(err).toContain(file)
  })

  it('as a provider of a scenario is named with its file, counted from the scenario, and the run ends with 2', async () => {
    path('provider.ts', 'export default { name: "mine" }')
    const own = `import steady from 'floodmark/scenarios/steady'
      export default { ...steady, mix: [{ provider: './provider.ts', share: 1 }] }`
    const { code, err } = await floodmark('scenario', path('sale.ts', own))
    expect(code).toBe(2)
    expect(err).toMatch(/provider\.ts: module is missing: it must be a text\n$/)
  })

  it('that cannot be loaded is named with the reason, in one line', async () => {
    await expect(load('queue', path('throws.ts', 'throw new Error("no luck\\ntoday")'))).rejects.toThrow(
      /throws\.ts: cannot be loaded: no luck$/,
    )
  })

  it('whose open() gives no queue is named with its file, and the run ends with 2', async () => {
    const file = path('empty.ts', 'export default { open: async () => ({ traits: {} }), drop: async () => {} }')
    const { code, err } = await floodmark('scenario', 'steady', '--queue', file, '--out', join(folder, 'run'))
    expect(code, err).toBe(2)
    expect(err).toContain(`${file}: what open() resolves to is not a queue: publish is missing: it must be a function`)
    expect(() => opened('queue', undefined as never, 'file:///my-queue.ts')).toThrow('not a queue: it is undefined')
  })
})
