/** Callers that wait for the next change of something. */
export class WakeUps {
  readonly #waiting = new Set<() => void>()

  wake(): void {
    for (const wakeUp of this.#waiting) wakeUp()
  }

  /** Resolves at the next wake(), or when the signal aborts. */
  next(signal: AbortSignal): Promise<void> {
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
