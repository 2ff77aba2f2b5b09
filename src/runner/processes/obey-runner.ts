/**
 * What every process does that the runner starts: it ends when the runner tells it to, or is gone. A terminal's Ctrl-C, a
 * cancelled CI job and a closed terminal signal all processes of the run at once; the runner alone decides what comes of it.
 * What it prints may have no reader any more, as behind `| head`.
 */
export function obeyRunner(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  process.on('disconnect', () => process.exit(1))
  outliveReaders()
}

/** Output without a reader is dropped. */
export function outliveReaders(): void {
  for (const out of [process.stdout, process.stderr]) {
    out.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error
    })
  }
}
