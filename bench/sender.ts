import flashSale from '../scenarios/flash-sale.ts'
import { preciseNow } from '../src/runner/processes/precise-now.ts'
import type { SendingResult, SendingSetup } from './lib/protocol.ts'
import { type BenchOptions, CONNECTIONS, sending, usageAt, withServer } from './lib/rounds.ts'
import { type Cell, printRanked, SPREAD, say, spreadOf, textOf } from './lib/table.ts'
import { wrk } from './lib/wrk.ts'

/** The sender alone, against a server that answers unread: its highest rate, and its distance from its plan. */

/** A rate so far above the sender's own that it never waits. The measured rate is then the sender's highest. */
const OVERLOAD_PER_S = 1_000_000
/** Requests of the overload, for each second asked for. */
const REQUESTS_PER_S = 50_000
const PACED_PER_S = 5_000
const ONE = [{ provider: 'generic', share: 1 }]
const MIX = flashSale.mix

interface Round {
  readonly one: SendingResult
  readonly mix: SendingResult
  readonly paced: SendingResult
  readonly wrkPerS: number | undefined
  /** The server's share of one core while the sender sent at its highest rate. */
  readonly serverBusy: number
}

export default async function sender(options: BenchOptions): Promise<void> {
  const { seconds, rounds } = options
  const all: Round[] = []
  for (let round = 0; round < rounds; round++) {
    process.stderr.write(`round ${round + 1} of ${rounds}: sender\n`)
    all.push(await oneRound(seconds))
  }
  const of = (value: (round: Round) => number) => spreadOf(all, value)
  const rate = ({ sent, sendingMs }: SendingResult) => (sent * 1_000) / sendingMs
  const perCpuSecond = ({ sent, cpuSeconds }: SendingResult) => sent / cpuSeconds
  const row = (label: string, name: 'one' | 'mix' | 'paced'): Cell[] => {
    const late = (value: (result: SendingResult) => number) =>
      name === 'paced' ? of((round) => value(round.paced)) : null
    return [
      label,
      of((round) => rate(round[name])),
      of((round) => perCpuSecond(round[name])),
      of((round) => round[name].eventLoopUtilization),
      of((round) => round[name].connections),
      of((round) => round[name].unsent),
      late((result) => result.latenessP50Ms),
      late((result) => result.latenessP99Ms),
      late((result) => result.latenessMaxMs),
    ]
  }
  const ranks = await printRanked(
    `sender: each request signed, ${rounds} rounds of ${seconds} s: ${SPREAD}`,
    ['', 'requests/s', 'per CPU s', 'loop busy', 'connections', 'unsent', 'late p50 ms', 'late p99 ms', 'late max ms'],
    [
      row('all it can, generic', 'one'),
      row('all it can, mix of flash-sale', 'mix'),
      row(`${PACED_PER_S}/s, mix of flash-sale`, 'paced'),
    ],
    [],
    options,
  )
  const { wrkPerS } = all[0]!
  if (wrkPerS === undefined) say('\nwrk is not installed: nothing to compare with.')
  else say(`\nwrk, one thread, one fixed request, the same server: ${textOf(of((round) => round.wrkPerS!))}/s.`)
  say(
    `The server was busy for ${textOf(of((round) => 100 * round.serverBusy))}% of a core while the sender sent all it can (generic).`,
  )
  if (ranks) say('Aims: ≥ 50,000 signed requests a CPU second; lateness at 5,000/s p50 ≤ 0.2 ms, p99 ≤ 1 ms.')
}

function oneRound(seconds: number): Promise<Round> {
  return withServer(
    () => ({ kind: 'canned' }),
    async (server, port, folder) => {
      const send = (setup: Pick<SendingSetup, 'mix' | 'ratePerS' | 'durationMs'>) => sending({ port, folder, ...setup })
      const wrkPerS = await wrk(port, seconds, CONNECTIONS, folder)
      const before = await usageAt(server, preciseNow())
      const durationMs = (seconds * REQUESTS_PER_S * 1_000) / OVERLOAD_PER_S
      const one = await send({ mix: ONE, ratePerS: OVERLOAD_PER_S, durationMs })
      const after = await usageAt(server, preciseNow())
      const mix = await send({ mix: MIX, ratePerS: OVERLOAD_PER_S, durationMs })
      const paced = await send({ mix: MIX, ratePerS: PACED_PER_S, durationMs: seconds * 1_000 })
      // The sender's warm-up is a third of the measured part, at the same speed.
      const busyMs = (one.sendingMs * 4) / 3
      return { one, mix, paced, wrkPerS, serverBusy: ((after.cpuSeconds - before.cpuSeconds) * 1_000) / busyMs }
    },
  )
}
