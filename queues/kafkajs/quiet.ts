/**
 * kafkajs 2.2.4 sets a timer to the past whenever it has nothing to send. Node 24 and later warn of the first such timer in
 * a process. The warning is harmless, and its reader can do nothing about it. So this one warning from kafkajs is dropped.
 */
export function silenceNegativeTimers(): void {
  const emit = process.emitWarning
  process.emitWarning = ((warning: string | Error, ...rest: never[]) => {
    const [type] = rest as unknown[]
    if (type === 'TimeoutNegativeWarning' && new Error().stack?.includes('kafkajs')) return
    emit.call(process, warning, ...rest)
  }) as typeof process.emitWarning
}
