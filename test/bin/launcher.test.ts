import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'acorn'
import { describe, expect, it } from 'vitest'
import { BIN, clone } from './kit.ts'

const OLD = '20.20.2'
/** Plain TypeScript, so that a Node that cannot run it is seen to fail. */
const ECHO = `
const args: string[] = process.argv.slice(2)
console.log(JSON.stringify({ args, child: process.send !== undefined }))
process.exitCode = 42
`
const line = (text: string) => expect.stringMatching(new RegExp(`^floodmark: ${text}\\n$`))

describe('bin/floodmark.js', () => {
  it('is JavaScript that Node 12 can parse, and asks for no module by a name that it does not know', () => {
    const text = readFileSync(join(BIN, 'floodmark.js'), 'utf8')
    expect(() => parse(text, { ecmaVersion: 2019, sourceType: 'script', allowHashBang: true })).not.toThrow()
    expect([...text.matchAll(/require\('([^.'][^']*)'\)/g)].map(([, name]) => name)).toEqual([
      'child_process',
      'fs',
      'path',
    ])
    // What came after Node 12 and is no syntax.
    expect(text).not.toMatch(/Object\.hasOwn|\.at\(|replaceAll|structuredClone|import\.meta/)
  })

  it('runs the command line in its own process where Node runs TypeScript', async () => {
    const { start } = clone({ main: ECHO })
    const { code, out, err } = await start('scenario', '--rate', '5').ended
    expect([code, JSON.parse(out), err]).toEqual([42, { args: ['scenario', '--rate', '5'], child: false }, ''])
  })

  it.each(['12.22.12', OLD, '22.17.1', '23.11.1', '24.2.0'])(
    'runs it on the bundled Node where Node is %s, with the same arguments and exit code',
    async (version) => {
      const { start } = clone({ main: ECHO, bundled: true, version })
      const { code, out, err } = await start('scenario', '--rate', '5').ended
      expect([code, JSON.parse(out), err]).toEqual([42, { args: ['scenario', '--rate', '5'], child: true }, ''])
    },
  )

  it.each(['22.18.0', '22.22.0', '24.3.0', '26.0.0'])(
    'leaves the bundled Node alone where Node is %s',
    async (version) => {
      const { start } = clone({ main: ECHO, bundled: 'broken', version })
      const { code, err } = await start('scenario').ended
      expect([code, err]).toEqual([42, ''])
    },
  )

  it.each([
    [false, 'node-\\S+ is not installed: install Node 22.18 or newer, or run npm ci --include=optional in .*'],
    ['unheard of', 'npm has no newer one for \\S+ on \\S+: install Node 22.18 or newer'],
    ['broken', 'the newer one in node_modules does not start \\(ENOENT\\): install Node 22.18 or newer'],
  ] as const)('says in one line what to do where Node is too old and the bundled one is %s', async (bundled, what) => {
    const { start } = clone({ version: OLD, bundled })
    const { code, out, err } = await start('scenario').ended
    expect([code, out]).toEqual([3, ''])
    expect(err).toEqual(line(`Node 20.20.2 is too old, and ${what}`))
  })

  it.each([OLD, undefined])('says in one line that npm ci was forgotten, on Node %s', async (version) => {
    const { root, start } = clone({ installed: false, ...(version && { version }) })
    const { code, out, err } = await start('scenario').ended
    expect([code, out, err]).toEqual([3, '', `floodmark: nothing is installed: run npm ci in ${root}\n`])
  })

  it.each([
    ['shipped', 'npm ci'],
    ['developing', 'npm ci --include=dev'],
    ['@scope/optional', 'npm ci --include=optional'],
  ])('says in one line that %s is missing, also late: %s', async (name, how) => {
    for (const main of [`import '${name}/part.js'`, `await import('node:fs')\nawait import('${name}')`]) {
      const { root, start } = clone({ main })
      const { code, out, err } = await start('scenario').ended
      const what = `floodmark: the package ${name} is not installed: run ${how} in ${root}\n`
      expect([code, out, err]).toEqual([3, '', what])
    }
  })

  it('hides no other error, and no warning', async () => {
    const { start } = clone({ main: "process.emitWarning('careful')\nthrow new Error('a mistake')" })
    const { code, err } = await start('scenario').ended
    expect(code).toBe(1)
    expect(err).toMatch(/Error: a mistake\n {4}at /)
    expect(err).toMatch(/Warning: careful/)
  })

  it('runs lint and test by files of their own', async () => {
    const { start } = clone({})
    const { code, out } = await start('lint', '--help').ended
    expect([code, out]).toEqual([0, 'lint --help\n'])
  })

  it('is what every npm script calls', () => {
    const { scripts, bin } = JSON.parse(readFileSync(join(BIN, '../package.json'), 'utf8'))
    for (const [name, command] of Object.entries(scripts)) expect(command).toBe(`node bin/floodmark.js ${name}`)
    expect(bin).toEqual({ floodmark: 'bin/floodmark.js' })
  })
})
