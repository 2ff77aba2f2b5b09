import { describe, expect, it } from 'vitest'
import { oneLined } from '../../../src/core/base/one-line.ts'
import { changesOf } from '../../../src/runner/compare/changes.ts'
import type { Comparison } from '../../../src/runner/compare/comparison-schema.ts'
import { classesOf } from '../../../src/runner/compare/rank.ts'
import { changesHtml, changesJunit, changesLines, changesMarkdown } from '../../../src/runner/render/compare/changes.ts'
import { comparisonHtml } from '../../../src/runner/render/compare/html.ts'
import { comparisonJunit } from '../../../src/runner/render/compare/junit.ts'
import { comparisonLines, comparisonMarkdown, turnLine } from '../../../src/runner/render/compare/text.ts'
import { eventLife } from '../../../src/runner/render/event-life.ts'
import { historyLines } from '../../../src/runner/render/history/list.ts'
import { historyPage } from '../../../src/runner/render/history/page.ts'
import { html } from '../../../src/runner/render/html.ts'
import { junit } from '../../../src/runner/render/junit.ts'
import { markdown } from '../../../src/runner/render/markdown.ts'
import { markup, trusted } from '../../../src/runner/render/markup.ts'
import { terminal } from '../../../src/runner/render/terminal.ts'
import { lifeOf } from '../../../src/runner/report/audit/event-life.ts'
import { judgedRun } from '../../../src/runner/report/judged-run.ts'
import { type Report, reportSchema } from '../../../src/runner/report/report-schema.ts'
import { summarise } from '../../../src/runner/report/summarise.ts'
import { turn } from '../compare/made-up-turns.ts'
import { reportWith } from '../history/made-up-reports.ts'
import { madeUpRun } from '../report/made-up-run.ts'

/** Markup, what clears a terminal and names its window, a bell, NUL, C1, a change of direction, lines and half a character. */
const BAD = `<script>alert("1")</script>'&![x](http://x)\`*|\x1b[2J\x1b]0;x\x07\0\x9b31m\u202e\r\n\u2028\x7f\ud800`
/** Anything that controls what shows it, but the ends of our own lines. */
const CONTROLS = /[^\P{C}\n]|[\u2028\u2029]/u
const COLOURS = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g')
const { folder, record } = await madeUpRun()

/** `of` with that text in place of every string, where `fits` lets it be any text. */
function poisoned<T extends object>(of: T, fits: (copy: T) => boolean): { readonly copy: T; readonly places: number } {
  const copy = structuredClone(of)
  let places = 0
  const walk = (at: Record<string, unknown>) => {
    for (const [name, value] of Object.entries(at)) {
      if (typeof value === 'object' && value !== null) walk(value as Record<string, unknown>)
      if (typeof value !== 'string') continue
      at[name] = BAD
      if (fits(copy)) places++
      else at[name] = value
    }
  }
  walk(copy as Record<string, unknown>)
  return { copy, places }
}

const { copy: report, places } = poisoned<Report>(
  await summarise(folder, record),
  (copy) => reportSchema.safeParse(copy).success,
)
report.cards.attack!.kinds[0]!.statuses = { [BAD]: 1 }

const side = (name: string) => ({ name, reports: [reportWith()] })

