/**
 * What `import … from 'floodmark'` gives to files of your own: scenarios, the config, receivers, queues, ledgers, providers,
 * and the service as it runs in production. The contracts are in src/core/contracts, and each says what it asks for.
 */

export { encodedBytes } from './src/core/base/codec.ts'
export { digestOfParts } from './src/core/base/copy-digest.ts'
export { jsonBody, parseBody, textAt } from './src/core/base/json-body.ts'
// What every part speaks of.
export { type Clock, systemClock } from './src/core/contracts/clock.ts'
export { type ErrorCode, FloodmarkError } from './src/core/contracts/errors.ts'
export type { WebhookEvent } from './src/core/contracts/event.ts'
export type { Incoming } from './src/core/contracts/incoming.ts'
// A ledger of your own.
export {
  type BuriedCause,
  type DeadLetter,
  type Effect,
  type EventFate,
  type Handled,
  type KeptCopy,
  type Ledger,
  type LedgerDriver,
  type LedgerOpenOptions,
  SUSPECT_LOST_TRIES,
  type Tx,
} from './src/core/contracts/ledger.ts'
export type { AnsweredRequest, Observer, SettledTry } from './src/core/contracts/observer.ts'
// A provider of your own.
export type { Identity, Provider, RetryPolicy, Route, RouteSecret, Secret } from './src/core/contracts/provider.ts'
// A queue of your own, and the lanes that keep the order of a key within one process.
export {
  type Delivery,
  PublishError,
  type Queue,
  type QueueDriver,
  type QueueOpenOptions,
  type QueueTraits,
  type Verdict,
} from './src/core/contracts/queue.ts'
export { type Random, seeded } from './src/core/contracts/random.ts'
// A receiver of your own, and the HTTP server with the common gate to build it on.
export type { Receiver, ReceiverOptions, RunningReceiver } from './src/core/contracts/receiver.ts'
export type { RefusalReason, RefusedRequest } from './src/core/contracts/refusal.ts'
export type { Reply } from './src/core/contracts/reply.ts'
export type { HandlerFilter } from './src/core/handling/filter.ts'
// Handlers by name, routed by source, type and body.
export {
  type HandleEvent,
  type HandlerContext,
  type HandlerDefinition,
  type HandlerTry,
  handlers,
  outcomesOf,
} from './src/core/handling/handlers.ts'
export { createBodyFetcher } from './src/core/processing/claim-check.ts'
export { Claims } from './src/core/processing/claims.ts'
export { Lanes } from './src/core/processing/lanes.ts'
export { checked } from './src/core/processing/schemas.ts'
export { completed, type ReceivingProvider } from './src/core/receiving/completed.ts'
export { type HmacOptions, hmac } from './src/core/receiving/hmac-provider.ts'
export { serve } from './src/core/receiving/http.ts'
export { hmacHex, requireHmac, secretText, signedHeader, textSecret } from './src/core/receiving/signature.ts'
export { SERVICE_DEFAULTS, type ServiceLimits } from './src/core/service/limits.ts'
export { type ReconcilerOptions, startReconciler } from './src/core/service/reconciler.ts'
// The service that a run measures and that ships.
export { type ServiceOptions, startService } from './src/core/service/service.ts'
// A scenario, and the config of a folder.
export {
  type Config,
  defineConfig,
  type RouteConfig,
  type SecretSource,
  type ServiceConfig,
} from './src/product/config/config.ts'
export { defineScenario, type Scenario } from './src/runner/scenario/scenario.ts'
