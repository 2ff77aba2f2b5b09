import { FloodmarkError } from '../../core/contracts/errors.ts'

const PLAIN = /^rediss?:\/\//
const SENTINEL = /^redis(s)?\+sentinel:\/\/(?:([^@/?#]*)@)?([^@/?#]+)\/([^@/?#]+)\/?$/
const HOST = /^(\[[\da-f:]+\]|[\w.-]+)(?::(\d{1,5}))?$/i
const SENTINEL_PORT = 26_379
const FORM =
  'redis://host:6379, rediss://user:password@host:6379 or redis+sentinel://host1,host2,host3/name-of-the-primary'

/** What a URL says of a Redis, and how it is called in messages: without user and password. */
export interface RedisAddress {
  readonly shown: string
  /** What the client is given to connect. */
  readonly options: { readonly url: string } | SentinelOptions
}

interface SentinelOptions {
  sentinels: { host: string; port: number }[]
  name: string
  username?: string
  password?: string
  sentinelUsername?: string
  sentinelPassword?: string
  tls?: object
  enableTLSForSentinelMode?: boolean
  sentinelTLS?: object
}

/**
 * A server, or the primary that sentinels know by a name: redis[s]+sentinel://[user:password@]host[:port][,host…]/name. User and
 * password are the server's; the sentinels' own come by FLOODMARK_SENTINEL_USER and _PASSWORD. @throws FloodmarkError 'misuse'.
 */
export function redisAddress(url: string, env: NodeJS.ProcessEnv = process.env): RedisAddress {
  if (PLAIN.test(url) && URL.canParse(url)) return { shown: new URL(url).host, options: { url } }
  const [, tls, login, hosts = '', name] = SENTINEL.exec(url) ?? []
  const sentinels = hosts.split(',').map((host) => HOST.exec(host))
  if (name === undefined || !sentinels.every((one) => one !== null)) {
    throw new FloodmarkError(
      'misuse',
      `a Redis address starts with redis://, rediss:// or redis+sentinel://: give ${FORM}`,
    )
  }
  const [username, password] = (login ?? '').split(/:(.*)/s).map(decodeURIComponent)
  const { FLOODMARK_SENTINEL_USER: user, FLOODMARK_SENTINEL_PASSWORD: secret } = env
  return {
    shown: `${name} of the sentinels ${hosts}`,
    options: {
      sentinels: sentinels.map(([, host, port]) => ({ host: host!, port: Number(port ?? SENTINEL_PORT) })),
      name: decodeURIComponent(name),
      ...(username && { username }),
      ...(password && { password }),
      ...(user && { sentinelUsername: user }),
      ...(secret && { sentinelPassword: secret }),
      ...(tls && { tls: {}, enableTLSForSentinelMode: true, sentinelTLS: {} }),
    },
  }
}
