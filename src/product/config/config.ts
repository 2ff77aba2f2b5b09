import type { Effects } from '../../core/contracts/ledger.ts'
import type { Observer } from '../../core/contracts/observer.ts'
import type { Provider, Route } from '../../core/contracts/provider.ts'
import type { SourceSchemas } from '../../core/processing/schemas.ts'
import type { ReceivingProvider } from '../../core/receiving/completed.ts'
import type { ServiceLimits } from '../../core/service/limits.ts'
import type { RunConfig } from '../../runner/plan/settings.ts'

/** A value that is not written into the config: an environment variable, or a file. Paths count from the config's folder. */
export type Elsewhere = { readonly env: string } | { readonly file: string }

/**
 * A secret of a route. A file is read again when it changes, so that whoever mounts secrets as files rotates them without a
 * restart. `jwks`: the address of the sender's public Ed25519 keys; a file may hold such a set too. `until`: it is refused from then on, an ISO time, for an old secret beside a new one.
 */
export type SecretSource = (Elsewhere | { readonly jwks: string }) & { readonly until?: string }

/** A path, and who sends there. */
export interface RouteConfig {
  /** A name of ours, the path of your own provider, or the provider itself. */
  readonly provider: string | Provider | ReceivingProvider
  /** What its events are called by. Default: the provider's name. Two accounts of one provider need two. */
  readonly source?: string
  /** Any of them proves a request. */
  readonly secrets: SecretSource | readonly SecretSource[]
  /** Where in the JSON body the ordering key is: 'data.object.customer'. Default, and where it is missing: the provider's own. */
  readonly orderBy?: string
  /** A longer body gets 413. */
  readonly bodyBytesMax?: number
  /** Bodies in gzip or deflate are taken; what was signed is the body before it was compressed, or after. Default: 415. */
  readonly compressed?: NonNullable<Route['compressed']>
  /** What its events must look like: strict, or permissive. Default: anything. */
  readonly schemas?: SourceSchemas
  /** Requests are taken only from these addresses or ranges, or from those that the provider has 'published'. Default: from any. */
  readonly allowFrom?: NonNullable<Route['allowFrom']>
  /** More gets 429: { all: { perS: 500 }, each: { perS: 50, burst: 200 } }, of all senders together and of each address, or network of IPv6. */
  readonly rate?: NonNullable<Route['rate']>
  /** Other answers than the usual ones, by 'accepted' or the reason of a refusal: { stale: { status: 410 } }. */
  readonly replies?: NonNullable<Route['replies']>
  /** Refusals say their reason. Default: they say less. */
  readonly tellsReasons?: boolean
  /** The address by which the sender knows this path, where a proxy stands between: some providers sign it. */
  readonly address?: string
}

/** A queue or a ledger, and where its data are. */
export interface StoreConfig {
  /** A name of ours, or the path of your own. */
  readonly use: string
  /** The address of its server, or its folder. An address with a password belongs elsewhere. Default: a folder in `data`. */
  readonly url?: string | Elsewhere
}

export interface QueueConfig extends StoreConfig {
  /** What else may stand in the address of a Kafka. Said in both places, it must be the same. */
  readonly kafka?: KafkaConfig
}

export interface KafkaConfig {
  /** A topic that you name: none of its records is deleted, and others may read it. Default: floodmark-<namespace>. */
  readonly topic?: string
  /** The consumer group on a topic that you name. Default: floodmark-<namespace>. */
  readonly group?: string
  /** Of a topic that is made. */
  readonly partitions?: number
  readonly replication?: number
  /** lz4 and snappy: by the queue 'kafka' alone. */
  readonly compression?: 'gzip' | 'zstd' | 'lz4' | 'snappy'
  readonly acks?: 'all' | '1'
  readonly lingerMs?: number
  readonly mechanism?: 'plain' | 'scram-sha-256' | 'scram-sha-512' | 'oauthbearer'
  /** A certificate authority in PEM. */
  readonly ca?: string
}

export interface ListenConfig {
  /** '0.0.0.0' or '::' for all the world. Default: 127.0.0.1, this machine alone. */
  readonly host?: string
  /** Default: 8080. */
  readonly port?: number
  /** Files of PEM, read again when they change. Absent: plain HTTP, for a proxy that ends TLS. */
  readonly tls?: TlsFiles
}

export interface TlsFiles {
  readonly cert: string
  readonly key: string
  /** Only senders with a certificate under this authority are let in. */
  readonly clientCa?: string | undefined
}

/** What a service in production is made of. The same file may hold settings of runs. */
export interface ServiceConfig {
  /** The routes, by their exact paths. */
  readonly routes: Readonly<Record<string, RouteConfig>>
  /** The work for each event: what the file exports by default, or the work itself. */
  readonly handlers: string | Effects
  readonly receiver?: string
  readonly queue?: string | QueueConfig
  readonly ledger?: string | (StoreConfig & { readonly rememberForMs?: number })
  /** Keeps deployments on one server apart: 1-64 of a-z, 0-9 and -. Default: floodmark. */
  readonly namespace?: string
  /** Proxies before the service, whose X-Forwarded-For counts: addresses or ranges. Default: none is believed. */
  readonly trustedProxies?: readonly string[]
  /** The folder of queues and ledgers that lie on local disk. Default: data. */
  readonly data?: string
  readonly listen?: ListenConfig
  /** A port for whoever runs it: what each process has done, as JSON. On 127.0.0.1 unless `host` says otherwise. Default: there is none. */
  readonly admin?: Pick<ListenConfig, 'host'> & { readonly port: number }
  /** Told of each answer and of each try, for metrics and traces of your own. What it throws is told, and goes no further. */
  readonly observer?: Observer
  readonly limits?: Partial<Omit<ServiceLimits, 'host' | 'port'>>
  /** Requests a second that were measured to hold. Senders that ask how much they may send are told. Default: nobody is. */
  readonly ceilingPerS?: number
  /** After the signal to stop, /readyz says 503 for so many ms, and everything else goes on. Default: 5,000. */
  readonly noticeMs?: number
}

/** What floodmark.config.ts may hold: settings of runs, and the service. A run takes the names of queue and ledger, not their addresses. */
export type Config = Omit<RunConfig, 'queue' | 'ledger' | 'receiver'> & Partial<ServiceConfig>

/** For floodmark.config.ts: gives types and completion. */
export function defineConfig(config: Config): Config {
  return config
}