describe('nothing that came from outside controls what shows it, whichever string of a report it is in:', () => {
  it('the report has such strings', () => {
    expect(places).toBeGreaterThan(40)
  })

  it('the page', () => {
    const page = html(report)
    const ours = page.replaceAll(/<style>.*?<\/style>|<script>.*?<\/script>/gs, '')
    expect(ours).not.toMatch(CONTROLS)
    expect(page).not.toContain('<script>alert')
    expect(page).not.toContain(`</script>'&`)
    expect(page.match(/<script/g)).toHaveLength(3)
    expect(page.match(/&#60;script&#62;alert/g)!.length).toBeGreaterThan(20)
  })

  it('the JUnit file, which XML allows no control characters in', () => {
    const xml = junit(report)
    expect(xml).not.toMatch(CONTROLS)
    expect(xml).not.toContain('<script')
    expect(xml).toContain('&#60;script')
  })

  it('the comment for a pull request, in which it is no markup either', () => {
    const text = markdown(report)
    expect(text).not.toMatch(CONTROLS)
    const [command] = text.trimEnd().split('\n').slice(-1)
    // In a code span nothing is markup; it ends at as many backticks as it began with.
    expect(command).toMatch(/^`` .* ``$/)
    const others = text.slice(0, text.lastIndexOf(command!))
    expect(others).not.toContain('<script')
    expect(others).not.toContain('![x]')
    expect(others).toContain('&#60;script&#62;')
  })

  it('the terminal', () => {
    const text = terminal(report).replaceAll(COLOURS, '')
    expect(text).not.toMatch(CONTROLS)
    expect(text).toContain('\\u{1b}[2J')
  })

  it('the life of an event', () => {
    const life = poisoned(lifeOf(judgedRun(folder, record), '3'), () => true).copy
    const text = eventLife({ ...life, beside: [] })
    expect(text).not.toMatch(CONTROLS)
    expect(text).toContain('\\u{1b}[2J')
  })

  it('a comparison of stacks, what changed between two runs, and the list of runs', () => {
    const every = { ...turn('a', 0), scenario: BAD, stack: BAD, folder: BAD }
    const { copy: changes } = poisoned(changesOf(side('a'), side('b'), 0.1), () => true)
    const known = { ...changes, outcome: 'regression', figures: [], counts: [] } as typeof changes
    const { environment } = report
    const classes = classesOf([turn('a', 0), every], true)
    const scenarios = [{ scenario: BAD, acceptP99Ms: 500, classes }]
    const head = {
      version: 1,
      startedAt: '2026-01-31T08:00:00.000Z',
      interrupted: false,
      seed: 1,
      rounds: 1,
      busyRuns: 0,
    }
    const comparison = { ...head, notRanked: null, forced: false, scenarios, environment, command: BAD, turns: [every] }
    const row = {
      folder: BAD,
      when: BAD,
      verdict: 'PASS',
      what: BAD,
      stack: BAD,
      peak: '',
      p99: '',
      ceiling: '',
      tag: BAD,
    }
    const shown = [
      ...[comparisonLines, comparisonMarkdown, comparisonHtml, comparisonJunit].map((render) =>
        [render(comparison as Comparison)].flat().join('\n'),
      ),
      ...[changesLines, changesMarkdown, changesHtml, changesJunit].map((render) => [render(known)].flat().join('\n')),
      historyLines([{ ...row, p99Ms: null }]).join('\n'),
      historyPage([{ ...row, p99Ms: null }]),
      turnLine(every, 1),
    ]
    for (const text of shown.map((one) => one.replaceAll(COLOURS, ''))) {
      expect(text).toContain('\\u{1b}')
      expect(text.replaceAll(/<style>.*?<\/style>/gs, '')).not.toMatch(CONTROLS)
    }
    // A terminal and a code span show markup as it is.
    const [, compared, page, junitOfIt, , changed, changesPage, changesXml] = shown
    const inMarkdown = [compared!.replace(/^Made by .*$/m, ''), changed]
    for (const text of [...inMarkdown, page, junitOfIt, changesPage, changesXml]) {
      expect(text).not.toContain('<script>alert')
    }
    for (const text of inMarkdown) expect(text).not.toContain('![x]')
  })

  it('any record, names of its fields included', () => {
    expect(JSON.stringify(oneLined({ [BAD]: [BAD, { a: BAD, b: 1, c: null }] }))).not.toMatch(/\\u00|\\u20|\\[rn]|\x7f/)
  })
})

describe('markup', () => {
  it('escapes every value but markup, in lists too, and leaves out what is not there', () => {
    const item = (text: string) => markup`<li>${text}</li>`
    const list = markup`<ul title="${'"a"'}">${['<', '&'].map(item)}${null}${undefined}${false}${0}${trusted('<hr>')}</ul>`
    expect(list.text).toBe('<ul title="&#34;a&#34;"><li>&#60;</li><li>&#38;</li>0<hr></ul>')
  })
})
