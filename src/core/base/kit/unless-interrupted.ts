/** What the work comes to; undefined where it failed because it was interrupted. @throws as the work, where nobody did. */
export function unlessInterrupted<T>(interrupt: AbortSignal, work: Promise<T>): Promise<T | undefined> {
  return work.catch((error: unknown) => {
    if (!interrupt.aborted) throw error
    return undefined
  })
}
