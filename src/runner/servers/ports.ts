import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { FloodmarkError } from '../../core/contracts/errors.ts'

/**
 * Below the range that systems take source ports from. A server's port in that range can be taken while the server is down:
 * a client that tries again and again may even be connected to itself.
 */
const FIRST = 15_000
const END = 30_000
const TRIES_MAX = 100

/** Ports that are free now on 127.0.0.1; another process may still come first. @throws FloodmarkError 'unavailable'. */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>()
  for (let tries = 0; tries < TRIES_MAX && found.size < count; tries++) {
    const port = randomInt(FIRST, END)
    if (await isFree(port)) found.add(port)
  }
  if (found.size === count) return [...found]
  throw new FloodmarkError('unavailable', `no free port on 127.0.0.1 from ${FIRST} to ${END - 1}: end what holds them`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
