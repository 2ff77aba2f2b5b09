import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { afterAll, describe, expect, it } from 'vitest'
import type { CommandFile } from '../../../src/runner/cli/commands.ts'
import { refuseSwallowed } from '../../../src/runner/cli/swallowed.ts'

const kit = resolve(import.meta.dirname, '../../..')
const folder = mkdtempSync(join(tmpdir(), 'floodmark-swallowed-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** npm as a person calls it, from the kit's folder or another. What is in the environment of these tests is not theirs. */
function npm(args: string, cwd = kit): Promise<{ code: number; err: string }> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_|^INIT_CWD/.test(name)))
  return new Promise((done) => {
    execFile('npm', args.split(' '), { cwd, env }, (error, _, err) => {
      const own = err.split('\n').filter((line) => line.startsWith('floodmark: '))
      done({ code: (error?.code as number | undefined) ?? 0, err: own.join('\n') })
    })
  })
}

describe('npm without --', () => {
  it.each([
    ['run scenario flash-sale --queue=kafka', 'npm run scenario flash-sale -- --queue kafka'],
    ['run scenario flash-sale --queue kafka', 'npm run scenario flash-sale -- --queue kafka'],
    ['run scenario flash-sale --quick', 'npm run scenario flash-sale -- --quick'],
    ['run scenario --quick flash-sale', 'npm run scenario flash-sale -- --quick'],
    ['run scenario --rate 300 flash-sale', 'npm run scenario flash-sale -- --rate 300'],
    ['run scenario flash-sale --rate 300 --queue kafka', 'npm run scenario flash-sale -- --queue kafka --rate 300'],
    ['run scenario flash-sale --p99=5 -- --quick', 'npm run scenario flash-sale -- --p99 5 --quick'],
    ['run scenario flash-sale --out=x', 'npm run scenario flash-sale -- --out x'],
    ['run dlq replay --rate=5 --namespace=shop', 'npm run dlq replay -- --namespace shop --rate 5'],
    ['run dlq purge --all --yes --dry-run', 'npm run dlq purge -- --all --dry-run --yes'],
    ['run simulate --seed 4', 'npm run simulate -- --seed 4'],
    ['run record stripe package.json --out=mine.jsonl', 'npm run record stripe package.json -- --out mine.jsonl'],
  ])('%s is refused with the line to type: %s', async (typed, line) => {
    const { code, err } = await npm(typed)
    expect(code).toBe(2)
    const [said, flags] = [
      err.split(' Type: ')[1]!,
      (text: string) => text.split(' -- ').map((half) => half.split(' ').sort()),
    ]
    expect(flags(said)).toEqual(flags(line))
  })

  it('from another folder the line finds the kit', async () => {
    const { code, err } = await npm(`--prefix ${kit} run scenario flash-sale --quick`, folder)
    expect(code).toBe(2)
    expect(err).toContain(`npm --prefix ${kit} run scenario flash-sale -- --quick`)
  })

  it('and with it, nothing is refused', async () => {
    expect((await npm('run scenario -- --help')).code).toBe(0)
    expect((await npm('run scenario')).code).toBe(0)
  })
})

const FILES: Record<string, () => Promise<CommandFile>> = {
  scenario: () => import('../../../src/runner/cli/scenario.ts'),
  report: () => import('../../../src/runner/cli/report.ts'),
  brokers: () => import('../../../src/runner/cli/brokers.ts'),
  dlq: () => import('../../../src/runner/cli/dlq/command.ts'),
  record: () => import('../../../src/runner/cli/record.ts'),
  simulate: () => import('../../../src/runner/cli/simulate.ts'),
  bench: () => import('../../../bench/command.ts'),
}

describe('a flag that npm kept', () => {
  it.each(Object.entries(FILES))('is refused, whichever of %s it is', async (name, load) => {
    const { define } = await load()
    const command = () => {
      const made = new Command(name).exitOverride()
      define(made)
      return made
    }
    const leaves = command().commands.length ? command().commands : [command()]
    for (const leaf of leaves) {
      for (const { long, required } of leaf.options) {
        const args = leaf.name() === name ? [] : [leaf.name()]
        const kept = `npm_config_${long!.slice(2).replaceAll('-', '_')}`
        const env = { npm_lifecycle_event: name, [kept]: required ? '7' : 'true' }
        expect(() => refuseSwallowed(command(), args, undefined, env), long).toThrow(
          [`Type: npm run ${name}`, ...args, '--', long!, ...(required ? ['7'] : [])].join(' '),
        )
        const exec = { ...env, npm_lifecycle_event: 'npx', npm_command: 'exec' }
        expect(() => refuseSwallowed(command(), args, undefined, exec), long).toThrow(
          [`Type: npm exec -- floodmark ${name}`, ...args, long!, ...(required ? ['7'] : [])].join(' '),
        )
        expect(() => refuseSwallowed(command(), args, undefined, { ...env, [kept]: '' })).not.toThrow()
        expect(() => refuseSwallowed(command(), args, undefined, { ...env, npm_lifecycle_event: 'test' })).not.toThrow()
      }
    }
  })

  it('is not told from a setting of npm of the same name in a file of npm', async () => {
    const dlq = new Command('dlq')
    ;(await FILES.dlq!()).define(dlq)
    writeFileSync(join(folder, '.npmrc'), 'yes = true\ndry-run=true\n')
    const kept = { npm_config_yes: 'true', npm_config_dry_run: 'true', npm_config_local_prefix: folder }
    const env = { npm_lifecycle_event: 'dlq', ...kept }
    expect(() => refuseSwallowed(dlq, ['purge'], undefined, env)).not.toThrow()
    writeFileSync(join(folder, '.npmrc'), 'yes = false\n')
    expect(() => refuseSwallowed(dlq, ['purge'], undefined, env)).toThrow('npm took --dry-run, --yes for itself')
  })

  it('gets a placeholder where it cannot be told which value is its own', async () => {
    const { define, takes } = await FILES.scenario!()
    const scenario = new Command('scenario')
    define(scenario)
    const env = { npm_lifecycle_event: 'scenario', npm_config_rate: 'true', npm_config_p99: 'true' }
    expect(() => refuseSwallowed(scenario, ['flash-sale', '300', '5'], takes, env)).toThrow(
      'Type: npm run scenario flash-sale -- --rate <events/s> --p99 <time>',
    )
  })
})
