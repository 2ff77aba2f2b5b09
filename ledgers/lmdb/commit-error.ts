/** The cause of a failed commit comes a little later, in another promise. That promise must not reject unheard. */
export function reasonOf(error: unknown): Promise<unknown> {
  const reason = (error as { commitError?: Promise<never> }).commitError?.catch((cause: unknown) => cause)
  return Promise.race([reason ?? error, new Promise((resolve) => setImmediate(resolve, error))])
}
