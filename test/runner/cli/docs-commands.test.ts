import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { floodmark, startIn } from '../floodmark.ts'

const root = new URL('../../../', import.meta.url).pathname
const pages = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => join('docs', name))].filter((name) =>
  name.endsWith('.md'),
)

/** `npm run x -- words` of a page: in its blocks of commands, or anywhere in it. */
function commandsIn(page: string, inBlocks: boolean): string[][] {
  const text = readFileSync(join(root, page), 'utf8')
  const parts = inBlocks ? [...text.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block]) => block!) : [text]
  return parts
    .flatMap((part) => [...part.matchAll(/\bnpm run (\w[\w:]*)([^\n`#]*)/g)])
    .map(([, name, words]) => [name!, ...words!.split(/\s+/).filter((word) => word !== '' && word !== '--')])
}

const helps = new Map<string, Promise<string>>()
const helpOf = (name: string, action: string | undefined) => {
  const words = name === 'dlq' && action ? [name, action] : [name]
  const key = words.join(' ')
  helps.set(key, helps.get(key) ?? floodmark(...words, '--help').then(({ out }) => out))
  return helps.get(key)!
}
const scripts = Object.keys(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts)

describe('the commands in the documents', () => {
  it.each(pages)('exist, with flags that they have: %s', { timeout: 60_000 }, async (page) => {
    for (const [name, ...words] of commandsIn(page, false)) {
      expect(scripts, `${page}: npm run ${name}`).toContain(name)
      if (name === 'test' || name === 'lint') continue
      const help = await helpOf(name!, words[0])
      for (const flag of words.filter((word) => /^--[a-z]/.test(word)).map((word) => word.replace(/[=,.;:)].*$/, ''))) {
        if (flag === '--help') continue
        expect(help, `${page}: npm run ${[name, ...words].join(' ')}`).toMatch(
          new RegExp(`^ +(-\\w, )?${flag}\\b`, 'm'),
        )
      }
    }
  })

  const folder = mkdtempSync(join(tmpdir(), 'floodmark-docs-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  // Their meaning, in a few seconds, on any machine. The other pages run what tests of their own run: ceiling, compare, faults.
  const EASY: Readonly<Record<string, readonly string[]>> = {
    scenario: ['--quick', '--rate', '50', '--duration', '2s', '--p99', '30s'],
    compare: [
      '--queues',
      'memory',
      '--rate',
      '50',
      '--duration',
      '2s',
      '--p99',
      '30s',
      '--rounds',
      '1',
      '--force',
      '--quick',
    ],
  }
  const RUN = ['read-a-report', 'write-a-scenario', 'add-a-queue']

  it.each(RUN)('run as they are written, on the page %s', { timeout: 600_000, tags: 'full' }, async (page) => {
    const here = join(folder, page)
    mkdirSync(here)
    for (const name of ['examples', 'queues', 'node_modules']) symlinkSync(join(root, name), join(here, name))
    for (const [name, ...words] of commandsIn(join('docs', `${page}.md`), true)) {
      const easy = EASY[name!] ?? []
      if (name === 'report' && words.length > 0) await startIn(here, 'scenario', 'steady', ...EASY.scenario!).ended
      const { code, out, err } = await startIn(here, name!, ...words, ...easy).ended
      expect([0, 1, 4, 5], `${name} ${words.join(' ')}\n${out}${err}`).toContain(code)
    }
  })
})
