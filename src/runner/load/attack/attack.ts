import { preciseNow } from '../../processes/precise-now.ts'
import type { AttackTally } from '../../records/facts.ts'
import type { Attack } from '../../scenario/scenario.ts'
import type { RawEnd, Shoot, Shot } from './raw-exchange.ts'

/** Open at once where the scenario says nothing. */
export const CONNECTIONS = 64
const TICK_MS = 5
/** Sent in one go at most, so that answers are read between. */
const BURST_MAX = 100

interface AttackOptions {
  readonly attack: Attack
  /** Requests a second. */
  readonly perS: number
  /** When it begins and ends, by the clock of the run; the tally's times count from the start of the run. */
  readonly startAtMs: number
  readonly fromMs: number
  readonly untilMs: number
  readonly shoot: Shoot
  readonly leftOut: readonly string[]
  readonly signal: AbortSignal
}

/** An open loop of evenly spaced requests. Resolves when the last has ended; the slow are ended with the attack. */
export async function carryOut(options: AttackOptions): Promise<AttackTally> {
  const { attack, perS, startAtMs, fromMs, untilMs, shoot, leftOut, signal } = options
  const tally = emptyTally(attack, leftOut)
  const open = new Set<Shot>()
  let onEmpty = () => {}

  function send(): void {
    tally.sent++
    const shot = shoot((ended) => {
      note(tally, ended)
      open.delete(shot)
      if (open.size === 0) onEmpty()
    })
    open.add(shot)
  }

  await until(startAtMs + fromMs, signal)
  const sinceStart = () => preciseNow() - startAtMs
  const beganMs = sinceStart()
  const slow = attack.kind === 'slow'
  let due = 0
  const sendDue = () => {
    const now = Math.floor(((Math.min(sinceStart(), untilMs) - beganMs) * perS) / 1_000)
    for (let burst = 0; due < now && burst < BURST_MAX; burst++, due++) {
      if (open.size < (attack.connections ?? CONNECTIONS)) send()
    }
    return Math.max(0, now)
  }
  const ticks = setInterval(sendDue, TICK_MS)
  await until(startAtMs + untilMs, signal)
  clearInterval(ticks)
  tally.planned = slow ? tally.sent : sendDue()
  tally.fromMs = beganMs
  tally.untilMs = sinceStart()
  if (slow) for (const shot of [...open]) shot.cancel()
  if (open.size > 0)
    await new Promise<void>((resolve) => {
      onEmpty = resolve
    })
  return tally
}

function note(tally: AttackTally, { how, heldMs = 0 }: RawEnd): void {
  if (typeof how === 'number') tally.statuses[how] = (tally.statuses[how] ?? 0) + 1
  else tally[how]++
  tally.heldMaxMs = Math.max(tally.heldMaxMs, heldMs)
}

function emptyTally({ kind, times }: Attack, leftOut: readonly string[]): AttackTally {
  const none = { fromMs: 0, untilMs: 0, planned: 0, sent: 0, closed: 0, unanswered: 0, held: 0, heldMaxMs: 0 }
  return { kind, times, ...none, statuses: {}, leftOut }
}

/** Resolves at that time, or at once when the signal is aborted. */
function until(atMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, Math.max(0, atMs - preciseNow()))
    signal.addEventListener('abort', end)
    if (signal.aborted) end()
  })
}
