import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { SchemaIssues, StandardSchema } from '../../../src/core/contracts/standard-schema.ts'
import { DRIFT_CHARS_MAX, wrongFields } from '../../../src/core/processing/drift-reason.ts'

const issuesOf = (schema: StandardSchema, body: unknown) => {
  const result = schema['~standard'].validate(body)
  if (result instanceof Promise) throw new Error('this schema takes its time')
  return result.issues ?? []
}
const wrong = (schema: StandardSchema, body: unknown) => wrongFields(body, issuesOf(schema, body))

/** Data as a person's: nothing that a schema or a sentence says by itself. */
const secret = fc
  .stringMatching(/^[a-zA-Z0-9@. +-]{4,30}$/)
  .map((text) => `§${text}§`)
  .filter((text) => text.length > 5)
const number = fc.integer({ min: 10_000, max: 10 ** 12 })
const value = fc.letrec((tie) => ({
  any: fc.oneof({ maxDepth: 4 }, secret, number, fc.boolean(), fc.constant(null), tie('list'), tie('object')),
  list: fc.array(tie('any'), { maxLength: 4 }),
  object: fc.dictionary(fc.constantFrom('amount', 'customer', 'lines', 'name', 'total'), tie('any'), { maxKeys: 5 }),
}))
const leaf = z.union([z.email(), z.number().max(9), z.enum(['a', 'b'])])
const quoting = z.any().superRefine((given, context) => {
  context.addIssue({ code: 'custom', message: `${JSON.stringify(given)} is wrong`, params: { given } })
})
const schemas = [
  z.strictObject({ amount: z.int(), customer: z.strictObject({ name: z.email() }), lines: z.array(leaf) }),
  z.object({ amount: z.string().regex(/^x+$/), customer: quoting, total: z.literal('free') }),
  z.record(
    z.string(),
    z.strictObject({ name: z.string().max(1, { error: ({ input }) => `too long: ${JSON.stringify(input)}` }) }),
  ),
  quoting,
]

function leavesOf(body: unknown): string[] {
  if (typeof body !== 'object' || body === null) return [String(body)]
  return Object.values(body).flatMap(leavesOf)
}

describe('what is said of a wrong body', () => {
  it('holds none of its values, whatever the schema says in its messages', () => {
    let said = 0
    fc.assert(
      fc.property(value.object, fc.constantFrom(...schemas), (body, schema) => {
        const reason = wrong(schema, body)
        if (reason) said++
        expect(reason.length).toBeLessThanOrEqual(DRIFT_CHARS_MAX)
        for (const leaf of leavesOf(body)) {
          if (!['true', 'false', 'null'].includes(leaf)) expect(reason).not.toContain(leaf)
        }
      }),
      { numRuns: 500 },
    )
    expect(said).toBeGreaterThan(100)
  })

  it('holds no value that a library puts into its message, or calls what it received or wanted', () => {
    fc.assert(
      fc.property(secret, (text) => {
        const issue = { message: `Received "${text}"`, received: text, input: text, expected: text, path: ['name'] }
        expect(wrongFields({ name: text }, [issue])).toBe('name has a value that the schema refuses')
      }),
    )
  })

  it('holds no key that is data itself', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          secret,
          number.map(String),
          number.map((n) => `cus_${n}`),
        ),
        (key) => {
          const body = { people: { [key]: { age: 'x' } } }
          const schema = z.object({ people: z.record(z.string(), z.object({ age: z.number() })) })
          expect(wrong(schema, body)).toBe('people.*.age is string where number is wanted')
          expect(wrong(z.strictObject({}), { [key]: 1 })).toBe('* is not in the schema')
        },
      ),
    )
  })

  it('is the same for every position in a list, and in whatever order fields come', () => {
    const lines = z.object({ lines: z.array(z.object({ sku: z.string() })), b: z.string() })
    const reason = 'b is missing; lines[].sku is missing'
    expect(wrong(lines, { lines: [{ sku: 'x' }, {}, {}] })).toBe(reason)
    expect(wrong(lines, { lines: [{}] })).toBe(reason)
  })

  it('names three fields at most', () => {
    expect(wrong(z.strictObject({}), { a: 1, b: 1, c: 1, d: 1 })).toBe(
      'a is not in the schema; b is not in the schema; c is not in the schema; and more',
    )
  })

  it('understands other libraries than zod: paths of objects, and fields that must not be there', () => {
    const issues: SchemaIssues = [
      { message: '', path: [{ key: 'a' }, { key: 'b' }] },
      { message: '', path: [{ key: 'c' }], ...{ expected: 'never' } },
      { message: '' },
    ]
    expect(wrongFields({ a: {}, c: 1 }, issues)).toBe(
      'a.b is missing; c is not in the schema; the body has a value that the schema refuses',
    )
  })
})
