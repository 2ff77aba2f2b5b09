/**
 * kafkajs 2.2.4 sets a timer to the past whenever it has nothing to send, and Node from 24 on warns of the first such
 * timer in a process. Harmless, and nothing to be done by who reads it: that one warning, from there, is not passed on.
 */
export function silenceNegativeTimers(): void {
  const emit = process.emitWarning
  process.emitWarning = ((warning: string | Error, ...rest: never[]) => {
    const [type] = rest as unknown[]
    if (type === 'TimeoutNegativeWarning' && new Error().stack?.includes('kafkajs')) return
    emit.call(process, warning, ...rest)
  }) as typeof process.emitWarning
}
