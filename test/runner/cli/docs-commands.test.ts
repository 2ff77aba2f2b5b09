import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { floodmark } from '../floodmark.ts'

const root = new URL('../../../', import.meta.url).pathname
const pages = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => join('docs', name))].filter((name) =>
  name.endsWith('.md'),
)

/** `npm run x -- words` anywhere in a page. */
function commandsIn(page: string): string[][] {
  return [...readFileSync(join(root, page), 'utf8').matchAll(/\bnpm run (\w[\w:]*)([^\n`#]*)/g)].map(
    ([, name, words]) => [name!, ...words!.split(/\s+/).filter((word) => word !== '' && word !== '--')],
  )
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
  it.each(pages)('exist, with flags that they have: %s', async (page) => {
    for (const [name, ...words] of commandsIn(page)) {
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
})
