import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { StackPart } from '../faults/planned-fault.ts'
import type { Victim } from '../faults/victim.ts'
import type { Links } from './links.ts'
import type { SmallDisk } from './small-disk.ts'
import type { Stack, StackMember } from './stack.ts'
import type { Store } from './stores.ts'

/** What a run's faults can strike. */
export interface Strikable {
  readonly stack: Stack
  readonly stores: { readonly queue: Store; readonly ledger: Store }
  readonly links: Links
  readonly disk: SmallDisk | undefined
}

/** Whom a part of the stack means in this run. @throws FloodmarkError 'misuse' where there is nobody of the run's own to strike. */
export function victimsOf({ stack, stores, links, disk }: Strikable): (part: StackPart) => readonly Victim[] {
  const ofStack = stack.members.map((member) => victimOf(stack, member, disk))
  const members = (role: 'receiver' | 'processor') =>
    ofStack.filter((_, at) => [role, 'service'].includes(stack.members[at]!.role))
  const serverOf = (part: 'queue' | 'ledger'): readonly Victim[] => {
    const { victim, shared } = stores[part]
    if (victim) return [victim]
    // A queue or a ledger that is not shared lives in the processor's process, so a fault strikes that process.
    if (!shared) return members('processor')
    const what = `this scenario strikes the ${part}'s server, and this run did not start one`
    throw new FloodmarkError(
      'misuse',
      `${what}: leave --${part}-url out, or choose a ${part} whose server it can start`,
    )
  }
  const found: Record<StackPart, () => readonly Victim[]> = {
    stack: () => ofStack,
    receivers: () => members('receiver'),
    processors: () => members('processor'),
    'queue-server': () => serverOf('queue'),
    'ledger-server': () => serverOf('ledger'),
    'senders-link': () => links.victims('senders-link'),
    'queue-link': () => links.victims('queue-link'),
    'ledger-link': () => links.victims('ledger-link'),
  }
  return (part) => found[part]()
}

function victimOf(stack: Stack, member: StackMember, disk: SmallDisk | undefined): Victim {
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
