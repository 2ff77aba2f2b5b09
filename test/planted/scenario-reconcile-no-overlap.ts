import reconcile from '../../scenarios/reconcile.ts'

/** A reader of the list that never looks back: what is shown late is missed. */
export default {
  ...reconcile,
  reconcile: { ...reconcile.reconcile!, everyMs: 100, overlapMs: 0, lostShare: 0.3 },
  passes: { ...reconcile.passes, drainMs: 4_000 },
}
