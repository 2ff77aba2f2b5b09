import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { fillFromEnvFile } from '../../../src/product/config/env-file.ts'
import { loadConfig } from '../../../src/product/config/load.ts'
import { readSettings } from '../../../src/runner/cli/settings/read-settings.ts'

const root = mkdtempSync(join(tmpdir(), 'floodmark-environment-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

function folderOf(files: Readonly<Record<string, string | Buffer>>): string {
  const folder = mkdtempSync(join(root, 'f-'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}
const read = (files: Readonly<Record<string, string | Buffer>>, env: NodeJS.ProcessEnv = {}, flags = {}) =>
  readSettings('steady', flags, { env, folder: folderOf(files) })

describe('settings', () => {
  it.each([
    ['floodmark.config.ts', 'const rate: string = "0.2k"; export default { rate, quick: true }'],
    ['floodmark.config.mts', 'const rate: string = "0.2k"; export default { rate, quick: true }'],
    ['floodmark.config.mjs', 'export default { rate: "0.2k", quick: true }'],
    ['floodmark.config.js', 'module.exports = { rate: "0.2k", quick: true }'],
    ['floodmark.config.cjs', 'module.exports = { rate: "0.2k", quick: true }'],
    ['floodmark.config.cts', 'module.exports = { rate: "0.2k", quick: true }'],
    ['floodmark.config.js', 'exports.__esModule = true; exports.default = { rate: "0.2k", quick: true }'],
    ['floodmark.config.mjs', 'const read = async () => ({ rate: "0.2k", quick: true }); export default read()'],
    ['floodmark.config.json', '\ufeff{ "rate": "0.2k", "quick": true }'],
  ])('are read from %s', async (name, text) => {
    expect(await read({ [name]: text })).toMatchObject({ ratePerS: 200, quick: true })
  })

  it('are those of a flag before the environment before .env before the config', async () => {
    const files = {
      'floodmark.config.json': '{ "rate": 1, "seed": 1, "inFlightMax": 1, "queue": "memory" }',
      '.env': 'FLOODMARK_RATE=2\nFLOODMARK_SEED=2\nFLOODMARK_IN_FLIGHT_MAX="2"\nOTHER=x\n',
    }
    const env = { FLOODMARK_RATE: '3', FLOODMARK_SEED: '3', PATH: '/bin' }
    const settings = await read(files, env, { rate: '4' })
    expect(settings).toMatchObject({ ratePerS: 4, seed: 3, inFlightMax: 2, queue: 'memory' })
    expect(env).toEqual({ PATH: '/bin' })
  })

  it('that are on or off may be written as people write it', async () => {
    expect((await read({}, { FLOODMARK_QUICK: 'TRUE' })).quick).toBe(true)
    expect((await read({ '.env': 'FLOODMARK_QUICK=0' })).quick).toBe(false)
    await expect(read({}, { FLOODMARK_QUICK: 'perhaps' })).rejects.toThrow('FLOODMARK_QUICK: must be true or false')
  })

  it('with a password, and what a target verifies with, are taken out of the environment', async () => {
    const env = { FLOODMARK_QUEUE_URL: 'redis://:word@x', FLOODMARK_SECRET_STRIPE: 'whsec_1', FLOODMARK_PORT: '7' }
    const settings = await read({ '.env': 'FLOODMARK_SECRET_LABEL_STUDIO=token' }, env)
    expect(settings).toMatchObject({
      queueUrl: 'redis://:word@x',
      signing: { stripe: 'whsec_1', 'label-studio': 'token' },
    })
    expect(env).toEqual({ FLOODMARK_PORT: '7' })
  })

  it('leave the logins at servers to their clients, of .env too', async () => {
    const logins = [
      'KAFKA_USER',
      'KAFKA_PASSWORD',
      'KAFKA_TOKEN',
      'KAFKA_TOKEN_FILE',
      'SENTINEL_USER',
      'SENTINEL_PASSWORD',
    ]
    const expected = Object.fromEntries(logins.map((name) => [`FLOODMARK_${name}`, 'file']))
    const lines = Object.entries(expected).map(([name, value]) => `${name}=${value}`)
    const env = { FLOODMARK_KAFKA_USER: 'environment' }
    await read({ '.env': lines.join('\n') }, env)
    expect(env).toEqual({ ...expected, FLOODMARK_KAFKA_USER: 'environment' })
  })

  it.each([
    [
      { 'floodmark.config.json': '{ "qeue": 1 }' },
      {},
      "floodmark.config.json has no setting 'qeue': did you mean 'queue'?",
    ],
    [{ 'floodmark.config.json': '{ rate: 1 }' }, {}, 'floodmark.config.json cannot be read: it is not JSON'],
    [{ 'floodmark.config.json': '[]' }, {}, 'floodmark.config.json must hold an object of settings, not'],
    [{ 'floodmark.config.json': '{ "rate": "fast" }' }, {}, "floodmark.config.json: rate: 'fast' is not a number"],
    [{ 'floodmark.config.mjs': 'export const rate = 1' }, {}, 'floodmark.config.mjs has no default export'],
    [
      { 'floodmark.config.ts': '', 'floodmark.config.json': '{}' },
      {},
      'floodmark.config.ts and floodmark.config.json: keep one',
    ],
    [{ '.env': 'FLOODMARK_RAET=1' }, {}, ".env: FLOODMARK_RAET is no setting: did you mean 'FLOODMARK_RATE'?"],
    [{ '.env': 'FLOODMARK_RATE=fast' }, {}, ".env: FLOODMARK_RATE: 'fast' is not a number"],
    [
      {},
      { FLOODMARK_IN_FLIGTH_MAX: '1' },
      "FLOODMARK_IN_FLIGTH_MAX is no setting: did you mean 'FLOODMARK_IN_FLIGHT_MAX'?",
    ],
    [{}, { FLOODMARK_SEED: 'x' }, 'FLOODMARK_SEED: '],
    [{}, { FLOODMARK_TARGET: 'https://x' }, 'FLOODMARK_TARGET must not be set: give --target with each command'],
    [{ 'floodmark.config.yaml': 'rate: 5' }, {}, 'floodmark.config.yaml is not read: call it floodmark.config.ts'],
    [{ '.floodmarkrc': '{}' }, {}, '.floodmarkrc is not read'],
    [{ 'floodmark.conf.js': '' }, {}, 'floodmark.conf.js is not read'],
    [{ '.env': Buffer.from([0x1f, 0x8b, 8]) }, {}, '.env cannot be read'],
  ])('%j with %j are refused, and it is said where they stand', async (files, env, what) => {
    await expect(read(files, env)).rejects.toThrow(what)
  })
})

describe('a service', () => {
  it('finds in .env what its config names, and the environment goes before it', async () => {
    const folder = folderOf({ '.env': 'FLOODMARK_TEST_A=file\nFLOODMARK_TEST_B=file\nNODE_OPTIONS=--inspect\n' })
    const env: NodeJS.ProcessEnv = { FLOODMARK_TEST_A: 'environment' }
    fillFromEnvFile(folder, env)
    const own = { ENV_FILE_NAMES_OF_FLOODMARK: 'FLOODMARK_TEST_B' }
    expect(env).toEqual({ FLOODMARK_TEST_A: 'environment', FLOODMARK_TEST_B: 'file', ...own })
  })

  it('takes what .env says now in place of what it said before, and leaves the environment as it was', () => {
    const env: NodeJS.ProcessEnv = { A: 'environment' }
    for (const text of ['A=1\nB=1\nC=1\n', 'A=2\nB=2\n']) fillFromEnvFile(folderOf({ '.env': text }), env)
    expect(env).toMatchObject({ A: 'environment', B: '2' })
    expect(env.C).toBeUndefined()
    fillFromEnvFile(folderOf({}), env)
    expect(env).toEqual({ A: 'environment' })
  })

  it.each([
    ['A=abc#def', 'abc#def'],
    ['A=abc#def # why', 'abc#def'],
    ['A=abc # why', 'abc'],
    ['export A = p@ss word#1\r', 'p@ss word#1'],
    ['A=#ff0000', '#ff0000'],
    ['A= # nothing', ''],
    ['A="abc#def" # why', 'abc#def'],
    ["A=it's#1", "it's#1"],
    ['A="-----BEGIN\nkey=\n-----END" # PEM', '-----BEGIN\nkey=\n-----END'],
  ])('reads in .env %j as people mean it', (line, value) => {
    const env: NodeJS.ProcessEnv = {}
    fillFromEnvFile(folderOf({ '.env': `# first\n${line}\nB=last\n` }), env)
    expect(env).toMatchObject({ A: value, B: 'last' })
  })

  it('may have its config in JSON', async () => {
    const route = { provider: 'stripe', secrets: { env: 'STRIPE' } }
    const config = { routes: { '/in': route }, handlers: './handlers.ts', queue: 'embedded' }
    const folder = folderOf({ 'floodmark.config.json': JSON.stringify(config) })
    const { routes } = await loadConfig(join(folder, 'floodmark.config.json'))
    expect(routes).toMatchObject([{ path: '/in', source: 'stripe' }])
  })
})
