import { run } from './run.ts'
import { runTarget } from './run-target.ts'

/** Runs a scenario against the stack that the settings choose, or against the target that they name. @throws as these two. */
export function play(...[plan, ...others]: Parameters<typeof run>): ReturnType<typeof run> {
  return plan.target === undefined ? run(plan, ...others) : runTarget(plan, ...others)
}
