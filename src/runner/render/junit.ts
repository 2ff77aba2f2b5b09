import type { Report } from '../report/report-schema.ts'

/** One test case a check, for CI systems. */
export function junit(report: Report): string {
  const cases = report.checks.map(({ check, ok, measured, wanted }) => {
    const what = escapeXml(`${measured}, wanted ${wanted}`)
    const inner = ok ? '' : ok === null ? `<skipped message="${what}"/>` : `<failure message="${what}"/>`
    return `  <testcase classname="${escapeXml(report.scenario.name)}" name="${escapeXml(check)}">${inner}</testcase>`
  })
  const failures = report.checks.filter(({ ok }) => ok === false).length
  const skipped = report.checks.filter(({ ok }) => ok === null).length
  const attributes = `name="floodmark ${escapeXml(report.scenario.name)}" tests="${cases.length}" failures="${failures}" skipped="${skipped}"`
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuite ${attributes}>\n${cases.join('\n')}\n</testsuite>\n`
}

export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (found) => `&#${found.charCodeAt(0)};`)
}
