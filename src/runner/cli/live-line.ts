import { oneLine } from '../../core/base/one-line.ts'
import { ms } from '../../core/base/words.ts'
import type { Progress, ServiceSample } from '../records/facts.ts'
import type { RunEvents } from '../records/run-events.ts'

const PLAIN_EVERY_MS = 5_000

/** One line that changes while a run goes on. Where the output is not a terminal, a line every few seconds. */
export function liveLine(
  out: NodeJS.WriteStream,
  durationMs: number,
  phases: readonly { name: string; until: number }[],
): RunEvents & { end(): void } {
  let phase = 'start'
  let service: ServiceSample | undefined
  const senders = new Map<number, Progress>()
  let before = { atMs: 0, sent: 0 }
  let printedAtMs = Number.NEGATIVE_INFINITY

  function line(): string {
    const progress = [...senders.values()]
    if (progress.length === 0) return phase
    const atMs = Math.max(...progress.map((one) => one.atMs))
    const sent = progress.reduce((sum, one) => sum + one.sent, 0)
    const rate = atMs > before.atMs ? ((sent - before.sent) * 1_000) / (atMs - before.atMs) : 0
    before = { atMs, sent }
    const name =
      phase === 'send' ? (phases.find(({ until }) => atMs <= until * durationMs)?.name ?? 'last answers') : phase
    const p99s = progress.flatMap((one) => one.responseP99Ms ?? [])
    const p99 = p99s.length === 0 ? 'nothing accepted' : `p99 ${ms(Math.max(...p99s))}`
    const left = Math.max(0, Math.ceil((durationMs - atMs) / 1_000))
    return `${name}  ${Math.round(rate)}/s  ${p99}  backlog ${service?.backlog ?? '?'}  ${sent} sent  ${left} s to go`
  }

  function print(force = false): void {
    if (out.isTTY) out.write(`\r\x1b[2K${oneLine(line()).slice(0, (out.columns ?? 80) - 1)}`)
    else if (force || performance.now() - printedAtMs > PLAIN_EVERY_MS) {
      printedAtMs = performance.now()
      out.write(`${oneLine(line())}\n`)
    }
  }

  return {
    phase(name, detail) {
      phase = detail ?? name
      print(true)
    },
    sample(sample) {
      if (sample.backlog !== null) service = sample
    },
    progress(sender, progress) {
      if (phase !== 'drain') phase = 'send'
      senders.set(sender, progress)
      print()
    },
    end() {
      if (out.isTTY) out.write('\r\x1b[2K')
    },
  }
}

/** Tells nobody. */
export const silent: RunEvents & { end(): void } = { phase() {}, sample() {}, progress() {}, end() {} }
