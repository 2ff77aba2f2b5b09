import { BlockList, isIP } from 'node:net'
import { FloodmarkError } from '../contracts/errors.ts'
import type { RequestSource } from '../contracts/receiver.ts'

/** IP addresses and ranges: '10.0.0.0/8', '2606:50c0::/32', '192.0.2.7'. */
export class Addresses {
  readonly #list = new BlockList()

  /** @throws FloodmarkError 'misuse' that names the first that is none. */
  constructor(ranges: readonly string[], what: string) {
    for (const range of ranges) this.#add(range, what)
  }

  #add(range: string, what: string): void {
    const [address = '', bits, ...rest] = range.split('/')
    const version = isIP(address)
    const bitsMax = version === 4 ? 32 : 128
    const prefix = bits === undefined ? bitsMax : /^\d{1,3}$/.test(bits) ? Number(bits) : -1
    if (version === 0 || rest.length > 0 || prefix < 0 || prefix > bitsMax) {
      throw new FloodmarkError(
        'misuse',
        `${what}: '${range.slice(0, 60)}' is no address: write 192.0.2.7 or 10.0.0.0/8`,
      )
    }
    this.#list.addSubnet(address, prefix, version === 4 ? 'ipv4' : 'ipv6')
  }

  has(address: string): boolean {
    const version = isIP(address)
    return version !== 0 && this.#list.check(address, version === 4 ? 'ipv4' : 'ipv6')
  }
}

/**
 * The address of whoever sent a request: of its connection, or, where that is a proxy that is trusted, the last one that a trusted
 * proxy was told. What others wrote into X-Forwarded-For counts for nothing. undefined: it cannot be told.
 */
export function senderOf({ socket, headers }: RequestSource, trusted: Addresses): string | undefined {
  let address = plain(socket.remoteAddress ?? '')
  if (!trusted.has(address)) return address === '' ? undefined : address
  const forwarded = headers['x-forwarded-for']
  const told = (typeof forwarded === 'string' ? forwarded : (forwarded ?? []).join(',')).split(',')
  for (let at = told.length - 1; at >= 0; at--) {
    const next = plain(told[at]!.trim())
    if (isIP(next) === 0) return undefined
    address = next
    if (!trusted.has(address)) return address
  }
  return address
}

/** The address without the port that some proxies write. An IPv4 one inside IPv6 comes out as IPv4. */
function plain(address: string): string {
  const bare = /^\[([^\]]*)\](?::\d+)?$/.exec(address)?.[1] ?? /^([\d.]+):\d+$/.exec(address)?.[1] ?? address
  return bare.replace(/^::ffff:(?=[\d.]+$)/i, '')
}

/**
 * Whose limit an address counts against. Of IPv6 a sender has a whole /64, and could come from another address each time; so
 * all of it is one sender.
 */
export function limitedAs(address: string): string {
  // One with IPv4 in it, as NAT64 writes it too, is one sender's alone.
  if (isIP(address) !== 6 || /^(::ffff:|64:ff9b::)/i.test(address)) return address
  const [before = '', after] = address.split('%')[0]!.split('::')
  const groups = before === '' ? [] : before.split(':')
  const rest = after === undefined || after === '' ? [] : after.split(':')
  const restCount = rest.length + (rest.at(-1)?.includes('.') ? 1 : 0)
  const zeros = Array<string>(Math.max(0, 8 - groups.length - restCount)).fill('0')
  const network = [...groups, ...zeros, ...rest].slice(0, 4)
  return `${network.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`
}
