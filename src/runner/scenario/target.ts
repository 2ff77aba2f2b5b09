import { z } from 'zod'
import { hasPassword } from '../../core/base/kit/address.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import { quoted } from './plain-words.ts'
import type { Scenario } from './scenario.ts'

/** A server that is not ours, as --target names it. */
export interface Target {
  readonly host: string
  readonly port: number
  /** Whether it is reached over TLS. */
  readonly secure: boolean
  /** As the Host header has it. */
  readonly name: string
}

/** Stands in an address for the name of the provider that sends there. */
const PROVIDER = '{provider}'

/** The address of a target. */
export function target() {
  const error = ({ input }: { readonly input?: unknown }) =>
    `${quoted(input)} is no address that requests can be sent to: write https://host/path, without a user or a password, and %40 for an @ in the path`
  return z.custom<string>((value) => typeof value === 'string' && isAddress(value), { error })
}

function isAddress(text: string): boolean {
  const url = URL.parse(text)
  if (!url || !/^https?:\/\//i.test(text)) return false
  // Digits of a password may look like a port, and the rest like a path.
  if (hasPassword(text)) return false
  return url.username === '' && url.password === '' && url.hash === '' && url.hostname !== ''
}

export function targetOf(address: string): Target {
  const { hostname, port, protocol, host } = new URL(address)
  const secure = protocol === 'https:'
  return {
    // An IPv6 address stands in brackets there.
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? (secure ? 443 : 80) : Number(port),
    secure,
    name: host,
  }
}

/** Where the events of a source go, with the query. */
export function pathAt(address: string, source: string): string {
  const { pathname, search } = new URL(address.replaceAll(PROVIDER, source))
  return pathname + search
}

/** What is done to our own stack cannot be done to another, or must not. @throws FloodmarkError 'misuse'. */
export function requireHarmless(scenario: Scenario): void {
  const { faults, attacks = [], drift, reconcile, claimCheck, replays = [] } = scenario
  const needs = [
    ...(faults.length > 0 ? ['breaks the stack on purpose'] : []),
    ...(attacks.length > 0 ? ['attacks it'] : []),
    ...(drift || reconcile || claimCheck || replays.length > 0 ? ['needs to know how it processes events'] : []),
  ]
  if (needs.length === 0) return
  throw new FloodmarkError(
    'misuse',
    `${scenario.name} cannot be sent to a --target, since it ${needs.join(' and ')}: choose one that only sends, such as steady or flash-sale`,
  )
}
