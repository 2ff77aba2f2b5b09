import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { floodmark, played, runsFolder } from '../floodmark.ts'

const { root } = runsFolder()
const own = () => join(root, 'own')
const out = () => join(root, 'run')
const EASY = ['--rate', '200', '--duration', '3', '--p99', '300000']

/** A scenario and a provider of one's own; `extra` stands at the end of each file. */
function putFiles(extra: string): void {
  mkdirSync(own(), { recursive: true })
  const provider = `import generic from 'floodmark/providers/generic'
    export default { ...generic, name: 'mine', module: import.meta.url }\n`
  const scenario = `import { defineScenario } from 'floodmark'
    import steady from 'floodmark/scenarios/steady'
    export default defineScenario({ ...steady, retries: { timeScale: 60, tailMs: 100 }, mix: [
      { provider: './provider.ts', share: 1 }, { provider: 'stripe', share: 1 }] })\n`
  writeFileSync(join(own(), 'provider.ts'), provider + extra)
  writeFileSync(join(own(), 'scenario.ts'), scenario + extra)
}

/** What the last command left, without the pages that are made from report.json. */
const reportIn = (folder: string) => readFileSync(join(folder, 'report.json'), 'utf8')

describe('a report is made of its folder alone', () => {
  it('whatever has become of scenario and providers, no code of theirs is run, and it is the same to the byte', async () => {
    putFiles('')
    const ran = await played(out(), join(own(), 'scenario.ts'), ...EASY)
    expect(ran.code, ran.out + ran.err).toBe(0)
    const before = reportIn(out())
    expect(before).not.toContain('file:')

    const proof = join(root, 'proof')
    putFiles(
      `import { writeFileSync } from 'node:fs'\nwriteFileSync(${JSON.stringify(proof)}, '')\nthrow new Error('ran')`,
    )
    const edited = await floodmark('report', out())
    expect(edited.code, edited.err).toBe(0)
    expect(reportIn(out())).toBe(before)
    expect(existsSync(proof)).toBe(false)

    rmSync(own(), { recursive: true })
    const moved = join(root, 'moved')
    cpSync(out(), moved, { recursive: true })
    const gone = await floodmark('report', moved)
    expect(gone.code, gone.err).toBe(0)
    expect(reportIn(moved)).toBe(before)
  })

  it('and a module that its files name is no more than a text', async () => {
    const folder = join(root, 'named')
    cpSync(out(), folder, { recursive: true })
    const proof = join(root, 'named-proof')
    const module = `data:text/javascript,import('node:fs').then(f=>f.writeFileSync(${JSON.stringify(proof)},''))`
    const record = JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8'))
    const plan = JSON.parse(readFileSync(join(folder, 'plan.json'), 'utf8'))
    for (const part of plan.scenario.mix) part.provider = module
    writeFileSync(join(folder, 'run.json'), JSON.stringify({ ...record, scenario: module, module }))
    writeFileSync(join(folder, 'plan.json'), JSON.stringify(plan))
    const { code, err } = await floodmark('report', folder)
    expect(code, err).toBe(0)
    expect(existsSync(proof)).toBe(false)
  })

  it('one whose record lacks what this version writes is refused in one line', async () => {
    const folder = join(root, 'lacks')
    cpSync(out(), folder, { recursive: true })
    const record = JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8'))
    const { acceptP99Ms: _, ...setup } = record.setup
    writeFileSync(join(folder, 'run.json'), JSON.stringify({ ...record, setup }))
    const { code, err } = await floodmark('report', folder)
    expect(code).toBe(2)
    expect(err).toMatch(/^floodmark: .* was recorded by another version of floodmark, or is damaged: .*\n$/)
  })

  it.each([
    ['without a plan, as older ones are', (folder: string) => rmSync(join(folder, 'plan.json'))],
    ['with a plan of another format', (folder: string) => writeFileSync(join(folder, 'plan.json'), '{"format":0}')],
    ['with a torn planned.bin', (folder: string) => writeFileSync(join(folder, 'planned.bin'), 'FMPLAN01 torn')],
  ])('one %s is refused in one line, with exit 2', async (what, spoil) => {
    const folder = join(root, what)
    cpSync(out(), folder, { recursive: true })
    spoil(folder)
    const { code, err } = await floodmark('report', folder)
    expect(code).toBe(2)
    expect(err).toBe(
      `floodmark: ${folder} holds no plan that this version of floodmark can read: run its scenario again\n`,
    )
  })
})
