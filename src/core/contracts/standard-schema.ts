/** The part of Standard Schema v1 (standardschema.dev) that is used here: zod, valibot, arktype and others follow it. */
export interface StandardSchema {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    validate(value: unknown): SchemaResult | Promise<SchemaResult>
  }
}

export type SchemaResult = { readonly value: unknown; readonly issues?: undefined } | { readonly issues: SchemaIssues }
export type SchemaIssues = readonly SchemaIssue[]

export interface SchemaIssue {
  /** Free text of the library or of the schema's author: it may quote the value, so it is never shown. */
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}
