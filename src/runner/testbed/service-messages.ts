import type { AnyFault } from '../faults/planned-fault.ts'
import type { RunSettings } from '../plan/settings.ts'
import type { Durability, ServiceSample } from '../records/facts.ts'
import type { Intervention, Plant } from '../records/intervention.ts'
import type { Trace } from '../scenario/trace.ts'

/** What a process of the stack is told first. Modules are file URLs. */
export interface ServiceSetup {
  readonly kind: 'setup'
  readonly runId: string
  /** Of the run in queue and ledger. */
  readonly namespace: string
  /** All of them. */
  readonly settings: RunSettings
  readonly trace: Trace | undefined
  /** undefined: this process takes no requests. */
  readonly receiver: string | undefined
  /** undefined: this process processes nothing. */
  readonly ledger: Place | undefined
  readonly queue: Place
  readonly scenario: string
  /** This process reads the providers' lists, where the scenario wants that: one of the stack does. */
  readonly reconciles: boolean
  /** Origin of the API that the provider offers beside its webhooks; undefined where the scenario does not need it. */
  readonly providerApi: string | undefined
  readonly routes: readonly {
    readonly path: string
    readonly source: string
    readonly provider: string
    readonly secret: string
    /** Names of kept headers that tell when a request was signed. */
    readonly timedHeaders: readonly string[]
  }[]
  /** 0 picks a free one; after a restart it is the one from before. */
  readonly port: number
  /** Receiver processes of the run: each has its part of the capacity that the settings may bound. */
  readonly receivers: number
  /** Its samples have what meters read. */
  readonly metered?: boolean
  /** Done to it on purpose, on top of what stands in it on purpose. */
  readonly intervention?: Intervention | undefined
  readonly plant?: Plant | undefined
}

/** A driver's module, and the server's address or folder to open with it. */
export interface Place {
  readonly module: string
  readonly url: string
  /** As an opening's. */
  readonly keptMs?: number
}

/** Puts dead letters whose reason contains the text back on the queue; the new file `journal` holds each while it moves. */
export interface ReplayOrder {
  readonly kind: 'replay'
  readonly journal: string
  readonly ratePerS: number
  readonly reason: string
}

export type ToService =
  | ServiceSetup
  /** `startAtMs`: of the run, by its clock. */
  | { readonly kind: 'export'; readonly folder: string; readonly startAtMs: number }
  | ReplayOrder
  /** The letter in hand is finished, no other is begun. */
  | { readonly kind: 'end-replay' }
  /** `id` tells the fault from others that are on in the process. */
  | { readonly kind: 'fault-on'; readonly id: number; readonly fault: AnyFault }
  | { readonly kind: 'fault-off'; readonly id: number }
  | { readonly kind: 'lift-capacity' }
  /** Ends as a service does on SIGTERM: no new request, and what has begun is finished. */
  | { readonly kind: 'stop' }

/** What an opened queue or ledger says of itself. */
export type Opened<Part extends keyof Durability> = Omit<Durability[Part], 'disks'> & {
  readonly dataFolders: readonly string[]
}

export type FromService =
  | {
      readonly kind: 'ready'
      readonly port: number | undefined
      readonly queue: Opened<'queue'>
      readonly ledger: Opened<'ledger'> | undefined
    }
  | { readonly kind: 'sample'; readonly sample: ServiceSample }
  | { readonly kind: 'exported' }
  /** `error`: it ended before its time. */
  | { readonly kind: 'replayed'; readonly replayed: number; readonly heldBack: number; readonly error?: string }
  | { readonly kind: 'error'; readonly message: string }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
