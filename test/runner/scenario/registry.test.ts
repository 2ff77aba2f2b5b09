import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { shortName } from '../../../src/core/base/short-name.ts'
import { nearest } from '../../../src/runner/scenario/nearest.ts'
import { isThere, moduleOf } from '../../../src/runner/scenario/registry.ts'

const folder = mkdtempSync(join(tmpdir(), 'floodmark-paths-'))
const file = join(folder, 'deep', 'my-sale.ts')
const before = process.cwd()
beforeAll(() => {
  mkdirSync(join(folder, 'deep'))
  writeFileSync(file, 'export default {}')
  writeFileSync(join(folder, 'steady'), '')
  process.chdir(folder)
})
afterAll(() => {
  process.chdir(before)
  rmSync(folder, { recursive: true })
})

describe('a file of your own', () => {
  it.each([
    'deep/my-sale.ts',
    './deep/my-sale.ts',
    'deep/../deep/my-sale.ts',
    '.\\deep\\my-sale.ts',
    'deep\\my-sale.ts',
  ])('is found at %s', (path) => {
    expect(moduleOf('scenario', path)).toBe(pathToFileURL(file).href)
    expect(isThere('scenario', path)).toBe(true)
  })

  it('is found by its name alone, by its absolute path, and by its URL', () => {
    process.chdir(join(folder, 'deep'))
    for (const name of ['my-sale.ts', file, pathToFileURL(file).href])
      expect(moduleOf('scenario', name)).toBe(pathToFileURL(file).href)
    process.chdir(folder)
  })

  it('is not taken where its name is one of ours', () => {
    expect(moduleOf('scenario', 'steady')).toMatch(/\/scenarios\/steady\.ts$/)
  })

  it.each([
    ['scenario', './none.ts', 'there is no file ./none.ts for the scenario: looked for '],
    ['queue', 'C:\\x\\my-queue.ts', 'there is no file C:\\x\\my-queue.ts for the queue'],
    ['queue', 'none.ts', 'there is no file none.ts for the queue'],
    ['scenario', 'deep/my-sale', 'there is no file deep/my-sale for the scenario: did you mean deep/my-sale.ts?'],
    ['scenario', 'deep/', 'deep/ is a folder: give the file of the scenario'],
    ['scenario', 'file:///none.ts', 'there is no file file:///none.ts for the scenario'],
    ['scenario', 'flash-sael', "unknown scenario 'flash-sael': did you mean 'flash-sale'? Use one of flash-sale, "],
    ['receiver', 'fastfiy', "unknown receiver 'fastfiy': did you mean 'fastify'?"],
    ['queue', 'kakfa', "unknown queue 'kakfa': did you mean 'kafka'?"],
    ['ledger', 'reddis', "unknown ledger 'reddis': did you mean 'redis'?"],
    ['provider', 'strype', "unknown provider 'strype': did you mean 'stripe'?"],
    ['queue', 'rabbitmq', "unknown queue 'rabbitmq': use one of memory, "],
  ] as const)('%s %s: %s', (kind, name, words) => {
    expect(() => moduleOf(kind, name)).toThrow(words)
    expect(isThere(kind, name)).toBe(false)
  })

  it('has a short name, for titles and sources', () => {
    for (const name of ['my-sale', './my-sale.ts', 'C:\\x\\my-sale.ts', 'file:///x/my-sale.mts'])
      expect(shortName(name)).toBe('my-sale')
  })
})

describe('the nearest name', () => {
  it.each([
    ['quick', ['queue', 'quick'], 'quick'],
    ['qiuck', ['queue', 'quick'], 'quick'],
    ['SEED', ['seed', 'senders'], 'seed'],
    ['x', ['lmdb', 'redis'], undefined],
    ['inflightmax', ['inFlightMax'], 'inFlightMax'],
  ])('to %s of %j is %s', (written, names, name) => {
    expect(nearest(written, names)).toBe(name)
  })
})
