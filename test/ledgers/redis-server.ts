import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterAll } from 'vitest'
import { freePorts } from '../../src/runner/servers/ports.ts'
import { ONE } from '../product/certificates.ts'

/** Undefined when redis-server is installed. */
export function whyNoRedis(): string | undefined {
  if (spawnSync('redis-server', ['--version']).status === 0) return undefined
  return 'redis-server is not installed (apt-get install redis-server)'
}

/** What a server for one test is, where it is not the usual one. */
interface RedisKind {
  /** Of the server, as a shell would find it. */
  readonly program?: string
  /** By TLS alone, with the certificate ONE. */
  readonly secure?: boolean
}

/** Settings by which a server, or a sentinel, speaks TLS on a port, also to others of its kind. The files are made in the folder. */
export function tlsSettings(folder: string, port: number): Record<string, string> {
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  writeFileSync(cert, ONE.cert)
  writeFileSync(key, ONE.key)
  const files = { 'tls-cert-file': cert, 'tls-key-file': key, 'tls-ca-cert-file': cert }
  return { port: '0', 'tls-port': String(port), ...files, 'tls-auth-clients': 'no', 'tls-replication': 'yes' }
}

const TRIES_MAX = 5

/** A redis-server for one test, on a free port, with its data in a temporary folder. */
export class RedisServer {
  readonly url: string
  readonly port: number
  static readonly #all = new Set<RedisServer>()
  readonly #folder = mkdtempSync(join(tmpdir(), 'floodmark-redis-'))
  readonly #options: readonly string[]
  readonly #kind: RedisKind
  #process: ChildProcess | undefined

  private constructor(port: number, options: readonly string[], kind: RedisKind) {
    this.port = port
    this.url = `redis${kind.secure ? 's' : ''}://127.0.0.1:${port}`
    this.#options = options
    this.#kind = kind
  }

  static async start(
    options: readonly string[] = ['--appendonly', 'yes', '--appendfsync', 'always'],
    kind: RedisKind = {},
  ) {
    for (let tries = 1; ; tries++) {
      const [port] = await freePorts(1)
      const server = new RedisServer(port!, options, kind)
      RedisServer.#all.add(server)
      try {
        await server.up()
        return server
      } catch (error) {
        // Somebody else came first, or has the port of the cluster's bus, which is 10,000 above.
        const ended = server.#process!.exitCode !== null
        await server.remove()
        if (!ended || tries === TRIES_MAX) throw error
      }
    }
  }

  /** Starts the server, with the data that it left before. */
  async up(): Promise<void> {
    const { program = 'redis-server', secure = false } = this.#kind
    const at = secure ? tlsSettings(this.#folder, this.port) : { port: String(this.port) }
    const settings = { ...at, bind: '127.0.0.1', save: '', dir: this.#folder }
    const fixed = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
    this.#process = spawn(program, [...fixed, ...this.#options], { stdio: 'ignore' })
    for (let tries = 0; tries < 1_200; tries++) {
      if (await this.#answers()) return
      if (this.#process.exitCode !== null) throw new Error(`redis-server has ended with ${this.#process.exitCode}`)
      await wait(50)
    }
    throw new Error(`redis-server does not answer at ${this.url}`)
  }

  async #answers(): Promise<boolean> {
    const redis = new Redis(this.url, { lazyConnect: true, retryStrategy: null, protocol: 2 })
    redis.on('error', () => {})
    try {
      await redis.connect()
      return true
    } catch {
      return false
    } finally {
      redis.disconnect()
    }
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process?.kill(signal)
  }

  async kill(): Promise<void> {
    const ended = this.#process!
    if (ended.exitCode !== null || ended.signalCode !== null) return
    ended.kill('SIGKILL')
    await once(ended, 'exit')
  }

  /** Also the servers of tests that failed. */
  static async removeAll(): Promise<void> {
    for (const server of RedisServer.#all) await server.remove()
  }

  async remove(): Promise<void> {
    RedisServer.#all.delete(this)
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

// At the end of each test file that has this one in it: none can forget it.
afterAll(() => RedisServer.removeAll())
