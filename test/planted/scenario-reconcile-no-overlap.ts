import reconcile from '../../scenarios/reconcile.ts'

/** For tests: the reader of the list never looks back, and misses events that are listed late. */
export default {
  ...reconcile,
  reconcile: { ...reconcile.reconcile!, everyMs: 100, overlapMs: 0, lostShare: 0.3 },
  passes: { ...reconcile.passes, drainMs: 4_000 },
}
