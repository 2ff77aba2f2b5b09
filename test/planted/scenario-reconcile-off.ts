import reconcile from '../../scenarios/reconcile.ts'

/** For tests: webhooks never come, and nobody reads the list within the run. */
export default {
  ...reconcile,
  reconcile: { ...reconcile.reconcile!, everyMs: 3_600_000 },
  passes: { ...reconcile.passes, drainMs: 4_000 },
}
