import 'vitest'

declare module 'vitest' {
  interface TaskMeta {
    /** What the machine lacks, and how it is to be had: why the test was skipped. */
    missing?: string
    /** What a behaviour was seen to take or do, in words for docs/traits.md. */
    measured?: string
    /** Why a behaviour holds in part only, as the queue promises no more; in words for docs/traits.md. */
    partly?: string
  }
  interface TestTags {
    tags: 'full'
  }
}

/** Whether the tests that take long run too. */
export const FULL = process.env.FULL === '1'

/** Whether a test fails where the machine lacks what it needs, instead of being skipped with the reason. */
export const EVERYTHING_REQUIRED = process.env.REQUIRE_BROKERS === '1'

/**
 * The options of a suite or a test that needs something of the machine. `missing` says what is not there and how it is to be had;
 * undefined: it is there. @throws with what is missing where everything is required.
 */
export function needing(missing: string | undefined) {
  if (missing === undefined) return {}
  if (EVERYTHING_REQUIRED) throw new Error(missing)
  return { skip: true, meta: { missing } }
}

/** The options of one row of a table of tests that are alike: every run takes some rows, and those of `FULL=1` take all. */
export const fullUnless = (everyTime: boolean) => (everyTime ? {} : { tags: 'full' as const })
