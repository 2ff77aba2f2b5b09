// @module-tag full
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { Sender } from '../product/shop.ts'
import { untilValid } from '../runner/floodmark.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const LEFT_OUT = ['.git', '.cache', 'reports', 'reference', 'dist'].map((name) => join(ROOT, name))
const work = mkdtempSync(join(tmpdir(), 'floodmark-package-'))
const shop = join(work, 'shop')
let tarball = ''
afterAll(() => rmSync(work, { recursive: true, force: true }))

const path = `${dirname(process.execPath)}:${process.env.PATH}`
const SECRET = 'a secret of some length'
const env = { ...process.env, PATH: path, npm_config_prefer_offline: 'true', GENERIC_WEBHOOK_SECRET: SECRET }
function run(cwd: string, command: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8', timeout: 240_000 })
  return { status, out: stdout, err: stderr }
}
const floodmark = (...args: string[]) => run(shop, join(shop, 'node_modules/.bin/floodmark'), ...args)
const mainJob = (cwd: string) =>
  untilValid(() => {
    const job = ['scenario', 'flash-sale', '--quick', '--rate', '50', '--p99', '300000']
    const { status: code, out } = run(cwd, join(cwd, 'node_modules/.bin/floodmark'), ...job)
    return { code, out }
  })

beforeAll(() => {
  // Packing puts another package.json in the place of the clone's: not beside other tests.
  const clone = join(work, 'clone')
  cpSync(ROOT, clone, {
    recursive: true,
    filter: (file) => basename(file) !== 'node_modules' && !LEFT_OUT.includes(file),
  })
  symlinkSync(join(ROOT, 'node_modules'), join(clone, 'node_modules'))
  const before = readFileSync(join(clone, 'package.json'), 'utf8')
  expect(run(clone, 'npm', 'pack')).toMatchObject({ status: 0 })
  expect(readFileSync(join(clone, 'package.json'), 'utf8')).toBe(before)
  expect(existsSync(join(clone, 'dist'))).toBe(false)
  tarball = join(clone, readdirSync(clone).find((name) => name.endsWith('.tgz'))!)
  mkdirSync(shop)
  writeFileSync(join(shop, 'package.json'), '{ "name": "shop", "version": "1.0.0" }')
  expect(run(shop, 'npm', 'install', '--no-audit', '--no-fund', tarball)).toMatchObject({ status: 0 })
}, 300_000)

