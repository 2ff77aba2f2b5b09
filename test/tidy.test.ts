import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const KINDS = ['receivers', 'queues', 'ledgers', 'providers', 'scenarios']
const LINES_MAX = 350
/** A folder for what some of a kind share, as the drivers of one kind of server. It knows the core and itself, and only they import it. */
const SHARED: Record<string, readonly string[]> = {
  'queues/redis/': ['redis-streams', 'bullmq'],
  'queues/kafka-shared/': ['kafka', 'kafkajs'],
  'scenarios/shared/': readdirSync(join(root, 'scenarios')).map((name) => name.replace('.ts', '')),
}

function files(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|js|css)$/.test(name))
    .map((name) => join(folder, name))
}
const product = ['src', ...KINDS].flatMap(files)
const text = (file: string) => readFileSync(join(root, file), 'utf8')
const importsOf = (file: string) =>
  [...text(file).matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, to]) =>
    to!.startsWith('.') ? relative(root, resolve(root, dirname(file), to!)) : to!,
  )

describe('the architecture', () => {
  it('core imports nothing but node and itself', () => {
    for (const file of files('src/core')) {
      for (const to of importsOf(file)) expect(`${file} → ${to}`).toMatch(/ → (node:|src\/core\/)/)
    }
  })

  it('receivers, queues, ledgers, providers and scenarios know the core and their own parts, not each other', () => {
    for (const kind of KINDS) {
      for (const file of files(kind)) {
        const own = file.split('/')[1]!.replace('.ts', '')
        for (const to of importsOf(file).filter((one) =>
          /^(src|receivers|queues|ledgers|providers|scenarios)\//.test(one),
        )) {
          const allowed =
            to.startsWith('src/core/') ||
            own === 'index' ||
            to.startsWith(`${kind}/${own}/`) ||
            Object.entries(SHARED).some(([folder, users]) => to.startsWith(folder) && users.includes(own)) ||
            /^providers\/samples\//.test(to)
          expect(allowed, `${file} imports ${to}`).toBe(true)
        }
      }
    }
  })

  it('every implementation is in the map of its folder', () => {
    for (const kind of KINDS) {
      for (const file of readdirSync(join(root, kind)).filter((name) => name.endsWith('.ts') && name !== 'index.ts')) {
        expect(text(join(kind, 'index.ts')), `${kind}/${file}`).toContain(`import('./${file}')`)
      }
    }
  })

  it('no file is too long, and none has leftovers', () => {
    for (const file of product) {
      expect(text(file).split('\n').length, file).toBeLessThanOrEqual(LINES_MAX)
      expect(/\bTODO\b|\bFIXME\b|console\.log|debugger|@ts-ignore/.test(text(file)), file).toBe(false)
    }
  })
})
