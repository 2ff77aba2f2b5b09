import { removeData } from './started.ts'

const pending = new Map<() => unknown, string>()
let listening = false

/** When this process exits, however it does short of a signal, `kill` is called and the data folder removed. */
export function endWithProcess(kill: () => unknown, folder: string): () => void {
  if (!listening) process.on('exit', endAll)
  listening = true
  pending.set(kill, folder)
  return () => pending.delete(kill)
}

function endAll(): void {
  for (const kill of pending.keys()) kill()
  for (const folder of pending.values()) removeData(folder)
}
