/** Callers that wait for the next change of something. */
export class WakeUps {
  readonly #waiting = new Set<() => void>()

  wake(): void {
    for (const wakeUp of this.#waiting) wakeUp()
  }

  /** Resolves at the next wake(), or when the signal aborts, or has aborted. */
  next(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const done = () => {
        this.#waiting.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      this.#waiting.add(done)
      signal.addEventListener('abort', done, { once: true })
    })
  }
}
