import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { reportJsonSchema } from '../../../src/runner/render/schema.ts'
import { summarise } from '../../../src/runner/report/summarise.ts'
import { madeUpRun } from '../report/made-up-run.ts'

const published = JSON.parse(readFileSync(new URL('../../../docs/report.schema.json', import.meta.url), 'utf8'))
const { folder, record } = await madeUpRun()
const report = JSON.parse(JSON.stringify(await summarise(folder, record)))

describe('the JSON schema of report.json', () => {
  it.each([
    ['as it is printed', JSON.parse(reportJsonSchema())],
    ['as it is published in docs/', published],
  ])('%s takes a report, and no other thing', (_, schema) => {
    const fits = new Ajv2020({ strict: false, allErrors: true }).compile(schema)
    expect(fits(report), JSON.stringify(fits.errors?.slice(0, 3))).toBe(true)
    expect(fits({ ...report, verdict: 'GOOD' })).toBe(false)
    expect(fits({ ...report, latency: undefined })).toBe(false)
  })

  it('is published as it is printed', () => {
    expect(published).toEqual(JSON.parse(reportJsonSchema()))
  })
})
