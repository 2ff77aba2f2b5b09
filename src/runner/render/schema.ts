import { z } from 'zod'
import { REPORT_VERSION, reportSchema } from '../report/report-schema.ts'

/** The form of report.json as a JSON schema, for programs that read it. */
export function reportJsonSchema(): string {
  const { $schema, ...schema } = z.toJSONSchema(reportSchema, {
    unrepresentable: 'any',
    io: 'output',
    // A later version may say more: that breaks nobody who reads less.
    override: ({ jsonSchema }) => {
      delete jsonSchema.additionalProperties
    },
  })
  const about = {
    $schema,
    title: `floodmark report.json, version ${REPORT_VERSION}`,
    description:
      'The end of a name is its unit: Ms milliseconds, Bytes bytes, PerS events a second. Shares are 0 to 1. null: not known.',
  }
  return `${JSON.stringify({ ...about, ...schema }, null, 1)}\n`
}
