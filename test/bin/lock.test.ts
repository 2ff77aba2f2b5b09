import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const read = (file: string) => JSON.parse(readFileSync(resolve(import.meta.dirname, '../..', file), 'utf8'))
const lock = read('package-lock.json').packages as Record<string, Record<string, unknown>>
const wanted = read('package.json') as Record<string, Record<string, string>>
const BUNDLED = /^node-(bin-)?(linux|darwin|win)-/
const AGAIN = 'run .ci/bundled-node.cjs, which writes it again'

describe('package-lock.json', () => {
  const bundled = Object.keys(wanted.optionalDependencies!).filter((name) => BUNDLED.test(name))

  it('pins one bundled Node for every platform by its digest', () => {
    expect(bundled).toHaveLength(5)
    const versions = bundled.map((name) => wanted.optionalDependencies![name])
    expect(new Set(versions).size).toBe(1)
    expect(versions[0]).toMatch(/^\d+\.\d+\.\d+$/)
    for (const name of bundled) {
      const { version, integrity, optional, hasInstallScript } = lock[`node_modules/${name}`]!
      expect([version, optional, hasInstallScript]).toEqual([versions[0], true, undefined])
      expect(integrity).toMatch(/^sha512-/)
    }
  })

  it('lets npm leave the bundled Node out where it is not needed, and never puts it into PATH', () => {
    for (const name of bundled) {
      const { engines, bin } = lock[`node_modules/${name}`]!
      expect(engines, `${name}: ${AGAIN}`).toEqual({ node: '<22.18.0 || >=23.0.0 <24.3.0' })
      expect(bin, `${name}: ${AGAIN}`).toBeUndefined()
    }
  })

  it('has every package by its digest, and install scripts only where the package comes built as well', () => {
    const scripts: string[] = []
    for (const [name, { integrity, hasInstallScript }] of Object.entries(lock)) {
      if (name !== '') expect(integrity, name).toMatch(/^sha512-/)
      if (hasInstallScript) scripts.push(name.replace(/.*node_modules\//, ''))
    }
    // fsevents is optional, and for macOS alone.
    expect(scripts.filter((name) => name !== 'fsevents').sort()).toEqual(['lmdb', 'msgpackr-extract'])
  })

  it('has none of the packages that only tests compare with', () => {
    for (const name of Object.keys(read('test/oracles/package.json').dependencies)) {
      expect(lock[`node_modules/${name}`], name).toBeUndefined()
    }
  })
})
