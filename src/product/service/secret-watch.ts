import { isDeepStrictEqual } from 'node:util'
import { type Clock, sleep } from '../../core/contracts/clock.ts'
import { messageOf } from '../../core/contracts/errors.ts'
import type { Route, RouteSecret } from '../../core/contracts/provider.ts'
import type { RoutePlan } from '../config/routes.ts'
import { readSecrets } from '../config/secrets.ts'

/** Files of secrets are read again this often: they are short, and links that are swapped under them tell no watcher. */
const READ_EVERY_MS = 2_000

export interface SecretWatchOptions {
  readonly plans: readonly RoutePlan[]
  readonly clock: Clock
  rotate(source: string, secrets: readonly RouteSecret[]): Promise<void>
  say(line: string): void
}

/** Keeps the secrets of routes as their files are. A change that cannot be used is told once, and the secrets before it stay. */
export class SecretWatch {
  readonly #options: SecretWatchOptions
  readonly #texts = new Map<string, readonly string[]>()
  readonly #told = new Map<string, string>()

  constructor(options: SecretWatchOptions) {
    this.#options = options
  }

  /** The routes with their secrets as they are now. @throws FloodmarkError 'misuse' where one has none that can be used. */
  routes(): readonly Route[] {
    const { plans, clock } = this.#options
    return plans.map(({ places, ...route }) => {
      const { secrets, texts } = readSecrets(places, clock.now())
      this.#texts.set(route.source, texts)
      return { ...route, secrets }
    })
  }

  async start(signal: AbortSignal): Promise<void> {
    const { plans, clock } = this.#options
    if (!plans.some(({ places }) => places.sources.some((source) => 'file' in source))) return
    for (;;) {
      await sleep(clock, READ_EVERY_MS, signal)
      if (signal.aborted) return
      await this.look()
    }
  }

  /** Reads all secrets, and replaces those that have changed. Resolves when what comes is judged by the new ones. */
  async look(): Promise<void> {
    for (const plan of this.#options.plans) await this.#lookAt(plan)
  }

  async #lookAt({ places, source, path }: RoutePlan): Promise<void> {
    const { clock, rotate, say } = this.#options
    try {
      const { secrets, texts } = readSecrets(places, clock.now())
      if (!isDeepStrictEqual(texts, this.#texts.get(source))) {
        await rotate(source, secrets)
        this.#texts.set(source, texts)
        say(`route ${path} has new secrets`)
      }
      this.#told.delete(path)
    } catch (error) {
      const line = `${messageOf(error)}. The secrets before it stay in use`
      if (this.#told.get(path) !== line) say(line)
      this.#told.set(path, line)
    }
  }
}
