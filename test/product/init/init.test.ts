import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { loadConfig } from '../../../src/product/config/load.ts'
import { needing } from '../../needs.ts'
import { startIn } from '../../runner/floodmark.ts'

/** As where the kit is installed. */
function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'floodmark-init-'))
  mkdirSync(join(made, 'node_modules'))
  symlinkSync(resolve(import.meta.dirname, '../../..'), join(made, 'node_modules/floodmark'))
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  return made
}
const init = (cwd: string, ...args: string[]) => startIn(cwd, 'init', ...args).ended

const settings = { receiver: 'fastify', queue: 'memory', ledger: 'memory', inFlightMax: 70, publishDeadlineMs: 200 }
const row = (stack: string, place: string) => ({ stack, place })
const comparison = (...rows: object[]) => ({ scenarios: [{ classes: [{ rows }] }] })

describe('floodmark init', () => {
  it('writes a config that loads, handlers, and what to do next', async () => {
    const cwd = folder()
    const { code, out } = await init(cwd, '--provider', 'stripe', '--provider', 'shopify', '--queue', 'redis-streams')
    expect(code).toBe(0)
    expect(out).toContain('set STRIPE_WEBHOOK_SECRET, SHOPIFY_WEBHOOK_SECRET, REDIS_URL in the environment')
    const { config, routes } = await loadConfig(join(cwd, 'floodmark.config.ts'))
    expect(routes.map(({ path }) => path)).toEqual(['/webhooks/stripe', '/webhooks/shopify'])
    expect(config.queue).toEqual({ use: 'redis-streams', url: { env: 'REDIS_URL' } })
    expect(readFileSync(join(cwd, '.gitignore'), 'utf8')).toBe('data/\n.env\n')
  })

  it('shows how to write to a table of your own where the ledger is a database', async () => {
    const cwd = folder()
    expect((await init(cwd, '--provider', 'stripe', '--ledger', 'postgres')).code).toBe(0)
    expect(readFileSync(join(cwd, 'handlers.ts'), 'utf8')).toContain("tx.client.query('INSERT INTO")
    const other = folder()
    await init(other, '--provider', 'stripe')
    expect(readFileSync(join(other, 'handlers.ts'), 'utf8')).not.toContain('tx.client')
  })

  it('writes files that Node takes for modules where package.json says CommonJS, as that of npm init does', async () => {
    const cwd = folder()
    writeFileSync(join(cwd, 'package.json'), '{ "name": "shop", "type": "commonjs" }')
    writeFileSync(join(cwd, '.gitignore'), '.env\nnode_modules')
    const { code, out } = await init(cwd, '--provider', 'generic')
    expect([code, out]).toEqual([0, expect.stringContaining('write your work into handlers.mts')])
    expect((await loadConfig(join(cwd, 'floodmark.config.mts'))).config.handlers).toBe('./handlers.mts')
    expect(readFileSync(join(cwd, '.gitignore'), 'utf8')).toBe('.env\nnode_modules\ndata/\n')
    expect(await init(cwd, '--provider', 'generic')).toMatchObject({ code: 2 })
  })

  it.each([
    ['a run', { settings }, { receiver: 'fastify', queue: { use: 'memory' }, inFlightMax: 70, publishDeadline: 200 }],
    [
      'a comparison',
      comparison(row('raw-http → memory → lmdb, fsync always', 'first'), row('fastify → memory → lmdb', 'behind')),
      { receiver: 'raw-http', queue: { use: 'memory' }, ledger: { use: 'lmdb' } },
    ],
    [
      'a comparison of settings',
      comparison(
        row('raw-http → memory → lmdb, in-flight-max 300, publish-deadline 1.5s, fsync always', 'first'),
        row('raw-http → memory → lmdb, in-flight-max 30, publish-deadline 1.5s, fsync always', 'behind'),
      ),
      { queue: { use: 'memory' }, inFlightMax: 300, publishDeadline: 1_500 },
    ],
    [
      'a comparison of ceilings',
      { classes: [{ rows: [{ ...row('fastify → memory → lmdb', 'first'), found: { soakedPerS: 1_900 } }] }] },
      { receiver: 'fastify', queue: { use: 'memory' }, ceilingPerS: 1_900 },
    ],
    [
      'a search for the ceiling',
      { settings, found: { soakedPerS: null, interval: { low: 2_243.8, mid: 3_044, high: 3_501 } } },
      { receiver: 'fastify', ceilingPerS: 2_243 },
    ],
  ])('takes over the stack of %s', async (_, report, wanted) => {
    const cwd = folder()
    writeFileSync(join(cwd, 'measured.json'), JSON.stringify(report))
    expect(await init(cwd, '--provider', 'generic', '--from', 'measured.json')).toMatchObject({ code: 0 })
    expect((await loadConfig(join(cwd, 'floodmark.config.ts'))).config).toMatchObject(wanted)
  })

  it.each([
    [[], 'nobody sends yet: give --provider'],
    [['--provider', 'strope'], "did you mean 'stripe'?"],
    [['--provider', 'stripe', '--port', 'http'], "--port 'http' is no port"],
    [['--provider', 'stripe', '--from', 'gone.json'], 'there is no such file or folder'],
    [['--provider', 'stripe', '--from', 'none.json'], 'no stack came first'],
  ])('says in one line what is wrong with %j, and writes nothing', async (args, what) => {
    const cwd = folder()
    writeFileSync(join(cwd, 'none.json'), JSON.stringify(comparison(row('raw-http → memory → lmdb', 'unranked'))))
    const { code, err } = await init(cwd, ...args)
    expect([code, err]).toEqual([2, expect.stringContaining(what)])
    expect(() => readFileSync(join(cwd, 'floodmark.config.ts'))).toThrow()
  })

  const terminal = needing(existsSync('/usr/bin/script') ? undefined : 'there is no script (apt-get install bsdutils)')
  /** Answers each question when it has been asked, as who sits at a terminal. `undefined`: the end of input, Ctrl-D. */
  async function answering(cwd: string, answers: readonly (readonly [RegExp, string | undefined])[]) {
    const cli = resolve(import.meta.dirname, '../../../src/runner/cli/main.ts')
    const child = spawn('script', ['-qefc', `${process.execPath} ${cli} init`, '/dev/null'], { cwd })
    let out = ''
    let next = 0
    child.stdout.on('data', (data) => {
      out += data
      const [question, answer] = answers[next] ?? []
      if (!question?.test(out)) return
      next++
      out = ''
      child.stdin.write(answer === undefined ? '\x04' : `${answer}\n`)
    })
    const [code] = await once(child, 'close')
    return { code, out, asked: next }
  }

  it('asks who sits at a terminal, and asks again where an answer cannot be used', terminal, async () => {
    const cwd = folder()
    const { code, out, asked } = await answering(cwd, [
      [/\[generic]/, 'strope'],
      [/did you mean 'stripe'[\s\S]*\[generic]/, 'stripe, shopify'],
      [/\[embedded]/, 'postgres'],
      [/\[lmdb]/, 'postgress'],
      [/did you mean 'postgres'[\s\S]*\[lmdb]/, 'postgres'],
      [/\[8080]/, 'http'],
      [/is no port[\s\S]*\[8080]/, ''],
    ])
    expect([code, asked, out]).toEqual([0, 7, expect.stringContaining('Written: floodmark.config.ts, handlers.ts')])
    expect(out).toMatch(/serve, and .*work beside it/)
    const { config, routes } = await loadConfig(join(cwd, 'floodmark.config.ts'))
    expect(routes.map(({ path }) => path)).toEqual(['/webhooks/stripe', '/webhooks/shopify'])
    const store = { use: 'postgres', url: { env: 'DATABASE_URL' } }
    expect(config).toMatchObject({ queue: store, ledger: store, listen: { port: 8_080 } })
  })

  it('writes nothing when its questions are left', terminal, async () => {
    const cwd = folder()
    const { code, out } = await answering(cwd, [
      [/\[generic]/, 'stripe'],
      [/\[embedded]/, undefined],
    ])
    expect([code, out]).toEqual([2, expect.stringContaining('nothing is written')])
    expect(existsSync(join(cwd, 'floodmark.config.ts'))).toBe(false)
  })

  it('leaves a config that is there alone', async () => {
    const cwd = folder()
    writeFileSync(join(cwd, 'floodmark.config.ts'), 'mine')
    const { code, err } = await init(cwd, '--provider', 'stripe')
    expect([code, err]).toEqual([2, expect.stringContaining('is there already')])
    expect(readFileSync(join(cwd, 'floodmark.config.ts'), 'utf8')).toBe('mine')
  })
})
