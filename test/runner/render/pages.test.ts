// @module-tag full: a browser draws the pages that stand beside reports.
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CeilingRow, ComparedCeilings } from '../../../src/runner/compare/ceilings-schema.ts'
import { changesOf } from '../../../src/runner/compare/changes.ts'
import { comparisonOf } from '../../../src/runner/compare/comparison.ts'
import { ceilingHtml } from '../../../src/runner/render/ceiling.ts'
import { ceilingsHtml } from '../../../src/runner/render/compare/ceilings.ts'
import { changesHtml } from '../../../src/runner/render/compare/changes.ts'
import { comparisonHtml } from '../../../src/runner/render/compare/html.ts'
import { historyPage } from '../../../src/runner/render/history/page.ts'
import type { HistoryRow } from '../../../src/runner/render/history/row.ts'
import { needing } from '../../needs.ts'
import { turn } from '../compare/made-up-turns.ts'
import { runsFolder } from '../floodmark.ts'
import { reportWith } from '../history/made-up-reports.ts'
import { madeUpCeiling } from '../search/made-up-ceiling.ts'
import { chromiumPath, launchChromium } from './chromium.ts'

const { root } = runsFolder()
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const found = chromiumPath()
const missing = found ? undefined : 'there is no browser (apt-get install chromium, or CHROMIUM=<path>)'

const environment = { node: 'v26', platform: 'Linux 6.18 x64', cpu: 'AMD EPYC', cores: 2, memoryBytes: 2 ** 34 }
const startedAt = '2026-01-31T08:00:00.000Z'
const STACKS = ['embedded', 'redis-streams', 'kafkajs'].map((queue) => `raw-http → ${queue} → lmdb, fsync everysec`)
const turns = [0, 1, 2].flatMap((round) =>
  STACKS.map((stack, at) => {
    const made = turn(stack, round, at < 2 ? ['receiver-crash', 'power-loss'] : [])
    const p99Ms = (8 + round) * (at + 1) ** 3
    return { ...made, recoveredMs: 1_234, takeoverMs: 900, waits: { ...made.waits, p99Ms, effectP99Ms: 9_876 } }
  }),
)
const row = (stack: string, place: CeilingRow['place'], mid: number): CeilingRow => ({
  ...{ stack, folder: 'stack-01', place, why: null, trials: 31, invalid: 2, tookMs: 200_000, drifted: false },
  found: { kind: 'found', interval: { low: mid * 0.9, mid, high: mid * 1.1 }, soakedPerS: mid * 0.95 },
  limit: 'backlog',
  cost: { ratePerS: mid / 2, stackCpuMs: 345, serverCpuMs: 12, diskBytes: 1_234_567, wireBytes: 2_345_678 },
  against: place === 'first' ? null : { ratio: 0.8, low: 0.7, high: 0.9, isReal: true },
})
const ceilings: ComparedCeilings = {
  ...{ version: 1, kind: 'ceilings', startedAt, interrupted: false, seed: 1, acceptP99Ms: 250, trialMs: 6_000 },
  ...{ budgetMs: 240_000, busyTrials: 0, forced: false, environment, command: 'npm run compare -- --ceiling' },
  classes: [
    {
      queue: { survives: ['receiver-crash', 'power-loss'], basis: 'measured' },
      ledger: { survives: ['receiver-crash', 'power-loss'], basis: 'settings' },
      rows: [row(STACKS[0]!, 'first', 12_345), row(STACKS[1]!, 'behind', 9_876)],
    },
  ],
}
const run = (at: number): HistoryRow => ({
  ...{ folder: `reports/2026-01-31T08-00-${at}-flash-sale-raw-http-embedded`, when: '2026-01-31 08:00', tag: 'change' },
  ...{ verdict: ['PASS', 'FAIL', 'INVALID', 'INDETERMINATE'][at % 4]!, what: 'flash-sale, quick', stack: STACKS[0]! },
  ...{ peak: '3,000/s', p99: `${at + 1} ms`, p99Ms: at + 1, ceiling: '', page: 'report.html' },
})

