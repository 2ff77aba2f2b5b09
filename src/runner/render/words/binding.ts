import { ms, percent, perS, shortTime } from '../../../core/base/words.ts'
import type { Usage } from '../../report/usage.ts'
import type { Binding, Delayed, ThreadPart } from '../../search/binding/binding-schema.ts'
import { gainWithout } from '../../search/binding/shares.ts'
import { baseOf } from '../../search/binding/what-binds.ts'
import type { Ceiling } from '../../search/ceiling-schema.ts'

type ResourceName = Delayed['resource']

const RESOURCE: Readonly<Record<ResourceName, string>> = {
  'receiving-thread': 'the thread that runs JavaScript',
  'processing-thread': 'the thread that runs JavaScript',
  'verifying-threads': 'the threads that verify signatures',
  'disk-sync': "the disk: each fdatasync of the queue's log",
  'queue-latency': 'the time that the queue takes for each publish, of which only a few may be under way',
  cores: 'the number of cores: the stack uses more than all but one of them',
  'effect-latency': 'the time that a batch of effects waits, of which only a few may be in hand',
}

const REMEDY: Readonly<Record<ResourceName, string>> = {
  'receiving-thread': 'More processes on a queue that processes share, or a core of its own, would move it.',
  'processing-thread': 'More processor processes on a shared ledger, or less work in an effect, would move it.',
  'verifying-threads': 'More cores would move it, since there is a verifying thread for each core but one.',
  'disk-sync': 'A faster disk would move it.',
  'queue-latency': 'A queue that is nearer or quicker would move it, or more publishes at once (publishesMax).',
  cores: 'More cores would move it, or machines of their own for senders, receivers and processors.',
  'effect-latency': 'Quicker effects would move it, or larger batches and more of them at once (handlersMax).',
}

const PART: Readonly<Record<ThreadPart, string>> = {
  http: 'HTTP',
  verify: 'verify',
  parse: 'parse',
  encode: 'encode',
  claim: 'claim',
  settle: 'settle',
  effect: 'effect',
}
export const partWords = (part: ThreadPart) => PART[part]

/** What binds and what would move it, a sentence each. */
export function bindingWords({ binds, resources, stages, confirmed, ceilingPerS, open }: Binding): string[] {
  const found = resources.find(({ resource }) => resource === binds)
  const untold = resources.filter(({ delayed, binds: told, resource }) => {
    return delayed && told === null && !open.includes(resource)
  })
  const left = [...(untold.length > 0 ? [untoldWords(untold)] : []), ...(open.length > 0 ? [openWords(open)] : [])]
  if (!found && left.length > 0) return [`What binds is not known${open.length > 0 ? ' yet' : ''}.`, ...left]
  if (!found) {
    const [busiest] = resources
    const most = busiest ? ` The busiest is ${RESOURCE[busiest.resource]}, ${percent(busiest.busy)} of the time.` : ''
    return [`None of what was delayed binds by itself.${most} Sender and stack may want more cores than there are.`]
  }
  const { resource, process, addMs, predictedPerS, found: under, halved } = found
  const inProcess = resource.endsWith('thread') ? ` of ${process}` : ''
  const delayed = resource === 'cores' ? 'one core fewer' : `${shortTime(addMs)} more`
  const fell = `With ${delayed} the ceiling of ${perS(ceilingPerS)} falls to ${perS(under!.mid)} (${perS(under!.low)} … ${perS(under!.high)}); its time alone predicts ${perS(predictedPerS!)}.`
  return [
    `What binds is ${RESOURCE[resource]}${inProcess}. ${REMEDY[resource]}`,
    fell,
    ...(halved ? [halvedWords(halved, ceilingPerS)] : []),
    ...(stages ? [stagesWords(stages)] : inProcess && !open.includes('stages') ? [NO_STAGES] : []),
    ...(confirmed ? [confirmedWords(confirmed)] : []),
    ...left,
  ]
}

/** What would be gained by half of its time, up to where something else binds. */
function halvedWords({ perS: gainedPerS, next }: NonNullable<Delayed['halved']>, ceilingPerS: number): string {
  const then = next ? `, where ${shortWords(next)} would bind` : ''
  return `If it took half as long, the ceiling would be ${perS(gainedPerS)}, ${(gainedPerS / ceilingPerS).toFixed(2)} times as high${then}.`
}

const shortWords = (resource: ResourceName) => RESOURCE[resource].split(':')[0]!

/** Of which too few trials counted, and no further one is made. */
function untoldWords(untold: readonly Delayed[]): string {
  const asked = untold.map(({ resource }) => shortWords(resource)).join('; or ')
  return `Whether it is ${asked} could not be told: too many trials with the delay told nothing.`
}

