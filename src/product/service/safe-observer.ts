import { messageOf } from '../../core/contracts/errors.ts'
import type { Observer } from '../../core/contracts/observer.ts'

/**
 * The same observer. What it throws, or a promise of its rejects with, is told the first time and goes no further: events do not
 * depend on who counts them.
 */
export function safeObserver(observer: Observer, say: (line: string) => void): Observer {
  const told = new Set<string>()
  const safe = <T>(name: keyof Observer, call: ((given: T) => void) | undefined) => {
    if (!call) return {}
    const tell = (error: unknown) => {
      if (told.has(name)) return
      told.add(name)
      say(`observer.${name} has failed, which is said once: ${messageOf(error)}`)
    }
    const calling = (given: T) => {
      try {
        // Functions that return a promise pass for such that return nothing.
        const made: unknown = call.call(observer, given)
        if (made instanceof Promise) made.catch(tell)
      } catch (error) {
        tell(error)
      }
    }
    return { [name]: calling }
  }
  return {
    ...safe('answered', observer.answered),
    ...safe('refused', observer.refused),
    ...safe('settled', observer.settled),
  }
}
