import { run } from './run.ts'
import { runTarget } from './run-target.ts'

/** The longest that a timer of Node can wait. */
const FOREVER_MS = 2 ** 31 - 1

/** Runs a scenario against the stack that the settings choose, or against the target that they name. @throws as these two. */
export async function play(...[plan, ...others]: Parameters<typeof run>): ReturnType<typeof run> {
  // While a fault holds the whole stack down and all is sent, nothing else keeps this process alive.
  const alive = setInterval(() => {}, FOREVER_MS)
  try {
    return await (plan.target === undefined ? run(plan, ...others) : runTarget(plan, ...others))
  } finally {
    clearInterval(alive)
  }
}