/** What time did not suffice for. */
function openWords(open: Binding['open']): string {
  const asked = open.map((one) => {
    if (one === 'stages') return 'what the thread is busy with'
    return one === 'confirmation' ? 'a run that confirms its largest part' : `whether it is ${shortWords(one)}`
  })
  return `Time was over before this was asked: ${asked.join('; ')}. Go on with --resume and a longer --budget.`
}

const NO_STAGES = 'What it is busy with could not be told: the senders of too many trials were late.'

function stagesWords({ parts, rest, whole }: NonNullable<Binding['stages']>): string {
  const shown = parts.map(({ part, share }) => `${PART[part]} ${percent(share)}`)
  const [largest] = parts.filter(({ part }) => part !== 'http')
  const gain =
    largest && whole
      ? ` Without ${PART[largest.part]} the ceiling would be ${gainWithout(largest.share).toFixed(2)} times as high.`
      : ''
  const doubt = whole ? '' : ' These do not make a whole, so take them for hints.'
  return `An event's time on it is ${shown.join(', ')}; the rest is ${percent(Math.max(0, rest.share))}.${gain}${doubt}`
}

function confirmedWords({ stage, predictedPerS, found }: NonNullable<Binding['confirmed']>): string {
  const predicts = `${PART[stage]} done twice predicts ${perS(predictedPerS)}`
  if (!found) return `Not confirmed by a run: ${predicts}, and too many trials of it told nothing.`
  const off = percent(Math.abs(found.mid / predictedPerS - 1))
  return `Confirmed by a run: ${predicts}, and ${perS(found.mid)} was found, ${off} off.`
}

/** Each resource that was delayed. */
export function resourceTable({ resources }: Binding): { readonly head: string[]; readonly rows: string[][] } {
  const outcome = ({ binds, found, predictedPerS, delayed }: Delayed) =>
    !delayed
      ? 'cannot bind'
      : found
        ? `ceiling ${perS(found.mid)}, predicted ${perS(predictedPerS!)}`
        : binds === null
          ? 'undecided'
          : 'no change'
  return {
    head: ['delayed', 'in use', 'its time', 'delay', 'outcome'],
    rows: resources.map((one) => [
      one.resource,
      percent(one.busy),
      shortTime(one.timeMs),
      !one.delayed ? 'none' : one.resource === 'cores' ? 'one fewer' : shortTime(one.addMs),
      outcome(one),
    ]),
  }
}

/** What each process was busy with at the load nearest to the ceiling that held. */
export function usageTable({ trials }: Ceiling): { readonly head: string[]; readonly rows: string[][] } | undefined {
  const base = baseOf(trials)
  if (!base) return undefined
  const row = (name: string, cell: (usage: Usage) => string) => [name, ...base.usages.map(cell)]
  const share = (of: number | null, usage: Usage) => (of === null ? 'unknown' : percent(of / usage.spanMs))
  return {
    head: [`at ${perS(base.ratePerS)}`, ...base.usages.map(({ name }) => name)],
    rows: [
      row('JavaScript thread in use', (one) => share(one.mainCpuMs, one)),
      row('other threads, of one core', (one) => share(one.threadsCpuMs, one)),
      row('garbage collection', (one) => share(one.gcMs, one)),
      row('event loop not waiting', ({ loopBusy }) => percent(loopBusy)),
      row('event loop late, at most', ({ loopDelayMaxMs }) => ms(loopDelayMaxMs)),
      row('fdatasync', syncWords),
      row('connections dropped unheard', ({ listenOverflows }) => (listenOverflows ?? 'unknown').toString()),
    ],
  }
}

function syncWords({ syncs, syncMs, flows }: Usage): string {
  if (syncs === 0) return 'none seen'
  return `${shortTime(syncMs / syncs)} each, ${(flows.publishes.items / syncs).toFixed(1)} events with one`
}

/** Where the number in hand is not what rate and time make of it. */
export function littleWords({ little }: Binding): string {
  if (little.length === 0) return "Little's law could not be checked: next to nothing was in hand at a time."
  const off = little.filter(({ ok }) => !ok)
  if (off.length === 0)
    return `Little's law holds for all ${little.length} kinds of calls that were counted, within 2%.`
  const shown = off.map(({ process, flow, inHand, rateTimesTime }) => {
    return `${flow} of ${process} (${inHand.toFixed(2)} in hand, ${rateTimesTime.toFixed(2)} by rate and time)`
  })
  return `Little's law does not hold for ${shown.join(', ')}: something there never ends.`
}
