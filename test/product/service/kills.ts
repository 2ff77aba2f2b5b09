import { setTimeout as wait } from 'node:timers/promises'
import type { Sender } from '../shop.ts'

/** Events that must be acknowledged between two blows, so that each strikes a service at work. */
const BETWEEN = 20

/** Strikes so often while events are sent, and once they are acknowledged again ends the sending. */
export async function strike(sender: Sender, port: number, times: number, blow: (time: number) => Promise<void>) {
  const end = new AbortController()
  const flood = sender.flood(port, end.signal)
  const more = async () => {
    const before = sender.acked.length
    while (sender.acked.length < before + BETWEEN) await wait(5)
  }
  for (let time = 1; time <= times; time++) {
    await more()
    await blow(time)
  }
  await more()
  end.abort()
  await flood
}

export function kill(pid: number | undefined): void {
  if (pid === undefined) throw new Error('there is no process to kill')
  process.kill(pid, 'SIGKILL')
}

/** What was acknowledged and has not taken effect, and what has more than once. */
export function harm(sender: Sender, took: readonly string[]) {
  const all = new Set(took)
  return { missing: sender.acked.filter((id) => !all.has(`in:${id}`)), doubled: took.length - all.size }
}
