import type { z } from 'zod'
import { shortName } from '../../core/base/short-name.ts'
import type { WebhookEvent } from '../../core/contracts/event.ts'
import type { Provider } from '../../core/contracts/provider.ts'
import type { Random } from '../../core/contracts/random.ts'
import type { Conditions, LinkLevers, ProcessLevers } from './levers.ts'
import type { AnyFault, LinkPart, StackPart } from './planned-fault.ts'
import { able, type LinkMode, type Undo, type Victim } from './victim.ts'

export type FaultShape = z.ZodRawShape & { readonly strikes: z.ZodType<StackPart> }

/** What a fault has beside `what`, `at` and `forMs`, by its kind's schema. */
export type FieldsOf<S extends FaultShape> = Readonly<z.infer<z.ZodObject<S>>>
type FaultFields = Pick<AnyFault, 'strikes'>

/** Events of one type of one provider. */
export interface EventFilter {
  readonly provider: string
  readonly type: string
}

export function matches({ provider, type }: EventFilter, event: Pick<WebhookEvent, 'source' | 'type'>): boolean {
  // A provider of one's own is given by its path, and its events have the path's short name for their source.
  return event.type === type && shortName(event.source) === shortName(provider)
}

interface Described<F, S extends FaultShape> {
  /** The fields that a scenario gives, `strikes` among them. */
  readonly schema: S
  /** A fault of this kind for a simulation, drawn from the seed. `providers`: those who send in it. */
  draw(random: Random, providers: readonly Provider[]): F
  /** A few words for people. Nothing is decided by them. */
  words(fault: F): string
  /** Strikes one victim after the other, each for `forMs`. Default: all at once. */
  oneByOne?(fault: F): boolean
  /** The run's data must lie on a small disk of its own. */
  readonly needsSmallDisk?: true
  /**
   * For a kind that makes effects fail for good: the events that it strikes, and the reason that their dead letters give. The
   * filter's fields are fields of the fault, so that mistakes in them can be named.
   */
  readonly buries?: { readonly reason: string; events(fault: F): EventFilter }
}

/** One kind of fault. A file in kinds/ exports one by default, and index.ts has a line for it. */
export interface FaultKind<F = FaultFields, S extends FaultShape = FaultShape> extends Described<F, S> {
  /** Resolves when the fault is on. @throws FloodmarkError 'misuse' where the victim cannot be struck so. */
  strike(victim: Victim, fault: F & AnyFault): Promise<Undo>
  /** Only for a kind whose strike is `inject`: turns the fault on inside the process. */
  inside?(levers: ProcessLevers, fault: F & AnyFault): Undo
  /** The same fault in virtual time. It is undone after `forMs`. */
  simulate(conditions: Conditions, fault: F & AnyFault): Undo
}

export function faultKind<S extends FaultShape>(kind: FaultKind<FieldsOf<S>, S>): FaultKind<FieldsOf<S>, S> {
  return kind
}

interface ProcessFault<F, S extends FaultShape> extends Described<F, S> {
  /** Turns the fault on in a process, real or simulated. */
  inside(levers: ProcessLevers, fault: F & AnyFault): Undo
}

/** A kind that acts inside a process. A simulation pulls the same levers. */
export function processFault<S extends FaultShape>(kind: ProcessFault<FieldsOf<S>, S>): FaultKind<FieldsOf<S>, S> {
  return {
    ...kind,
    strike: async (victim, fault) => able(victim, 'inject')(fault),
    simulate: (conditions, fault) => kind.inside(conditions, fault),
  }
}

type LinkShape = z.ZodRawShape & { readonly strikes: z.ZodType<LinkPart> }

interface LinkFault<F, S extends FaultShape> extends Described<F, S> {
  /** What the proxy before the link does while the fault is on. */
  mode(fault: F): LinkMode
  degrade(link: LinkLevers, fault: F): Undo
}

/** A kind that acts on a connection. */
export function linkFault<S extends LinkShape>(kind: LinkFault<FieldsOf<S>, S>): FaultKind<FieldsOf<S>, S> {
  return {
    ...kind,
    async strike(victim, fault) {
      const link = able(victim, 'link')
      await link.set(kind.mode(fault))
      return () => link.set('pass')
    },
    simulate: ({ links }, fault) => kind.degrade(links[fault.strikes as LinkPart], fault),
  }
}

/** Draws one of several. */
export function oneOf<T>(random: Random, of: readonly T[]): T {
  return of[Math.floor(random() * of.length)]!
}
