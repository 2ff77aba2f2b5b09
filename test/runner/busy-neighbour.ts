import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A process of this name that keeps a core busy and is no child of ours, as any other program of the machine. Ends with `using`. */
export function busyNeighbour(name: string): Disposable {
  const folder = mkdtempSync(join(tmpdir(), 'floodmark-neighbour-'))
  const shell = join(folder, name)
  symlinkSync('/bin/sh', shell)
  const loop = `'${shell}' -c 'while :; do :; done' >/dev/null 2>&1 & echo $!`
  const pid = Number(execFileSync('sh', ['-c', loop]).toString())
  return {
    [Symbol.dispose]() {
      process.kill(pid, 'SIGKILL')
      rmSync(folder, { recursive: true })
    },
  }
}