describe('the package', { timeout: 300_000 }, () => {
  it('is JavaScript with types and source maps, without scripts and without what only some need', () => {
    const kit = join(shop, 'node_modules/floodmark')
    const manifest = JSON.parse(readFileSync(join(kit, 'package.json'), 'utf8'))
    expect([manifest.scripts, manifest.private, manifest.engines]).toEqual([undefined, undefined, { node: '>=22.18' }])
    expect(Object.keys(manifest.peerDependencies).toSorted()).toEqual(
      Object.keys(manifest.peerDependenciesMeta).toSorted(),
    )
    expect(existsSync(join(shop, 'node_modules/ioredis'))).toBe(false)
    const files = readdirSync(join(kit, 'dist'), { recursive: true, encoding: 'utf8' })
    expect(files.filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))).toEqual([])
    const made = files.filter((name) => name.endsWith('.js') && !name.startsWith('src/runner/render/page/'))
    expect(made.filter((name) => !files.includes(`${name}.map`))).toEqual([])
    for (const name of made) {
      expect(readFileSync(join(kit, 'dist', name), 'utf8'), name).not.toMatch(/new URL\(['"`][^'"`]*\.ts['"`]/)
    }
  })

  it('does nothing when it is imported, and has every part by its name', () => {
    writeFileSync(
      join(shop, 'use.mjs'),
      `import { readdirSync, readFileSync } from 'node:fs'
      const kit = 'node_modules/floodmark/'
      const { peerDependencies } = JSON.parse(readFileSync(kit + 'package.json', 'utf8'))
      const parts = ['providers', 'queues', 'ledgers', 'receivers', 'scenarios'].flatMap((kind) =>
        readdirSync(kit + 'dist/' + kind).filter((name) => /^[a-z0-9-]+\\.js$/.test(name)).map((name) => kind + '/' + name.slice(0, -3)))
      let imported = 0
      for (const name of ['floodmark', 'floodmark/testing', ...parts.map((part) => 'floodmark/' + part)]) {
        try {
          imported += Object.keys(await import(name)).length > 0 ? 1 : 0
        } catch ({ message }) {
          const missing = /^Cannot find package '([^']+)'/.exec(message)?.[1]
          if (!(missing in peerDependencies)) throw new Error(name + ': ' + message)
        }
      }
      const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'].map((name) => process.listenerCount(name))
      console.log(imported > 30, parts.includes('ledgers/lmdb'), ...signals)`,
    )
    // It ends by itself: nothing is open.
    expect(run(shop, process.execPath, 'use.mjs')).toEqual({ status: 0, out: 'true true 0 0 0\n', err: '' })
  })

  it('has the documents and the types that it speaks of', () => {
    const kit = join(shop, 'node_modules/floodmark')
    const readme = readFileSync(join(kit, 'README.md'), 'utf8')
    const links = [...readme.matchAll(/\]\(((?:docs|examples)\/[^)#]+|[A-Z]+\.md)/g)].map(([, file]) => file!)
    expect(links.length).toBeGreaterThan(5)
    const own = ['ARCHITECTURE.md', 'CONTRIBUTING.md']
    expect(links.filter((file) => !own.includes(file) && !existsSync(join(kit, file)))).toEqual([])
    const { exports } = JSON.parse(readFileSync(join(kit, 'package.json'), 'utf8'))
    for (const [name, to] of Object.entries<{ types: string; default: string } | string>(exports)) {
      if (typeof to === 'string') continue
      const folder = join(kit, dirname(to.default))
      const made = name.endsWith('*')
        ? readdirSync(folder).filter((file) => file.endsWith('.js'))
        : [basename(to.default)]
      expect(made.length, name).toBeGreaterThan(0)
      for (const file of made) expect(existsSync(join(folder, file.replace(/js$/, 'd.ts'))), file).toBe(true)
    }
  })

  it('says which package a part needs that is not installed', () => {
    const { status, err } = floodmark('scenario', 'flash-sale', '--queue', 'redis-streams', '--quick')
    expect([status, err]).toEqual([3, 'floodmark: the package ioredis is not installed: run npm install ioredis\n'])
  })

  it('runs the main job', async () => {
    const { code, out } = await mainJob(shop)
    expect(code, out).toBe(0)
    expect(out).not.toContain('npm run')
  })

  it('makes a service of a config and handlers in TypeScript, whose types are those of the package', async () => {
    expect(floodmark('init', '--provider', 'generic', '--host', '127.0.0.1', '--port', '0')).toMatchObject({
      status: 0,
    })
    expect(floodmark('check')).toMatchObject({ status: 0 })
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'esnext']
    const types = ['--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')]
    const tsc = [
      join(ROOT, 'node_modules/typescript/bin/tsc'),
      ...options,
      ...types,
      'floodmark.config.ts',
      'handlers.ts',
    ]
    expect(run(shop, process.execPath, ...tsc)).toEqual({ status: 0, out: '', err: '' })
    const node = spawn(join(shop, 'node_modules/.bin/floodmark'), ['node'], { cwd: shop, env })
    onTestFinished(() => void node.kill('SIGKILL'))
    let err = ''
    node.stderr.on('data', (data) => {
      err += data
    })
    const ended = once(node, 'close')
    while (!err.includes(' on http')) await Promise.race([once(node.stderr, 'data'), ended])
    const port = Number(/ on http:\/\/\S+:(\d+)/.exec(err)![1])
    expect(await new Sender().send(port, 'a', SECRET, '/webhooks/generic')).toBe(200)
    node.kill('SIGTERM')
    expect((await ended)[0], err).toBe(0)
  })

  it('works where pnpm has installed it', async () => {
    const other = join(work, 'pnpm')
    mkdirSync(other)
    writeFileSync(join(other, 'package.json'), '{ "name": "shop", "version": "1.0.0" }')
    expect(run(other, 'npx', '--yes', 'pnpm@10', 'add', tarball)).toMatchObject({ status: 0 })
    const bin = join(other, 'node_modules/.bin/floodmark')
    expect(run(other, bin, 'init', '--provider', 'stripe')).toMatchObject({ status: 0 })
    const { code, out } = await mainJob(other)
    expect(code, out).toBe(0)
  })
})
