import { describe, expect, it } from 'vitest'
import { html } from '../../../src/runner/render/html.ts'
import { junit } from '../../../src/runner/render/junit.ts'
import { markup, trusted } from '../../../src/runner/render/markup.ts'
import { type Report, reportSchema } from '../../../src/runner/report/report-schema.ts'
import { summarise } from '../../../src/runner/report/summarise.ts'
import { madeUpRun } from '../report/made-up-run.ts'

const BAD = `<script>alert("1")</script>'&`
const { folder, record } = await madeUpRun()

/** The report with that text in place of every string that its schema lets be any text. */
function poisoned(report: Report): { readonly report: Report; readonly places: number } {
  const copy = structuredClone(report)
  let places = 0
  const walk = (at: Record<string, unknown>) => {
    for (const [name, value] of Object.entries(at)) {
      if (typeof value === 'object' && value !== null) walk(value as Record<string, unknown>)
      if (typeof value !== 'string') continue
      at[name] = BAD
      if (reportSchema.safeParse(copy).success) places++
      else at[name] = value
    }
  }
  walk(copy as unknown as Record<string, unknown>)
  return { report: copy, places }
}

describe('the page and the JUnit file', () => {
  it('hold nothing that came from outside as markup, whichever string of a report it is in', async () => {
    const { report, places } = poisoned(await summarise(folder, record))
    report.cards.attack!.kinds[0]!.statuses = { [BAD]: 1 }
    expect(places).toBeGreaterThan(40)
    const page = html(report)
    expect(page).not.toContain('<script>alert')
    expect(page).not.toContain(`</script>'&`)
    expect(page.match(/<script/g)).toHaveLength(3)
    expect(page.match(/&#60;script&#62;alert/g)!.length).toBeGreaterThan(20)
    expect(junit(report)).not.toContain('<script')
  })
})

describe('markup', () => {
  it('escapes every value but markup, in lists too, and leaves out what is not there', () => {
    const item = (text: string) => markup`<li>${text}</li>`
    const list = markup`<ul title="${'"a"'}">${['<', '&'].map(item)}${null}${undefined}${false}${0}${trusted('<hr>')}</ul>`
    expect(list.text).toBe('<ul title="&#34;a&#34;"><li>&#60;</li><li>&#38;</li>0<hr></ul>')
  })
})
