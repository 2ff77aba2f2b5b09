import type { Report } from '../report-schema.ts'

/** One test case a check, for CI systems. */
export function junit(report: Report): string {
  const cases = report.checks.map(({ check, ok, measured, wanted }) => {
    const what = escape(`${measured}, wanted ${wanted}`)
    const inner = ok ? '' : ok === null ? `<skipped message="${what}"/>` : `<failure message="${what}"/>`
    return `  <testcase classname="${escape(report.scenario.name)}" name="${escape(check)}">${inner}</testcase>`
  })
  const failures = report.checks.filter(({ ok }) => ok === false).length
  const skipped = report.checks.filter(({ ok }) => ok === null).length
  const attributes = `name="floodmark ${escape(report.scenario.name)}" tests="${cases.length}" failures="${failures}" skipped="${skipped}"`
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuite ${attributes}>\n${cases.join('\n')}\n</testsuite>\n`
}

export function escape(text: string): string {
  return text.replace(/[&<>"']/g, (found) => `&#${found.charCodeAt(0)};`)
}
