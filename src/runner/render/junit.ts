import type { Report } from '../report/report-schema.ts'
import { markup } from './markup.ts'
import { sayCheck } from './words/checks.ts'

/** One test case a check, for CI systems. */
export function junit(report: Report): string {
  const { scenario, checks } = report
  const cases = checks.map((check) => {
    const { title, measured, wanted } = sayCheck(check)
    const what = `${measured}, wanted ${wanted}`
    const inner =
      check.ok === null
        ? markup`<skipped message="${what}"/>`
        : check.ok === false && markup`<failure message="${what}"/>`
    return markup`  <testcase classname="${scenario.name}" name="${title}">${inner}</testcase>\n`
  })
  const failures = checks.filter(({ ok }) => ok === false).length
  const skipped = checks.filter(({ ok }) => ok === null).length
  return markup`<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="floodmark ${scenario.name}" tests="${checks.length}" failures="${failures}" skipped="${skipped}">
${cases}</testsuite>
`.text
}
