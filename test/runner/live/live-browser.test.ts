// @module-tag full: a browser watches a whole run.
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { needing } from '../../needs.ts'
import { planted, runsFolder, start } from '../floodmark.ts'
import { chromiumPath } from '../render/chromium.ts'

const { root, reportOf } = runsFolder()
const found = chromiumPath()
const missing = found ? undefined : 'there is no browser (apt-get install chromium, or CHROMIUM=<path>)'

describe('the live page in a browser', needing(missing), () => {
  it('draws the run while it goes on, without an error, and ends as the report of it', {
    timeout: 180_000,
  }, async () => {
    // It takes its time on a busy machine, and must not miss the run.
    const browser = await chromium.launch({ executablePath: found!, args: ['--no-sandbox', '--disable-gpu'] })
    const easy = ['--rate', '200', '--duration', '6', '--p99', '30000']
    const { child, ended } = start(
      'scenario',
      planted('scenario-kills'),
      ...easy,
      '--live',
      '--out',
      join(root, 'live'),
    )
    const address = await new Promise<string>((resolve) => {
      let told = ''
      child.stderr!.on('data', (data) => {
        told += data
        const line = /live: (http:\S+)/.exec(told)
        if (line) resolve(line[1]!)
      })
    })
    try {
      const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
      const complaints: string[] = []
      page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`))
      page.on('pageerror', (error) => complaints.push(error.message))
      await page.goto(address)
      await page.waitForSelector('#rates canvas', { timeout: 60_000 })
      const sentSoFar = await page.locator('.tile', { hasText: 'sent' }).first().locator('b').textContent()
      if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, 'live.png') })
      // The header of a report has its verdict; nothing was navigated to.
      await page.waitForSelector('header.pass, header.fail, header.invalid, header.indeterminate', { timeout: 60_000 })
      const { code, out, err } = await ended
      const report = reportOf('live')
      expect(await page.locator('.verdict').textContent(), out + err).toContain(report.verdict)
      expect(await page.locator('#accounting').textContent()).toContain(report.audit.planned.toLocaleString('en'))
      expect(Number(sentSoFar!.replaceAll(/\D/g, ''))).toBeLessThanOrEqual(report.audit.planned)
      expect(complaints).toEqual([])
      expect([0, 1, 4, 5]).toContain(code)
    } finally {
      await browser.close()
      child.kill()
    }
  })
})
