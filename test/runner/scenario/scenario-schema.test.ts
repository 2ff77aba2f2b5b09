import { mkdtempSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { scenarios } from '../../../scenarios/index.ts'
import schemaDrift from '../../../scenarios/schema-drift.ts'
import steady from '../../../scenarios/steady.ts'
import { mistakesIn } from '../../../src/runner/scenario/schema.ts'
import { floodmark, runsFolder, startIn } from '../floodmark.ts'

const { root, run, reportOf } = runsFolder()
const drift = schemaDrift.drift!
const kill = { at: 0.2, forMs: 500, what: 'kill', strikes: 'stack' }
const poison = {
  at: 0.2,
  forMs: 500,
  what: 'poison',
  provider: 'shopify',
  type: 'orders/create',
  strikes: 'processors',
}

describe('the fields of a scenario', () => {
  it.each(Object.entries(scenarios))('are right in %s', async (name, load) => {
    const scenario = (await load()).default
    expect(mistakesIn(scenario)).toBeUndefined()
    expect(scenario.name).toBe(name)
  })

  it.each([
    ['name', { name: '' }],
    ['question', { question: undefined }],
    ['durationMs', { durationMs: 0 }],
    ['quickMs', { quickMs: Number.NaN }],
    ['shape', { shape: 1 }],
    ['shape', { shape: (at: number) => (at < 0.7 ? 1 : -1) }],
    ['shape', { shape: (at: number) => 1 / at }],
    ['shape', { shape: () => undefined }],
    ['phases', { phases: [] }],
    ['phases.0.until', { phases: [{ name: 'all', until: 0.9 }] }],
    ['phases.1.until', { phases: [0.5, 0.5, 1].map((until) => ({ name: 'part', until })) }],
    ['ratePerS', { ratePerS: '300' }],
    ['mix', { mix: [] }],
    ['mix.0.provider', { mix: [{ provider: 'strype', share: 1 }] }],
    ['mix.0.share', { mix: [{ provider: 'stripe', share: 0 }] }],
    ['mix.1.provider', { mix: [0.5, 0.5].map((share) => ({ provider: 'stripe', share })) }],
    ['keys.count', { keys: { count: 1.5, zipf: 1 } }],
    ['keys.zipf', { keys: { count: 1, zipf: -1 } }],
    ['effects.failOnce', { effects: { failOnce: 2, failAlways: 0 } }],
    ['faults.0.at', { faults: [{ ...kill, at: 1.5 }] }],
    ['faults.1.forMs', { faults: [kill, { ...kill, forMs: 0 }] }],
    ['faults.0.what', { faults: [{ ...kill, what: 'explode' }] }],
    ['faults.0.strikes', { faults: [{ ...kill, strikes: 'moon' }] }],
    ['faults.0.addMs', { faults: [{ ...kill, what: 'slow-disk' }] }],
    ['faults.0.provider', { faults: [poison] }],
    ['faults.0.type', { faults: [{ ...poison, provider: 'stripe', type: '' }] }],
    ['faults.0', { faults: [{ ...kill, addMs: 5 }] }],
    ['attacks.0.kind', { attacks: [{ kind: 'nuclear', at: 0, forMs: 1, times: 1 }] }],
    ['attacks.0.times', { attacks: [{ kind: 'forged', at: 0, forMs: 1, times: 1_000 }] }],
    ['retries.timeScale', { retries: { timeScale: 0, tailMs: 0 } }],
    ['balancer.tryMs', { balancer: { tryMs: 0 } }],
    ['processesMin', { processesMin: 1.5 }],
    ['drift.until', { drift: { ...drift, until: 0.1 } }],
    ['drift.shares', { drift: { ...drift, shares: { ...drift.shares, renamed: 0.95 } } }],
    ['drift.shares.missing', { drift: { ...drift, shares: { ...drift.shares, missing: undefined } } }],
    ['drift.strict.0', { drift: { ...drift, strict: ['shopify'] } }],
    ['drift', { drift, longBodies: { share: 0.5, bytes: { min: 1_000, max: 9_000 } } }],
    ['mix.0.provider', { drift: { ...drift, strict: [] }, mix: [{ provider: 'twilio', share: 1 }] }],
    ['passes.refusals', { passes: { ...steady.passes, refusals: true } }],
  ])('are named when they are wrong: %s in %o', (field, wrong) => {
    const said = mistakesIn({ ...steady, ...wrong })
    expect(said?.startsWith(`${field}: `), said).toBe(true)
    expect(said).not.toContain('; ')
  })

  it('are all named at once, and so is one that does not exist', () => {
    const said = mistakesIn({ ...steady, ratePerS: 0, spike: 100, keys: undefined })
    expect(said).toBe(
      "ratePerS: must be more than 0, not 0; keys: is missing: it must be an object; there is no field 'spike'",
    )
    expect(mistakesIn({ ...steady, spyke: 1, ratePerSec: 300 })).toBe(
      "there is no field 'spyke'; there is no field 'ratePerSec': did you mean 'ratePerS'?",
    )
    expect(mistakesIn(7)).toBe('must be an object, not 7')
  })

  it('may be every kind of fault', async () => {
    const troubles = (await import('../../planted/scenario-troubles.ts')).default
    const brokers = (await import('../../planted/scenario-broker-faults.ts')).default
    const full = (await import('../../planted/scenario-full-disk.ts')).default
    for (const planted of [troubles, brokers, full]) expect(mistakesIn(planted)).toBeUndefined()
  })
})

describe('a file of your own', () => {
  it.each([
    [
      `import steady from '${resolve('scenarios/steady.ts')}'\nexport default { ...steady, mix: [{ provider: 'strype', share: 1 }] }`,
      "mix.0.provider: unknown provider 'strype': did you mean 'stripe'? Use one of ",
    ],
    [
      `import poison from '${resolve('scenarios/poison.ts')}'\nexport default { ...poison, faults: [{ ...poison.faults[0], type: 'pull_request' }] }`,
      "faults.0.type: 'stripe' never sends 'pull_request': use one of charge.succeeded, invoice.paid, ",
    ],
    ['throw new Error("no luck\\ntoday")', 'cannot be loaded: no luck'],
    ['export const name = "sale"', 'no default export'],
    ['export default {', 'cannot be loaded: '],
    ['import "./nowhere.ts"\nexport default {}', 'cannot be loaded: Cannot find module'],
  ])('with a mistake is refused in one line, with exit 2: %s', async (text, what) => {
    const folder = mkdtempSync(join(root, 'own-'))
    writeFileSync(join(folder, 'my-sale.ts'), text)
    const { code, err } = await startIn(folder, 'scenario', './my-sale.ts').ended
    expect(code, err).toBe(2)
    expect(err).toContain(`./my-sale.ts: ${what}`)
    expect(err.trim().split('\n')).toHaveLength(1)
  })

  it('runs as ours do: examples/my-sale.ts', async () => {
    const { code, out, err } = await run('own', './examples/my-sale.ts', '--duration', '3')
    expect(code, out + err).toBe(0)
    const { scenario, audit, faults } = reportOf('own')
    expect(scenario.name).toBe('my-sale')
    expect(audit.planned).toBeGreaterThan(1_000)
    expect(faults).toHaveLength(1)
  })

  it('is found from the folder in which npm was called', async () => {
    const folder = mkdtempSync(join(root, 'called-'))
    writeFileSync(join(folder, 'my-sale.ts'), 'export const name = "sale"')
    vi.stubEnv('npm_lifecycle_event', 'scenario')
    vi.stubEnv('INIT_CWD', folder)
    const { code, err } = await floodmark('scenario', './my-sale.ts')
    expect(code).toBe(2)
    expect(err).toContain('./my-sale.ts: no default export')
    vi.unstubAllEnvs()
  })
})
