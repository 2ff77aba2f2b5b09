import type { RedisConnection } from '../../src/clients/redis/connection.ts'
import { isUnknownScript, type Script } from '../../src/clients/redis/script.ts'
import type { Clock } from '../../src/core/contracts/clock.ts'
import { FloodmarkError } from '../../src/core/contracts/errors.ts'

type Values = readonly (string | number | Buffer)[]

/**
 * Runs one script by its name, so that its calls take effect in the order they were made. A server that does not know it is sent it
 * whole, but only once all calls under way are answered, and before any other is sent: else a later call would overtake.
 */
export class OrderedScript {
  readonly #connection: RedisConnection
  readonly #clock: Clock
  readonly #script: Script
  #calls = 0
  #lastDone = 0
  readonly #underWay = new Set<Promise<unknown>>()
  /** While calls have to be sent again: resolves when those under way are answered. */
  #answered: Promise<unknown> | undefined

  constructor(connection: RedisConnection, clock: Clock, script: Script) {
    this.#connection = connection
    this.#clock = clock
    this.#script = script
  }

  /** Sent at most once as far as the server does it. @throws as RedisConnection.once. */
  async run<T>(deadlineMs: number, keys: readonly string[], args: Values): Promise<T> {
    const untilMs = this.#clock.monotonic() + deadlineMs
    const leftMs = () => {
      const ms = Math.ceil(untilMs - this.#clock.monotonic())
      if (ms > 0) return ms
      const what = 'the calls before it took all of its time, and it was not sent'
      throw new FloodmarkError('timeout', what, { definite: true })
    }
    const rest = [keys.length, ...keys, ...args]
    const send = (how: 'EVALSHA' | 'EVAL', script: string) =>
      this.#connection.once(leftMs(), (client) => client.call(how, [script, ...rest])) as Promise<T>
    // One turn later than those that are sent again.
    while (this.#answered) await this.#answered.then(() => {})
    const number = ++this.#calls
    const byName = send('EVALSHA', this.#script.sha)
    this.#underWay.add(byName)
    try {
      const value = await byName
      this.#lastDone = number
      return value
    } catch (error) {
      if (!(error instanceof FloodmarkError && isUnknownScript(error.cause))) throw error
    } finally {
      this.#underWay.delete(byName)
    }
    this.#answered ??= Promise.allSettled(this.#underWay)
    await this.#answered
    this.#answered = undefined
    if (number > this.#lastDone) return send('EVAL', this.#script.source)
    // Another client sent the script meanwhile.
    throw new FloodmarkError('unavailable', 'the server forgot a script, and then did a later call', { definite: true })
  }
}
