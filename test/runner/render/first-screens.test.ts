// @module-tag full: a browser draws the first screen of every scenario and verdict.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scenarios } from '../../../scenarios/index.ts'
import { html } from '../../../src/runner/render/html.ts'
import { phasesOf } from '../../../src/runner/report/phases.ts'
import type { Report } from '../../../src/runner/report/report-schema.ts'
import type { Scenario } from '../../../src/runner/scenario/scenario.ts'
import { needing } from '../../needs.ts'
import { runsFolder } from '../floodmark.ts'
import { reportWith } from '../history/made-up-reports.ts'
import { chromiumPath, launchChromium } from './chromium.ts'

const { root } = runsFolder()
const found = chromiumPath()
const missing = found ? undefined : 'there is no browser (apt-get install chromium, or CHROMIUM=<path>)'
const DURATION_MS = 8_000

/** As a run of it reads, with figures that need room. */
function pageOf(scenario: Scenario, changes: Partial<Report> = {}): Report {
  const { name, question } = scenario
  const faults = (scenario.faults ?? []).map((fault): Report['faults'][number] => ({
    ...{ kind: fault.what, victim: 'receiver + processor', fault },
    ...{ fromMs: fault.at * DURATION_MS, untilMs: fault.at * DURATION_MS + fault.forMs },
  }))
  const made = reportWith({ times: 97, faults, ...changes })
  made.scenario = { name, question, durationMs: DURATION_MS, quick: true, phases: phasesOf(scenario, DURATION_MS) }
  made.notAccepted = { refused: 123_456, unanswered: 98_765, givenUp: 4_321 }
  return made
}

/** What a check says of it, as far as the words need it. */
function check(id: string, ok: boolean | null, about: 'stack' | 'generator', more: Report['checks'][number]['values']) {
  return { id, about, severity: id === 'lost' ? ('harm' as const) : ('limit' as const), ok, values: more }
}
const inMs = (value: number) => ({ value, unit: 'ms' as const })
const counted = (value: number) => ({ value, unit: 'count' as const })
const few = { measured: 'too-few-episodes' as const, atMost: inMs(250), slowest: inMs(9_984), wouldTake: inMs(203_000) }
const VERDICTS: Readonly<Record<'FAIL' | 'INVALID' | 'INDETERMINATE', Report['checks']>> = {
  FAIL: [
    check('lost', false, 'stack', { measured: counted(1_234), exactly: counted(0) }),
    check('accept-p99', false, 'stack', { measured: inMs(9_984), atMost: inMs(250) }),
  ],
  INVALID: [check('generator-lateness', false, 'generator', { measured: inMs(4_000), atMost: inMs(25) })],
  INDETERMINATE: [check('accept-p99', null, 'stack', few)],
}

/** What of the first screen is wider than its place, or a figure that was broken in two lines. */
const BROKEN = `(() => {
  const wide = document.documentElement.scrollWidth > innerWidth ? ['the page'] : []
  const isCut = (one) => getComputedStyle(one).display !== 'inline' && one.scrollWidth > one.clientWidth + 1
  const inside = [...document.querySelectorAll('header *')].filter((one) => !one.matches('svg, svg *'))
  const cut = inside.filter(isCut).map((one) => 'cut: ' + one.textContent)
  const figures = [...document.querySelectorAll('header span.whole')].filter((one) => one.getClientRects().length > 1)
  return [...wide, ...cut, ...figures.map((one) => 'broken: ' + one.textContent)]
})()`
/** What says something by its ground alone, which paper leaves out unless it is told otherwise. */
const UNPRINTED = `[...document.querySelectorAll('.bar i, .key')].filter((one) => {
  const { backgroundColor, backgroundImage, printColorAdjust } = getComputedStyle(one)
  return (backgroundColor !== 'rgba(0, 0, 0, 0)' || backgroundImage !== 'none') && printColorAdjust !== 'exact'
}).map((one) => one.className)`

describe('the first screen of every scenario and verdict', needing(missing), () => {
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    browser = await launchChromium(found!)
    page = await browser.newPage()
  })
  afterAll(async () => {
    await browser?.close()
  })

  it.each([...Object.keys(scenarios), ...Object.keys(VERDICTS)])(
    '%s: nothing is cut or broken at 360 and 1440 px, or left out on paper',
    async (name) => {
      const { default: scenario } = await scenarios[name in scenarios ? name : 'flash-sale']!()
      const verdict = name as keyof typeof VERDICTS
      const made = pageOf(scenario, name in scenarios ? {} : { verdict, checks: VERDICTS[verdict] })
      const path = join(root, `${name}.html`)
      writeFileSync(path, html(made))
      await page.emulateMedia({ media: 'screen' })
      await page.goto(pathToFileURL(path).href)
      for (const width of [360, 390, 1440]) {
        await page.setViewportSize({ width, height: 900 })
        expect([width, await page.evaluate(BROKEN)]).toEqual([width, []])
      }
      await page.emulateMedia({ media: 'print' })
      expect(await page.evaluate(UNPRINTED)).toEqual([])
    },
  )
})
