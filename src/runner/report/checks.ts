import { interval, ms, percent } from '../../core/base/words.ts'
import type { RunRecord } from '../records/run-record.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { GOODPUT_MIN } from './recovery.ts'
import type { Report } from './report-schema.ts'

type Check = Report['checks'][number]
type Measured = Pick<Report, 'audit' | 'latency' | 'generator' | 'setup' | 'durability' | 'tookMs' | 'delivery'>

/** Limits of the generator's own health: beyond them the numbers say nothing about the stack. */
const ACHIEVED_MIN = 0.995
const LATENESS_SHARE_MAX = 0.1
const EVENT_LOOP_MAX = 0.8

/** Every check of a run, what decides first. */
export function checksOf(
  measured: Measured,
  { drained, unplannedDeaths, passes }: Pick<RunRecord, 'drained' | 'unplannedDeaths'> & Pick<Scenario, 'passes'>,
): Check[] {
  const { audit, generator, setup } = measured
  const { acceptP99Ms } = setup
  const latenessMaxMs = acceptP99Ms * LATENESS_SHARE_MAX
  const own = (check: string, ok: boolean, is: string, wanted: string): Check => ({
    check,
    ok,
    measured: is,
    wanted,
    about: 'generator',
  })
  const zero = (check: string, value: number): Check => ({
    check,
    ok: value === 0,
    measured: String(value),
    wanted: '0',
    about: 'stack',
  })
  // What the sender loses by plan is no fault of the generator.
  const unsentEvents = audit.unsent - audit.neverFound
  const unsent = `${unsentEvents} events, ${generator.unsentRetries} retries unsent`
  const ordered = measured.durability.queue.order !== 'none'
  return [
    own(
      'generator kept its rate',
      generator.achievedRatio >= ACHIEVED_MIN && !generator.gaveUp,
      percent(generator.achievedRatio),
      `at least ${percent(ACHIEVED_MIN)}`,
    ),
    own(
      'generator kept its schedule (lateness p99)',
      generator.latenessP99Ms <= latenessMaxMs,
      ms(generator.latenessP99Ms),
      `at most ${ms(latenessMaxMs)}`,
    ),
    own(
      'generator had time to spare (event loop)',
      generator.eventLoopUtilization <= EVENT_LOOP_MAX,
      percent(generator.eventLoopUtilization),
      `at most ${percent(EVENT_LOOP_MAX)}`,
    ),
    own('every attempt was sent', unsentEvents + generator.unsentRetries === 0, unsent, '0 unsent'),
    ...schedulesCheck(measured.delivery),
    zero('accepted events lost', audit.lost),
    zero('double effects', audit.duplicateEffects),
    zero('effects of events never sent', audit.unexpected),
    zero('dead letters not as planned', audit.misjudged),
    ...(ordered ? [zero('effects out of order within a key', audit.reordered)] : []),
    ...(passes.refusals === 'allowed' ? [] : [zero('events refused or unanswered', audit.refused + audit.unknown)]),
    zero('processes that ended by themselves', unplannedDeaths),
    ...goodputCheck(measured.delivery.goodputAfter),
    p99Check(measured.latency.response.p99, acceptP99Ms),
    {
      check: 'drained in time',
      ok: drained,
      measured: ms(measured.tookMs.draining),
      wanted: `at most ${ms(passes.drainMs)}`,
      about: 'stack',
    },
  ]
}

/** What makes the numbers of a storm true: each retry was due when its provider would have made it. */
function schedulesCheck({ retriesChecked, retriesOffSchedule }: Measured['delivery']): Check[] {
  if (retriesChecked === 0) return []
  const check = "retries kept their providers' schedules"
  const measured = `${retriesChecked - retriesOffSchedule} of ${retriesChecked}`
  return [{ check, ok: retriesOffSchedule === 0, measured, wanted: 'all of them', about: 'generator' }]
}

/** Where faults were over in time: does it work again, or do the retries keep it down? */
function goodputCheck(goodput: number | null): Check[] {
  if (goodput === null) return []
  const check = 'goodput after the last fault (below, the state is metastable)'
  const wanted = `at least ${percent(GOODPUT_MIN)} of the first attempts`
  return [{ check, ok: goodput >= GOODPUT_MIN, measured: percent(goodput), wanted, about: 'stack' }]
}

/** Decided by the confidence interval: the whole of it must lie on one side. */
function p99Check(p99: Measured['latency']['response']['p99'], wantedMs: number): Check {
  const base = {
    check: 'response p99 from the intended time',
    wanted: `at most ${ms(wantedMs)}`,
    about: 'stack',
  } as const
  if (!p99) return { ...base, ok: null, measured: 'too few samples' }
  const ok = p99.highMs <= wantedMs ? true : p99.lowMs > wantedMs ? false : null
  return { ...base, ok, measured: interval(p99) }
}

/** The generator's own failure hides what the stack did, except what can only be the stack's fault. */
export function verdictOf(checks: readonly Check[], sum: boolean): RunVerdict {
  if (!sum) return 'INVALID'
  const failed = checks.filter(({ ok }) => ok === false)
  const broken = [
    'accepted events lost',
    'double effects',
    'effects out of order within a key',
    'effects of events never sent',
    'events lost by the sender and never found',
  ]
  if (failed.some(({ check }) => broken.includes(check))) return 'FAIL'
  if (failed.some(({ about }) => about === 'generator')) return 'INVALID'
  if (failed.length > 0) return 'FAIL'
  return checks.some(({ ok }) => ok === null) ? 'INDETERMINATE' : 'PASS'
}

/** How the senders reach the receivers, where it is not straight. */
export function throughBalancer({ balancerMs }: Report['setup']): string {
  return balancerMs === undefined ? '' : `; through a balancer that holds requests up to ${balancerMs / 1_000} s`
}

export type RunVerdict = 'PASS' | 'FAIL' | 'INVALID' | 'INDETERMINATE'
