import { spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { reportSchema } from '../../../src/runner/report/report-schema.ts'
import { startIn, untilValid } from '../floodmark.ts'

const kit = resolve(import.meta.dirname, '../../..')
const examples = readdirSync(join(kit, 'examples')).filter((name) => name.endsWith('.ts'))
const root = mkdtempSync(join(tmpdir(), 'floodmark-own-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const EASY = ['--duration', '3s', '--p99', '300s']

/** An empty folder that is no part of the kit; `type`: what its package.json says, as the one of `npm init` does. */
function emptyFolder(type?: string): string {
  const folder = mkdtempSync(join(root, 'empty-'))
  if (type) writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'shop', type }))
  return folder
}

function put(folder: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
}

const reportIn = (folder: string) => reportSchema.parse(JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')))

/** npm from any folder; what is in the environment of these tests is not the person's. */
function npm(cwd: string, ...args: string[]): Promise<{ code: number | null; said: string }> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_|^INIT_CWD/.test(name)))
  const child = spawn('npm', args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => {
      said += data
    })
  return new Promise((done) => child.on('close', (code) => done({ code, said })))
}

describe('an example that is copied to an empty folder', () => {
  it.each(examples.filter((name) => readFileSync(join(kit, 'examples', name), 'utf8').includes('defineScenario')))(
    'runs as it is: %s',
    async (name) => {
      const folder = emptyFolder()
      copyFileSync(join(kit, 'examples', name), join(folder, name))
      const play = () => startIn(folder, 'scenario', name, ...EASY, '--out', 'run').ended
      const { code, out, err } = await untilValid(play, join(folder, 'run'))
      expect(code, out + err).toBe(0)
      expect(err).not.toContain('Warning')
      expect(reportIn(join(folder, 'run')).settings.scenario).toBe(name)
    },
  )

  it.each(examples)('can be imported as it is: %s', async (name) => {
    const folder = emptyFolder('commonjs')
    copyFileSync(join(kit, 'examples', name), join(folder, name))
    const hook = join(kit, 'src/runner/processes/resolve-floodmark.ts')
    const child = spawn(process.execPath, ['--import', hook, join(folder, name)], { stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    child.stderr.on('data', (data) => {
      said += data
    })
    expect(await new Promise((done) => child.on('close', done)), said).toBe(0)
    expect(said).toBe('')
  })
})

describe('files of your own', () => {
  it('are all found from any folder, by the name floodmark: scenario, config, receiver, queue, ledger, provider', async () => {
    const folder = emptyFolder('commonjs')
    mkdirSync(join(folder, 'parts'))
    put(folder, {
      'sale.ts': `import { defineScenario } from 'floodmark'
        import steady from 'floodmark/scenarios/steady'
        export default defineScenario({ ...steady, mix: [{ provider: './parts/provider.ts', share: 1 }] })`,
      'floodmark.config.ts': `import { defineConfig } from 'floodmark'
        export default defineConfig({ queue: 'parts/queue.ts', ledger: './parts/ledger.ts', rate: '0.2k', duration: '3s', p99: '300s' })`,
      'parts/receiver.ts': `import { type Receiver, serve } from 'floodmark'
        const receiver: Receiver = (options) => serve(options)
        export default receiver`,
      'parts/queue.ts': `import type { QueueDriver } from 'floodmark'
        import memory from 'floodmark/queues/memory'
        export default { ...memory } satisfies QueueDriver`,
      'parts/ledger.ts': `import type { LedgerDriver } from 'floodmark'
        import memory from 'floodmark/ledgers/memory'
        export default { ...memory } satisfies LedgerDriver`,
      'parts/provider.ts': `import { type Provider, SERVICE_DEFAULTS } from 'floodmark'
        import generic from 'floodmark/providers/generic'
        if (!SERVICE_DEFAULTS) throw new Error('no kit')
        export default { ...generic, name: 'mine', module: import.meta.url } satisfies Provider`,
    })
    const called = ['--prefix', kit, 'run', 'scenario', 'sale.ts', '--']
    const receivedBy = (receiver: string, out: string) =>
      untilValid(() => npm(folder, ...called, '--receiver', receiver, '--out', out), join(folder, out))
    const { code, said } = await receivedBy('parts/receiver.ts', 'run')
    expect(code, said).toBe(0)
    expect(said).not.toContain('Warning')
    const { settings, audit } = reportIn(join(folder, 'run'))
    expect(settings).toMatchObject({ receiver: 'parts/receiver.ts', queue: 'parts/queue.ts', ratePerS: 200 })
    expect(audit.applied).toBeGreaterThan(300)
    // A thread that verifies loads the provider too. The report is made again from elsewhere.
    const threads = await receivedBy('worker-hmac', 'threads')
    expect(threads.code, threads.said).toBe(0)
    const again = await npm(root, '--prefix', kit, 'run', 'report', '--', join(folder, 'run'))
    expect(again.code, again.said).toBe(0)
  })

  it.each([
    [
      'export const queue = 1',
      "floodmark.config.ts has no default export: write export default defineConfig({ queue: 'kafka' })",
    ],
    ['export default 7', 'floodmark.config.ts must export an object of settings as default, not 7'],
    ['export default { qeue: "kafka", rate: 1 }', "floodmark.config.ts has no setting 'qeue': did you mean 'queue'?"],
    ['export default { in_flight_max: 7 }', "no setting 'in_flight_max': did you mean 'inFlightMax'?"],
    ['export default { rate: "fast" }', "floodmark.config.ts: rate: 'fast' is not a number of events per second"],
    ['export default { quick: "yes" }', "floodmark.config.ts: quick: must be true or false, not 'yes'"],
    ['throw new Error("no luck")', 'floodmark.config.ts cannot be read: no luck'],
  ])('a config of %s is refused in one line, with exit 2', async (text, words) => {
    const folder = emptyFolder()
    put(folder, { 'floodmark.config.ts': text })
    const { code, err } = await startIn(folder, 'scenario', 'steady').ended
    expect(code).toBe(2)
    expect(err).toContain(words)
    expect(err.trim().split('\n')).toHaveLength(1)
  })

  it('a flag goes before the config', async () => {
    const folder = emptyFolder()
    put(folder, { 'floodmark.config.ts': 'export default { queue: "nope", rate: "fast" }' })
    const { err } = await startIn(folder, 'scenario', 'steady', '--rate', 'slow').ended
    expect(err).toContain("floodmark: --rate 'slow' is not a number of events per second: write 300, 3k or 3000/s")
  })
})
