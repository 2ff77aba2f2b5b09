import { whenLauncherEnds } from '../processes/launchers.ts'
import { EXIT } from './exit.ts'

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']
/** npm passes a signal on that its whole group got as well: what comes so soon after is the same one. */
const SAME_MS = 1_000

/**
 * At a signal the process ends by itself: then its children and the servers that it started end too. A process that a signal
 * ends leaves them.
 */
export function endOnSignal(): void {
  const end = () => process.exit(EXIT.INTERRUPTED)
  for (const signal of SIGNALS) process.on(signal, end)
  whenLauncherEnds(end)
}

/**
 * Aborts at the first signal that asks this process to end, so that a command can finish what it has begun, or when the package
 * manager that started it is gone. Who asks again is obeyed at once. `dispose`: signals end the process as usual again.
 */
export function onInterrupt(signals = SIGNALS): { readonly signal: AbortSignal; dispose(): void } {
  const interrupt = new AbortController()
  let atMs = Number.POSITIVE_INFINITY
  const heard = () => {
    const nowMs = performance.now()
    if (nowMs - atMs > SAME_MS) process.exit(EXIT.INTERRUPTED)
    atMs = Math.min(atMs, nowMs)
    interrupt.abort()
  }
  for (const signal of signals) process.on(signal, heard)
  // One that a signal has ended says nothing new: this process heard that signal too, or is about to.
  const launcher = whenLauncherEnds(() => interrupt.abort())
  return {
    signal: interrupt.signal,
    dispose() {
      launcher.dispose()
      for (const signal of signals) process.removeListener(signal, heard)
    },
  }
}
