import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Manifest, published } from './manifest.ts'

/**
 * What `npm pack` runs before it packs: makes JavaScript, types and source maps in dist/, and puts the published package.json
 * in the place of ours until postpack.
 */

const ROOT = join(import.meta.dirname, '..')
const path = (...names: string[]) => join(ROOT, ...names)
/** What the code reads beside itself. */
const ASSETS = ['src/runner/render', 'infra']
const ASSET = /\.(css|js|yml|xml)$/

// One that was broken off has left ours there.
if (existsSync(path('package.json.ours'))) renameSync(path('package.json.ours'), path('package.json'))
rmSync(path('dist'), { recursive: true, force: true })
const tsc = spawnSync(process.execPath, [path('node_modules/typescript/bin/tsc'), '-p', path('build/tsconfig.json')], {
  cwd: ROOT,
  stdio: ['ignore', 2, 2],
})
if (tsc.status !== 0) process.exit(tsc.status ?? 1)
for (const folder of ASSETS) {
  for (const name of readdirSync(path(folder), { recursive: true, encoding: 'utf8' })) {
    if (!ASSET.test(name)) continue
    mkdirSync(dirname(path('dist', folder, name)), { recursive: true })
    cpSync(path(folder, name), path('dist', folder, name))
  }
}
const manifest = JSON.parse(readFileSync(path('package.json'), 'utf8')) as Manifest
renameSync(path('package.json'), path('package.json.ours'))
writeFileSync(path('package.json'), `${JSON.stringify(published(manifest), null, 2)}\n`)
