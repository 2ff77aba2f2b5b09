import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { keepPrivate, makePrivateFolder, openPrivate, writePrivate } from '../src/core/base/private-files.ts'

/** Bodies and ids of webhooks are their owner's: nothing that ships or measures makes a file past private-files.ts. */

const HELPER = 'src/core/base/private-files.ts'
/** Calls that make a file or folder with the modes of the umask. `openSync` and `createWriteStream` are looked at one by one. */
const MAKERS =
  /\b(mkdirSync|mkdtempSync|writeFileSync|appendFileSync|copyFileSync|cpSync|mkdir|mkdtemp|writeFile|appendFile|copyFile|cp)\(/g
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'src/runner/cli/compare-runs.ts: appendFileSync(': "a file of the person's own, as the summary of a CI job is",
  'src/runner/k6/export.ts: appendFileSync(': 'a script for k6 and its bodies, for whoever runs it',
  'src/product/init/write.ts: writeFileSync(': 'a config and handlers, for whoever builds and runs the service',
  "src/runner/testbed/small-disk.ts: open(filler, 'w')": 'zeros that fill a disk on purpose',
}

const root = resolve(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'floodmark-private-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const modeOf = (path: string) => statSync(path).mode & 0o777

function makersIn(text: string): string[] {
  if (!/from 'node:fs(\/promises)?'/.test(text)) return []
  const opens = [...text.matchAll(/\b(?:openSync|open|openFile)\([^()]*(?:\([^()]*\)[^()]*)?\)/g)].map(([call]) => call)
  const streams = [...text.matchAll(/\bcreateWriteStream\([^\n]*/g)].map(([call]) => call)
  return [
    ...[...text.matchAll(MAKERS)].map(([call]) => call),
    ...opens.filter((call) => /, '(r\+|[wa])/.test(call)),
    ...streams.filter((call) => !call.includes('fd: openPrivate(')),
  ]
}

describe('files that may hold webhooks', () => {
  it('are made by private-files.ts alone', () => {
    const found: string[] = []
    for (const kind of ['src', 'receivers', 'queues', 'ledgers', 'providers', 'scenarios']) {
      const names = readdirSync(join(root, kind), { recursive: true, encoding: 'utf8' })
      for (const name of names.filter((one) => one.endsWith('.ts')).map((one) => join(kind, one))) {
        if (name === HELPER) continue
        for (const call of makersIn(readFileSync(join(root, name), 'utf8'))) found.push(`${name}: ${call}`)
      }
    }
    expect(found.filter((one) => !(one in EXCEPTIONS))).toEqual([])
    expect(Object.keys(EXCEPTIONS).filter((one) => !found.includes(one))).toEqual([])
  })

  it('a file that goes past it is found', () => {
    const head = "import fs from 'node:fs'\n"
    for (const call of [
      "writeFileSync(path, '')",
      'mkdirSync(folder, { recursive: true })',
      "openSync(join(folder, 'x'), 'a')",
      "openSync(path, 'r+')",
      "await open(path, 'wx')",
      'createWriteStream(path)',
    ]) {
      expect(makersIn(head + call), call).toHaveLength(1)
    }
    expect(makersIn(`${head}openSync(dirname(path), 'r')`)).toEqual([])
  })

  it('are 0600 in folders of 0700, whatever the umask', () => {
    const program = `
      const { makePrivateFolder, writePrivate, openPrivate } = await import('${join(root, HELPER)}')
      for (const umask of [0, 0o022, 0o077, 0o177]) {
        process.umask(umask)
        const folder = '${folder}/' + umask + '/below'
        makePrivateFolder(folder)
        writePrivate(folder + '/written', 'x')
        openPrivate(folder + '/opened', 'wx')
      }`
    const { stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
    for (const umask of [0, 0o022, 0o077, 0o177]) {
      const at = join(folder, String(umask))
      const modes = ['', 'below', 'below/written', 'below/opened'].map((name) => modeOf(join(at, name)).toString(8))
      expect(modes, `umask ${umask.toString(8)}`).toEqual(['700', '700', '600', '600'])
    }
  })

  it('are closed to others where they were open; a folder above is left alone', () => {
    const above = join(folder, 'above')
    mkdirSync(above)
    chmodSync(above, 0o755)
    const own = join(above, 'own')
    mkdirSync(own)
    chmodSync(own, 0o2755)
    makePrivateFolder(own)
    expect(modeOf(own)).toBe(0o755)
    keepPrivate(own)
    expect(statSync(own).mode & 0o7777).toBe(0o2700)
    expect(modeOf(above)).toBe(0o755)
    for (const [name, open] of [
      ['w', writePrivate],
      ['a', openPrivate],
    ] as const) {
      const path = join(own, name)
      writeFileSync(path, 'old', { mode: 0o644 })
      chmodSync(path, 0o644)
      open(path, 'a')
      expect(modeOf(path), name).toBe(0o600)
    }
  })
})
