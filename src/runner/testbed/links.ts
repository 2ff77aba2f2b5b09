import { FloodmarkError } from '../../core/contracts/errors.ts'
import type { AnyFault, LinkPart } from '../faults/planned-fault.ts'
import type { Victim } from '../faults/victim.ts'
import { knownKind } from '../servers/kinds/index.ts'
import type { Server } from '../servers/server.ts'
import { type TcpProxy, tcpProxy } from './tcp-proxy.ts'

/** The connections that a scenario's faults strike lead through proxies; all others are direct, since a proxy costs time. */
export class Links {
  readonly #wanted: ReadonlySet<string>
  readonly #seed: number
  readonly #proxies: { readonly kind: LinkPart; readonly name: string; readonly proxy: TcpProxy }[] = []

  constructor(faults: readonly Pick<AnyFault, 'strikes'>[], seed: number) {
    this.#wanted = new Set(faults.map(({ strikes }) => strikes))
    this.#seed = seed
  }

  /** The port to connect to instead of `port`. */
  async port(kind: LinkPart, port: number, name: string): Promise<number> {
    if (!this.#wanted.has(kind)) return port
    const proxy = await tcpProxy({ host: '127.0.0.1', port }, { seed: this.#seed })
    this.#proxies.push({ kind, name, proxy })
    return proxy.port
  }

  /** The address to use instead of a server's. @throws FloodmarkError 'misuse' for a server that tells its clients another one. */
  async url(kind: LinkPart, { kind: server, url }: Pick<Server, 'kind' | 'url'>): Promise<string> {
    if (!this.#wanted.has(kind)) return url
    const why = knownKind(server)?.noProxy
    if (why !== undefined) {
      const what = `this scenario strikes the ${kind}; ${why}, so that no proxy can be put before it`
      throw new FloodmarkError('misuse', `${what}: choose another --queue`)
    }
    if (!URL.canParse(url)) {
      const what = `this scenario strikes the ${kind}, and the address of its ${server} names several hosts`
      throw new FloodmarkError('misuse', `${what}: give the address of one`)
    }
    const through = new URL(url)
    through.port = String(await this.port(kind, Number(through.port), `the link to ${server}`))
    return through.href.replace(/\/$/, '')
  }

  /** @throws FloodmarkError 'misuse' where the run has no such link. */
  victims(kind: LinkPart): readonly Victim[] {
    const found = this.#proxies.filter((one) => one.kind === kind)
    if (found.length > 0) return found.map(({ name, proxy }) => ({ name, link: proxy }))
    throw new FloodmarkError(
      'misuse',
      `this scenario strikes the ${kind}, and this run has none: choose a queue with a server`,
    )
  }

  async close(): Promise<void> {
    await Promise.all(this.#proxies.map(({ proxy }) => proxy.close()))
  }
}
