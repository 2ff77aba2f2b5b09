import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { FaultTarget } from '../faults/planned-fault.ts'
import type { Victim } from '../faults/victim.ts'
import type { Links } from './links.ts'
import type { SmallDisk } from './small-disk.ts'
import type { Member, Stack } from './stack.ts'

/** What a run's faults can strike. */
export interface Targets {
  readonly stack: Stack
  /** undefined: the run's queue or ledger has no server, or one that the run did not start. */
  readonly servers: {
    readonly queue: Victim | undefined
    readonly ledger: Victim | undefined
    readonly queueUrl: string | undefined
    readonly ledgerUrl: string | undefined
  }
  readonly links: Links
  readonly disk: SmallDisk | undefined
}

/** Whom a target means in this run. @throws FloodmarkError 'misuse' where there is nobody of the run's own to strike. */
export function victimsOf({ stack, servers, links, disk }: Targets): (target: FaultTarget) => readonly Victim[] {
  const ofStack = stack.members.map((member) => victimOf(stack, member, disk))
  const members = (role: 'receiver' | 'processor') =>
    ofStack.filter((_, at) => [role, 'service'].includes(stack.members[at]!.role))
  const serverOr = (server: Victim | undefined, url: string | undefined): readonly Victim[] => {
    if (server) return [server]
    // A queue or a ledger without a server lives in the processor's process: its fate is that process's.
    if (url === undefined) return members('processor')
    throw new FloodmarkError(
      'misuse',
      `this scenario strikes the server at ${url}, which this run did not start: leave the url out, and the run starts its own`,
    )
  }
  const found: Record<FaultTarget, () => readonly Victim[]> = {
    stack: () => ofStack,
    receivers: () => members('receiver'),
    processors: () => members('processor'),
    'queue-server': () => serverOr(servers.queue, servers.queueUrl),
    'ledger-server': () => serverOr(servers.ledger, servers.ledgerUrl),
    'senders-link': () => links.victims('senders-link'),
    'queue-link': () => links.victims('queue-link'),
    'ledger-link': () => links.victims('ledger-link'),
  }
  return (target) => found[target]()
}

function victimOf(stack: Stack, member: Member, disk: SmallDisk | undefined): Victim {
  return {
    name: member.name,
    kill: () => stack.kill(member),
    stop: () => stack.stop(member),
    start: () => stack.up(member),
    pause: () => void member.child!.process.kill('SIGSTOP'),
    resume: () => void member.child!.process.kill('SIGCONT'),
    inject: (fault) => stack.inject(member, fault),
    ...(disk && { fillDisk: () => disk.fill() }),
  }
}
