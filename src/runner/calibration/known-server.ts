import { ownFile } from '../../core/base/kit/own-file.ts'
import { startProcess } from '../processes/child.ts'
import type { KnownServer } from './behaviours.ts'

export type FromKnown =
  | { readonly kind: 'ready'; readonly port: number }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }

const END_MS = 2_000

/** One that stands. */
export interface StandingServer {
  /** Where it takes events, and where it tells their effects. */
  readonly address: string
  stop(): Promise<void>
}

/** Starts a server of known behaviour. @throws FloodmarkError 'unavailable' when it cannot. */
export async function startKnown(server: KnownServer): Promise<StandingServer> {
  const file = ownFile('./server-process', import.meta.url)
  const child = startProcess<never, FromKnown>(`${server.kind} server`, file, [JSON.stringify(server)])
  const { port } = await child.next('ready')
  return { address: `http://127.0.0.1:${port}/`, stop: () => child.end(END_MS) }
}
