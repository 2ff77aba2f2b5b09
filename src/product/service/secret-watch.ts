import { isDeepStrictEqual } from 'node:util'
import { type Clock, sleep } from '../../core/contracts/clock.ts'
import { messageOf } from '../../core/contracts/errors.ts'
import type { Route, RouteSecret } from '../../core/contracts/provider.ts'
import { Jwks } from '../config/jwks.ts'
import type { RoutePlan } from '../config/routes.ts'
import { type ReadSecrets, readSecrets, type SecretPlaces } from '../config/secrets.ts'

/** Files of secrets are read again this often: they are short, and links that are swapped under them tell no watcher. */
const READ_EVERY_MS = 2_000

export interface SecretWatchOptions {
  readonly plans: readonly RoutePlan[]
  readonly clock: Clock
  /** Fetched keys are kept there. Default: nowhere. */
  readonly folder?: string
  rotate(source: string, secrets: readonly RouteSecret[]): Promise<void>
  say(line: string): void
}

/** Keeps the secrets of routes as their files are. A change that cannot be used is told once, and the secrets before it stay. */
export class SecretWatch {
  readonly #options: SecretWatchOptions
  readonly #texts = new Map<string, readonly string[]>()
  readonly #jwks = new Map<string, Jwks>()
  readonly #told = new Map<string, string>()

  constructor(options: SecretWatchOptions) {
    this.#options = options
  }

  /** Fetches the public keys of senders. Before `routes`. Rejects where they cannot be had, and were not before. */
  async fetchKeys(): Promise<void> {
    const fetched = async (jwks: Jwks) => {
      try {
        await jwks.renew()
      } catch (error) {
        if (!jwks.takeKept()) throw error
        this.#options.say(`${messageOf(error)}. Those of the last fetch are in use`)
      }
    }
    await Promise.all(this.#addresses().map((url) => fetched(this.#jwksAt(url))))
  }

  /** Fetches the keys of a route that has some to fetch, see IngestOptions.renewSecrets. */
  renew(route: Pick<Route, 'path'>): Promise<boolean> | undefined {
    const plan = this.#options.plans.find(({ path }) => path === route.path)
    const fetching = plan && this.#addresses([plan]).flatMap((url) => this.#jwksAt(url).renew() ?? [])
    if (!plan || !fetching?.length) return undefined
    const rotated = async (changed: readonly boolean[]) => {
      await this.#lookAt(plan)
      return changed.includes(true)
    }
    return Promise.all(fetching).then(rotated, (error) => {
      this.#tell(plan.path, messageOf(error))
      return false
    })
  }

  #addresses(plans = this.#options.plans): string[] {
    const urls = plans.flatMap(({ places }) =>
      places.sources.flatMap((source) => ('jwks' in source ? source.jwks : [])),
    )
    return [...new Set(urls)]
  }

  #jwksAt(url: string): Jwks {
    const jwks = this.#jwks.get(url) ?? new Jwks(url, this.#options.clock, this.#options.folder)
    this.#jwks.set(url, jwks)
    return jwks
  }

  #read(places: SecretPlaces): ReadSecrets {
    return readSecrets(places, this.#options.clock.now(), process.env, (url) => this.#jwksAt(url))
  }

  /** The routes with their secrets as they are now. @throws FloodmarkError 'misuse' where one has none that can be used. */
  routes(): readonly Route[] {
    return this.#options.plans.map(({ places, ...route }) => {
      const { secrets, texts } = this.#read(places)
      this.#texts.set(route.source, texts)
      return { ...route, secrets }
    })
  }

  async start(signal: AbortSignal): Promise<void> {
    const { plans, clock } = this.#options
    if (!plans.some(({ places }) => places.sources.some((source) => !('env' in source)))) return
    for (;;) {
      await sleep(clock, READ_EVERY_MS, signal)
      if (signal.aborted) return
      await this.look()
    }
  }

  /** Reads all secrets, and replaces those that have changed. Resolves when what comes is judged by the new ones. */
  async look(): Promise<void> {
    for (const url of this.#addresses()) {
      const jwks = this.#jwksAt(url)
      if (jwks.isDue) await jwks.renew()?.catch((error) => this.#tell(url, messageOf(error)))
    }
    for (const plan of this.#options.plans) await this.#lookAt(plan)
  }

  async #lookAt({ places, source, path }: RoutePlan): Promise<void> {
    const { rotate, say } = this.#options
    try {
      const { secrets, texts } = this.#read(places)
      if (!isDeepStrictEqual(texts, this.#texts.get(source))) {
        await rotate(source, secrets)
        this.#texts.set(source, texts)
        say(`route ${path} has new secrets`)
      }
      this.#told.delete(path)
    } catch (error) {
      this.#tell(path, messageOf(error))
    }
  }

  #tell(about: string, what: string): void {
    const line = `${what}. The secrets before it stay in use`
    if (this.#told.get(about) !== line) this.#options.say(line)
    this.#told.set(about, line)
  }
}
