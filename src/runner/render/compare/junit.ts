import type { Comparison } from '../../compare/comparison-schema.ts'
import { markup } from '../markup.ts'
import { whyWords } from '../words/compare.ts'

/** One test case a stack and scenario: it fails where its runs did. */
export function comparisonJunit({ scenarios }: Comparison): string {
  const rows = scenarios.flatMap(({ scenario, classes }) =>
    classes.flatMap(({ rows: own }) => own.map((row) => ({ scenario, row }))),
  )
  const cases = rows.map(({ scenario, row }) => {
    const inner =
      row.why === 'fails'
        ? markup`<failure message="${whyWords(row)}"/>`
        : row.why !== null && markup`<skipped message="${whyWords(row)}"/>`
    return markup`  <testcase classname="compare ${scenario}" name="${row.stack}">${inner}</testcase>\n`
  })
  const failures = rows.filter(({ row }) => row.why === 'fails').length
  const skipped = rows.filter(({ row }) => row.why !== null && row.why !== 'fails').length
  return markup`<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="floodmark compare" tests="${rows.length}" failures="${failures}" skipped="${skipped}">
${cases}</testsuite>
`.text
}
