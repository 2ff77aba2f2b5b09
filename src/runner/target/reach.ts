import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'
import type { Target } from '../scenario/target.ts'

/** Where the senders connect to. */
export interface Reached {
  readonly host: string
  readonly port: number
  readonly name: string
  readonly tls?: { readonly servername?: string }
}

const REACH_MS = 10_000

/**
 * Connects to a target once and closes that again. Its name is asked for here and not by each of the senders' connections.
 * `address`: what its errors call it. @throws FloodmarkError 'unavailable' when nobody answers there, or its certificate is not one that is trusted.
 */
export async function reach({ host, port, secure, name }: Target, address: string): Promise<Reached> {
  const servername = isIP(host) === 0 ? { servername: host } : {}
  const unreachable = (why: string, cause?: unknown) =>
    new FloodmarkError('unavailable', `cannot reach ${address}: ${why}`, { cause })
  const socket = secure ? connectTls({ host, port, ...servername }) : connect({ host, port })
  try {
    await connected(socket, secure ? 'secureConnect' : 'connect')
    return { host: socket.remoteAddress ?? host, port, name, ...(secure && { tls: servername }) }
  } catch (cause) {
    if (!isCertificate(cause)) throw unreachable(messageOf(cause) || 'nobody takes the connection', cause)
    const remedy = 'name the file of its authority in NODE_EXTRA_CA_CERTS'
    throw unreachable(`its certificate is not trusted (${messageOf(cause)}): ${remedy}`, cause)
  } finally {
    socket.destroy()
  }
}

function connected(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, () => resolve())
    socket.once('error', reject)
    socket.setTimeout(REACH_MS, () => reject(new Error(`no answer within ${REACH_MS / 1_000} s`)))
  })
}

function isCertificate(cause: unknown): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO|ALTNAME/.test(String((cause as { code?: unknown }).code))
}