const PAGES: Readonly<Record<string, { readonly html: string; readonly isWide: boolean }>> = {
  compare: {
    isWide: true,
    html: comparisonHtml(
      comparisonOf(turns, {
        ...{ scenarios: [{ scenario: 'flash-sale', acceptP99Ms: 500 }], startedAt, interrupted: false },
        ...{ seed: 1, rounds: 3, forced: false, environment, command: 'npm run compare -- flash-sale' },
      }),
    ),
  },
  ceilings: { isWide: true, html: ceilingsHtml(ceilings) },
  ceiling: { isWide: false, html: ceilingHtml(madeUpCeiling()) },
  changes: {
    isWide: false,
    html: changesHtml(
      changesOf(
        { name: 'base', reports: [reportWith()] },
        { name: 'change', reports: [reportWith({ times: 3 })] },
        0.1,
      ),
    ),
  },
  index: { isWide: false, html: historyPage(Array.from({ length: 60 }, (_, at) => run(at))) },
}

/** Tables that reach beyond their place, and figures that were broken in two lines. */
const BROKEN = `(() => {
  const wide = [...document.querySelectorAll('.scroll')].filter((one) => one.scrollWidth > one.clientWidth + 1)
  const range = document.createRange()
  const lines = (one) => { range.selectNodeContents(one); return new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size }
  const figures = [...document.querySelectorAll('td')].filter((one) => /^\\S+$/.test(one.textContent) && lines(one) > 1)
  return [...wide.map((one) => 'wide: ' + one.textContent.slice(0, 40)), ...figures.map((one) => 'broken: ' + one.textContent)]
})()`

/** Words in a drawing that are too small to read, reach beyond it, or lie on each other. */
const UNREADABLE = `(() => {
  const texts = [...document.querySelectorAll('svg text')].map((one) => ({ one, at: one.getBoundingClientRect(), within: one.ownerSVGElement.getBoundingClientRect() }))
  const meets = (a, b) => a.left < b.right && b.left < a.right && a.top + 3 < b.bottom && b.top + 3 < a.bottom
  const isBad = ({ one, at, within }) => at.height < 12 || at.left < within.left || at.right > within.right || texts.some((other) => other.one !== one && !other.one.matches('.mark') && !one.matches('.mark') && meets(at, other.at))
  return texts.filter(isBad).map(({ one }) => one.textContent)
})()`

describe('the pages beside reports, in a browser', needing(missing), () => {
  let browser: Browser
  let page: Page
  beforeAll(async () => {
    browser = await launchChromium(found!)
    page = await browser.newPage()
  })
  afterAll(async () => {
    await browser?.close()
  })

  it.each(Object.entries(PAGES))(
    '%s: no wider than its window, readable for a screen reader, whole on paper',
    async (name, { html, isWide }) => {
      const path = join(root, `${name}.html`)
      writeFileSync(path, html)
      await page.emulateMedia({ media: 'screen' })
      await page.goto(pathToFileURL(path).href)
      for (const width of [360, 390, 1440]) {
        await page.setViewportSize({ width, height: 900 })
        expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), String(width)).toBe(true)
        // A drawing shrinks with its window, and words in it with it.
        expect([width, await page.evaluate(UNREADABLE)]).toEqual([width, []])
        if (process.env.SCREENSHOTS)
          await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}-${width}.png`) })
      }
      await page.evaluate(axe)
      const faults = `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ' ' + nodes[0].html))`
      expect(await page.evaluate(faults)).toEqual([])
      // A4 has some 700 px between its margins, and lying across some 1,040.
      await page.emulateMedia({ media: 'print' })
      await page.setViewportSize({ width: isWide ? 1_040 : 700, height: 1_000 })
      expect(await page.evaluate(BROKEN)).toEqual([])
      const pdf = await page.pdf({ format: 'A4', preferCSSPageSize: true })
      const [, across, down] = /MediaBox *\[0 0 ([\d.]+) ([\d.]+)/.exec(pdf.toString('latin1'))!.map(Number)
      expect(across! > down!).toBe(isWide)
      if (process.env.SCREENSHOTS) {
        writeFileSync(join(process.env.SCREENSHOTS, `${name}.pdf`), pdf)
        await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}-paper.png`), fullPage: true })
      }
    },
  )
})
