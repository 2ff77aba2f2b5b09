// @module-tag full: a browser draws the report of a whole run four times.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { needing } from '../../needs.ts'
import { planted, runsFolder } from '../floodmark.ts'
import { chromiumPath, launchChromium } from './chromium.ts'

const { root, run } = runsFolder()
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const found = chromiumPath()
const missing = found ? undefined : 'there is no browser (apt-get install chromium, or CHROMIUM=<path>)'

describe('report.html in a browser', needing(missing), () => {
  let browser: Browser

  beforeAll(async () => {
    const { code, out, err } = await run('seen', planted('scenario-kills'))
    expect(code, out + err).toBe(0)
    browser = await launchChromium(found!, '--disable-background-networking', '--disable-component-update')
  })
  afterAll(async () => {
    await browser?.close()
  })

  it('is whole on paper, and without a script', async () => {
    const address = pathToFileURL(join(root, 'seen', 'report.html')).href
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
    const page = await context.newPage()
    await page.goto(address)
    await page.waitForSelector('#memory canvas')
    await page.emulateMedia({ media: 'print' })
    await page.evaluate("dispatchEvent(new Event('beforeprint'))")
    // A4 between its margins has some 700 px.
    expect(
      await page.evaluate("Math.max(...[...document.querySelectorAll('canvas')].map((one) => one.clientWidth))"),
    ).toBeLessThan(700)
    expect(await page.evaluate("[...document.querySelectorAll('details')].every((one) => one.open)")).toBe(true)
    // No mark of a check is broken into two lines, however narrow its column.
    await page.setViewportSize({ width: 700, height: 1_000 })
    const lines = "[...document.querySelectorAll('td .whole')].map((one) => one.getClientRects().length)"
    expect(new Set((await page.evaluate(lines)) as number[])).toEqual(new Set([1]))
    await context.close()
    const bare = await browser.newContext({ javaScriptEnabled: false })
    const plain = await bare.newPage()
    await plain.goto(address)
    const text = await plain.locator('main').textContent()
    for (const words of ['By phase', 'The chart needs a script', 'Most memory: ']) expect(text).toContain(words)
    await bare.close()
  })

  it.each([
    [390, 'light'],
    [390, 'dark'],
    [1440, 'light'],
    [1440, 'dark'],
  ] as const)(
    'is whole at %i px in %s: charts drawn, nothing beside the page, no error, no request',
    async (width, colorScheme) => {
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme })
      const page = await context.newPage()
      const complaints: string[] = []
      page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`))
      page.on('pageerror', (error) => complaints.push(error.message))
      page.on('request', (request) => {
        if (!/^(file|data):/.test(request.url())) complaints.push(`request to ${request.url()}`)
      })
      await page.goto(pathToFileURL(join(root, 'seen', 'report.html')).href)
      await page.waitForSelector('#memory canvas')

      expect(await page.locator('canvas').count()).toBe(6)
      expect(await page.locator('.verdict').first().isVisible()).toBe(true)
      // Wide tables scroll by themselves; the page does not.
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0)
      // A chart of one colour would be an empty one.
      const colours = `(() => {
        const canvas = document.querySelector('#latency canvas')
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
        const seen = new Set()
        for (let at = 0; at < data.length; at += 4) if (data[at + 3] === 255) seen.add(data[at] << 16 | data[at + 1] << 8 | data[at + 2])
        return seen.size
      })()`
      expect(await page.evaluate(colours)).toBeGreaterThan(3)
      const ground = await page.evaluate(
        'getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]',
      )
      expect(Number(ground) < 100).toBe(colorScheme === 'dark')
      // Nothing that keeps a person with a screen reader or a keyboard from it.
      await page.evaluate(axe)
      const broken = `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ' ' + nodes[0].html))`
      expect(await page.evaluate(broken)).toEqual([])
      expect(complaints).toEqual([])
      if (process.env.SCREENSHOTS) {
        const path = join(process.env.SCREENSHOTS, `report-${width}-${colorScheme}.png`)
        await page.screenshot({ path, fullPage: true })
      }
      await context.close()
    },
  )
})
