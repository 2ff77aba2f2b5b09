import { z } from 'zod'
import { inWords } from '../../../core/base/words.ts'
import { timeoutMs } from '../../plan/retry.ts'
import { defineCard } from '../card.ts'
import { type Check, check, counted, generatorCheck } from '../check.ts'
import { count } from '../common-schema.ts'
import type { JudgedRun } from '../judged-run.ts'

const schema = z.object({
  /** Attempts that were not sent because every connection waited for an answer. */
  waiting: z.object({ events: count, retries: count }),
  /** Attempts for which the senders' machine had no descriptor or no port left. */
  machineOut: z.object({ descriptors: count, ports: count }),
  /** The most that were open, that might be, and that a stack at its pass mark would keep busy; over all senders. */
  connections: z.object({ opened: count, max: count, needed: count }),
  interrupted: z.boolean(),
})
type SendingFigures = z.infer<typeof schema>

type Id = 'connections-waiting' | 'sender-connections' | 'sender-machine' | 'run-whole'

/**
 * Whose fault it is that something was not sent. A sender that is on time and finds every connection waiting has shown that
 * the stack does not answer. One that has too few connections, descriptors or ports has shown nothing.
 */
export const sending = defineCard({
  schema,
  make: sendingOf,
  // Another generator tells nothing of its connections.
  checks: (card, { record }) =>
    card ? sendingChecks(card).filter(({ id }) => record.sentBy === undefined || id === 'run-whole') : [],
  checkWords: {
    'connections-waiting': {
      title: 'attempts not sent, because every connection waited for the stack',
      measured: ({ events, retries }) => `${inWords(events)} events, ${inWords(retries)} retries`,
      wanted: () => 'none',
      quiet: true,
    },
    'sender-connections': {
      title: 'senders had connections enough for a stack at its pass mark',
      measured: ({ opened, max }) => `${inWords(opened)} of at most ${inWords(max)}`,
      wanted: ({ needed }) => `room for ${inWords(needed)}`,
      remedy: 'Raise --connections-max, or lower --rate.',
      quiet: true,
    },
    'sender-machine': {
      title: 'connections that the senders’ machine had no room for',
      measured: ({ descriptors, ports }) => `${inWords(descriptors)} for descriptors, ${inWords(ports)} for ports`,
      wanted: () => 'none',
      remedy:
        'Give the senders more descriptors (ulimit -n) and ports (net.ipv4.ip_local_port_range), or lower --connections-max.',
      quiet: true,
    },
    'run-whole': {
      title: 'the run went to its end',
      measured: ({ interrupted }) => (inWords(interrupted) === '1' ? 'interrupted' : 'it did'),
      wanted: () => 'all of it',
      quiet: true,
    },
  },
  words: () => ({ blocks: [] }),
})

function sendingOf({ record, plan, scenario, setup }: JudgedRun): SendingFigures {
  const { certificates } = record
  const sum = (of: (one: (typeof certificates)[number]) => number) =>
    certificates.reduce((total, one) => total + of(one), 0)
  const policies = plan.sources.map(({ policy }) => policy)
  // An answer within the mark is good enough, and a provider waits no longer than its own limit.
  const heldMs = Math.min(setup.acceptP99Ms, Math.max(...policies.map((one) => timeoutMs(one, scenario.retries))))
  return {
    waiting: { events: sum(({ waiting }) => waiting.events), retries: sum(({ waiting }) => waiting.retries) },
    machineOut: {
      descriptors: sum(({ machineOut }) => machineOut.descriptors),
      ports: sum(({ machineOut }) => machineOut.ports),
    },
    connections: {
      opened: sum((one) => one.connectionsOpenedMax),
      max: sum((one) => one.connectionsMax),
      needed: Math.ceil((plan.peakPerS * heldMs) / 1_000),
    },
    interrupted: record.interrupted,
  }
}

export function sendingChecks({ waiting, machineOut, connections, interrupted }: SendingFigures): Check<Id>[] {
  const { opened, max, needed } = connections
  const { descriptors, ports } = machineOut
  const unsent = waiting.events + waiting.retries
  return [
    check('connections-waiting', unsent === 0, {
      events: counted(waiting.events),
      retries: counted(waiting.retries),
      exactly: counted(0),
    }),
    generatorCheck('sender-connections', unsent === 0 || max >= needed, {
      opened: counted(opened),
      max: counted(max),
      needed: counted(needed),
    }),
    generatorCheck('sender-machine', descriptors + ports === 0, {
      descriptors: counted(descriptors),
      ports: counted(ports),
      exactly: counted(0),
    }),
    // What it did not come to cannot be judged. What it came to can, so a failure stays one.
    check('run-whole', interrupted ? null : true, { interrupted: counted(interrupted ? 1 : 0), exactly: counted(0) }),
  ]
}
