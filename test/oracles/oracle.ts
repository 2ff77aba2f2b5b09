import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { needing } from '../needs.ts'

/**
 * The providers' own packages, which say whether ours sign and verify as the providers do. They take 140 MB and nobody
 * needs them to run floodmark, so they are a package of their own: `FULL=1 npm test` installs it. Where it is missing, the tests
 * that need it are skipped with the reason, and fail with REQUIRE_BROKERS=1.
 */
const installed = existsSync(join(import.meta.dirname, 'node_modules'))
/** Why they cannot be used; undefined: they can. */
export const oraclesMissing = installed
  ? undefined
  : "the providers' own packages are not installed (npm ci --prefix test/oracles)"

const require = createRequire(import.meta.url)

/** The options of a test that needs them. */
export const withOracles = needing(oraclesMissing)

/** What a test uses of a package is what it names as `T`: the package's own types are not there when types are checked. */
export function oracle<T>(name: string): T {
  return require(name) as T
}

/** The same of a package that has ES modules alone and refuses require(). */
export async function oracleModule<T>(name: string): Promise<T> {
  return (await import(/* @vite-ignore */ name)) as T
}
