import type { ErrorCode } from '../../src/core/contracts/errors.ts'
import type { RouteSecret } from '../../src/core/contracts/provider.ts'
import type { RefusalReason } from '../../src/core/contracts/refusal.ts'

/** What a worker needs of a route. KeyObjects may be sent to threads. */
export interface RouteSetup {
  /** The provider's own file; the worker imports it. '': no worker verifies for it. */
  readonly module: string
  readonly secrets: readonly RouteSecret[]
}

export interface WorkerSetup {
  readonly routes: readonly RouteSetup[]
}

/** One request of a batch; its body is the next `bodyBytes` of the batch's buffer. */
export interface Item {
  /** Position in WorkerSetup.routes. */
  readonly route: number
  readonly url: string
  readonly receivedAtMs: number
  /** Values of provider.signatureHeaders, in that order. */
  readonly headers: readonly (string | undefined)[]
  readonly bodyBytes: number
}

/** To the worker. `bodies` is moved, not copied, and comes back with the answer. */
export interface Batch {
  readonly items: readonly Item[]
  readonly bodies: ArrayBuffer
}

/** To the worker: from now on these are the secrets of a route. It says ROTATED when it has them. */
export interface Rotation {
  /** Position in WorkerSetup.routes. */
  readonly route: number
  readonly secrets: readonly RouteSecret[]
}

/** From the worker, in the order of the batch's items: undefined is genuine, else the error. */
export interface Answer {
  readonly outcomes: readonly (
    | undefined
    | readonly [code: ErrorCode, message: string, reason: RefusalReason | undefined]
  )[]
  readonly bodies: ArrayBuffer
}

/** What a worker says when it has loaded its providers. */
export const READY = 'ready'
export const ROTATED = 'rotated'
