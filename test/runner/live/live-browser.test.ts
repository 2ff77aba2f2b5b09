// @module-tag full: a browser watches whole runs.
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { needing } from '../../needs.ts'
import { planted, runsFolder, start } from '../floodmark.ts'
import { chromiumPath, launchChromium } from '../render/chromium.ts'
import { addressOf } from './watched.ts'

const { root, reportOf } = runsFolder()
const found = chromiumPath()
const missing = found ? undefined : 'there is no browser (apt-get install chromium, or CHROMIUM=<path>)'

/** The page remembers its last tiles, also when it has become the report. */
const REMEMBER = `new MutationObserver(() => {
  const tiles = [...document.querySelectorAll('#tiles .tile')].map((one) => [one.querySelector('span').textContent, one.querySelector('b').textContent])
  if (tiles.length > 0) sessionStorage.tiles = JSON.stringify(tiles)
}).observe(document, { subtree: true, childList: true })`

/** The page of each has charts while it goes on. */
const DRAWN = '#rates canvas'

describe('the live page in a browser', { timeout: 400_000, ...needing(missing) }, () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium(found!)
  })
  afterAll(async () => {
    await browser?.close()
  })

  /** Lets a browser look at a command from its first moment to what its page becomes. */
  async function watch(words: string[], name: string, lookAt: (page: Page) => Promise<unknown> = async () => {}) {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
    const complaints: string[] = []
    page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`))
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.addInitScript(REMEMBER)
    // Not before the page is there: the address is said once.
    const { child, ended } = start(...words, '--live', '--out', join(root, name))
    try {
      await page.goto(await addressOf(child))
      await page.waitForSelector(DRAWN, { timeout: 120_000 })
      if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, `live-${name}.png`) })
      // What it becomes has a verdict in its header; nothing was navigated to.
      await page.waitForURL('**/report', { timeout: 200_000 })
      const { code, out, err } = await ended
      expect([0, 1, 4, 5], out + err).toContain(code)
      expect(complaints).toEqual([])
      await lookAt(page)
    } finally {
      await page.close()
      child.kill()
    }
  }

  it('draws a run while it goes on, without an error, and ends as the report of it', async () => {
    const easy = ['--rate', '200', '--duration', '6', '--p99', '300000']
    await watch(['scenario', planted('scenario-kills'), ...easy], 'run', async (page) => {
      const report = reportOf('run')
      expect(await page.locator('.verdict').first().textContent()).toContain(report.verdict)
      expect(await page.locator('#accounting').textContent()).toContain(report.audit.planned.toLocaleString('en'))
      const told: [string, string][] = JSON.parse(await page.evaluate('sessionStorage.tiles'))
      const tiles = Object.fromEntries(told)
      const { audit } = report
      expect(tiles).toMatchObject({
        sent: (audit.planned - audit.unsent).toLocaleString('en'),
        accepted: report.latency.accepted.all.count.toLocaleString('en'),
        'took effect': audit.applied.toLocaleString('en'),
      })
    })
  })

  it('draws the trials of a search for a ceiling', async () => {
    await watch(['ceiling', '--trial', '2', '--budget', '25', '--max-rate', '300'], 'ceiling')
  })

  it('draws the runs of a comparison', async () => {
    const easy = ['--quick', '--rate', '50', '--duration', '2', '--p99', '30s', '--rounds', '1', '--force']
    await watch(['compare', 'steady', '--queues', 'memory', '--ledger', 'memory', ...easy], 'compare')
  })
})
