import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { FloodmarkError } from '../src/core/contracts/errors.ts'
import { chromiumPath, launchChromium } from '../test/runner/render/chromium.ts'
import type { BenchOptions } from './lib/rounds.ts'
import { say } from './lib/table.ts'

/** What reports/example shows: a sale, a ceiling, a comparison. Give it a quiet machine for a quarter of an hour. A part that is there already is kept: delete it to make it anew. */

const EXAMPLE = 'reports/example'
const PARTS = {
  'flash-sale': { page: 'report.html', words: ['scenario', 'flash-sale', '--rate', '100'] },
  ceiling: { page: 'ceiling.html', words: ['ceiling', '--p99', '200ms'] },
  compare: {
    page: 'compare.html',
    words: [
      ...['compare', 'flash-sale', '--quick', '--rate', '50', '--queues', 'embedded,redis-streams'],
      ...['--rounds', '5'],
    ],
  },
} as const
/** What a reader opens. Raw records would be most of it, and are of use to nobody else. */
const KEPT = /\.(html|md|png)$|^(report|ceiling|compare)\.json$/
const WIDTHS = { wide: 1_200, narrow: 390 } as const

export default async function example({ force }: BenchOptions): Promise<void> {
  const root = join(import.meta.dirname, '..')
  process.chdir(root)
  for (const [name, { page, words }] of Object.entries(PARTS)) {
    const folder = join(EXAMPLE, name)
    if (!existsSync(join(folder, page))) {
      const asked = [...words, ...(force && name === 'compare' ? ['--force'] : [])]
      say(`\n${asked.join(' ')}`)
      spawnSync(process.execPath, ['bin/floodmark.js', ...asked, '--out', folder], { stdio: 'inherit' })
    }
    if (!existsSync(join(folder, page))) throw new FloodmarkError('unavailable', `${name} came to no page`)
    prune(folder)
  }
  await picture(join(EXAMPLE, 'flash-sale', 'report.html'), join(EXAMPLE, 'flash-sale.png'), WIDTHS.wide)
  await picture(join(EXAMPLE, 'flash-sale', 'report.html'), join(EXAMPLE, 'flash-sale-narrow.png'), WIDTHS.narrow)
  await picture(join(EXAMPLE, 'compare', 'compare.html'), join(EXAMPLE, 'compare.png'), WIDTHS.wide)
}

/** Of a comparison's runs and a search's trials their pages alone. */
function prune(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (!entry.isDirectory()) {
      if (!KEPT.test(entry.name)) rmSync(path)
      continue
    }
    const isRun = existsSync(join(path, 'report.html'))
    if (!isRun) rmSync(path, { recursive: true })
    else for (const name of readdirSync(path)) if (name !== 'report.html') rmSync(join(path, name), { recursive: true })
  }
}

/** The first screen, as a person sees it. */
async function picture(page: string, to: string, width: number): Promise<void> {
  const executablePath = chromiumPath()
  if (!executablePath) return say(`no browser for ${to}: apt-get install chromium, or CHROMIUM=<path>`)
  const browser = await launchChromium(executablePath)
  try {
    const shown = await browser.newPage({ viewport: { width, height: 900 } })
    await shown.goto(pathToFileURL(page).href)
    await shown.locator('header').screenshot({ path: to })
  } finally {
    await browser.close()
  }
}
