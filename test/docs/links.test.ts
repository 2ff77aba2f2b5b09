import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { blocksOf, PAGES, proseOf, ROOT } from './pages.ts'

/** Of a heading, as GitHub makes it. */
function slugsOf(page: string): string[] {
  const seen = new Map<string, number>()
  return [...proseOf(page).matchAll(/^#{1,6} +(.+?) *$/gm)].map(([, heading]) => {
    const slug = heading!
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}\-_ ]/gu, '')
      .replaceAll(' ', '-')
    const times = seen.get(slug) ?? 0
    seen.set(slug, times + 1)
    return times === 0 ? slug : `${slug}-${times}`
  })
}

/** The links of a page into the repository that lead nowhere. */
function broken(page: string, prose = proseOf(page)): string[] {
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!)
  return links.filter((target) => {
    if (/^(https?|mailto):/.test(target)) return false
    const [path = '', anchor] = target.split('#')
    const file = path === '' ? join(ROOT, page) : join(ROOT, dirname(page), decodeURIComponent(path))
    if (!existsSync(file)) return true
    if (anchor === undefined) return false
    if (!file.endsWith('.md')) return !readFileSync(file, 'utf8').includes(`id="${anchor}"`)
    return !slugsOf(file.slice(ROOT.length)).includes(anchor)
  })
}

/** The same of a page of HTML. */
function brokenInHtml(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8')
  const ids = new Set([...text.matchAll(/\bid="([^"]+)"/g)].map(([, id]) => id!))
  const links = [...text.matchAll(/<a [^>]*?href="([^"]+)"/g)].map(([, target]) => target!)
  return links.filter((target) => {
    if (/^(https?|data):/.test(target)) return false
    if (target.startsWith('#')) return !ids.has(target.slice(1))
    return !existsSync(join(ROOT, dirname(file), decodeURIComponent(target.split('#')[0]!)))
  })
}

describe('the links of a page', () => {
  it.each(PAGES)('lead somewhere: %s', (page) => {
    expect(broken(page)).toEqual([])
  })

  it.each(['flash-sale/report.html', 'ceiling/ceiling.html', 'compare/compare.html'])(
    'lead somewhere: reports/example/%s',
    (file) => {
      expect(brokenInHtml(join('reports/example', file))).toEqual([])
    },
  )

  it('are found where they lead nowhere', () => {
    const links = '[a](docs/none.md) [b](#no-such) [c](docs/decisions.md) [d](#read-a-report) [e](docs/target.md#none)'
    expect(broken('README.md', links)).toEqual(['docs/none.md', '#no-such', 'docs/target.md#none'])
  })
})

describe('a block of commands', () => {
  it.each(PAGES)('says that it is one, so that it is run: %s', (page) => {
    const silent = blocksOf(page).filter(
      ({ language, text }) => language !== 'sh' && /^([A-Z_]+=\S+ )?(npm|npx|k6|node) /m.test(text),
    )
    expect(silent.map(({ line }) => line)).toEqual([])
  })
})
