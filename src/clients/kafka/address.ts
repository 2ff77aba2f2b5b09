import { readFileSync } from 'node:fs'
import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import zlib from 'node:zlib'
import { decodedPart } from '../../core/base/kit/address.ts'
import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'

/** How a client proves who it is, by the name in Kafka's protocol. */
const MECHANISMS = {
  plain: 'PLAIN',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
  oauthbearer: 'OAUTHBEARER',
} as const
type Mechanism = (typeof MECHANISMS)[keyof typeof MECHANISMS]

export interface KafkaAddress {
  /** host:port of the first brokers to ask. */
  readonly brokers: readonly string[]
  /** Undefined: no TLS. `ca`: a certificate authority in PEM besides those that the system knows. */
  readonly tls: { readonly ca?: string } | undefined
  readonly sasl: KafkaLogin | undefined
  /** A topic that somebody named, and its consumer group. Undefined: the kit names its own. */
  readonly topic: string | undefined
  readonly group: string | undefined
  /** How many brokers hold a topic that is made. Undefined: the brokers' default. */
  readonly replication: number | undefined
  readonly partitions: number | undefined
  /** How events are compressed. Undefined: they are not. */
  readonly compression: Compression | undefined
  /** Whose copy a publish waits for: each replica's in sync, or the leader's alone. */
  readonly acks: 'all' | '1'
  /** For so many ms an event waits for others to be sent with it. Undefined: as the service is set. */
  readonly lingerMs: number | undefined
}

type Compression = (typeof COMPRESSIONS)[number]

type KafkaLogin =
  | { readonly mechanism: Exclude<Mechanism, 'OAUTHBEARER'>; readonly username: string; readonly password: string }
  /** Asked for at each login: a token lasts for an hour or so. */
  | { readonly mechanism: 'OAUTHBEARER'; readonly token: () => string }

const FORM =
  'kafka://host:port, kafka://host:port/topic or kafka+ssl://user:password@host:port?mechanism=scram-sha-512&ca=<file>'
const BROKER = /^(\[[\da-f:]+\]|[\w.-]+):\d{1,5}$/i
const TOPIC = /^(?!\.{1,2}$)[\w.-]{1,249}$/
/** Topics of Kafka itself, and those that the kit makes, sweeps and deletes. */
const RESERVED = /^(__|floodmark-)/
const PARAMETERS = [
  ...['mechanism', 'ca', 'topic', 'group', 'replication', 'partitions', 'compression', 'acks', 'lingerMs'],
]
const COMPRESSIONS = ['gzip', 'zstd', 'lz4', 'snappy'] as const
const LINGER_MAX_MS = 10_000

/**
 * What a URL says of a cluster: kafka[+ssl]://[user:password@]host:port[,host:port…][/topic][?mechanism=…&ca=<file>&group=…&
 * replication=3&partitions=12&compression=gzip&acks=all&lingerMs=5]. User, password and token may come by FLOODMARK_KAFKA_USER, _PASSWORD, _TOKEN and _TOKEN_FILE instead: a URL on a command
 * line is seen by others. No error tells what stands before the hosts. @throws FloodmarkError 'misuse'.
 */
export function kafkaAddress(url: string, env: NodeJS.ProcessEnv = process.env): KafkaAddress {
  const [, tls, login, hosts = '', path, query] =
    /^kafka(\+ssl)?:\/\/(?:([^@/?#]*)@)?([^/?#@]+)(?:\/([^/?#]*))?(?:\?([^#]*))?$/.exec(url) ?? []
  const brokers = hosts.split(',')
  if (!brokers.every((broker) => BROKER.test(broker)))
    throw misuse(`the address of Kafka is ${FORM}, with commas between several hosts`)
  const parameters = new URLSearchParams(query)
  if (path) parameters.append('topic', decoded(path, 'the topic'))
  for (const name of parameters.keys()) {
    if (!PARAMETERS.includes(name))
      throw misuse(`the address of Kafka has no '${name}': it may have ${PARAMETERS.join(', ')}`)
    const said = new Set(parameters.getAll(name))
    if (said.size > 1) throw misuse(`${name} of Kafka is said to be ${[...said].join(' and ')}: say it once`)
  }
  const topic = topicOf(parameters.get('topic'))
  const group = parameters.get('group') ?? undefined
  if (group !== undefined && topic === undefined)
    throw misuse('group of Kafka is for a topic that you name: write kafka://host:port/topic?group=…')
  if (group === '') throw misuse('group of Kafka is empty: give it a name, or leave it out')
  const ca = parameters.get('ca')
  if (ca !== null && !tls) throw misuse('ca is for TLS: write kafka+ssl:// instead of kafka://')
  return {
    brokers,
    tls: tls ? { ...(ca !== null && { ca: fileOf('the certificate authority', ca) }) } : undefined,
    sasl: loginOf(login, parameters.get('mechanism'), env),
    topic,
    group,
    replication: countOf(parameters, 'replication'),
    partitions: countOf(parameters, 'partitions'),
    compression: compressionOf(parameters.get('compression')),
    acks: acksOf(parameters.get('acks')),
    lingerMs: lingerOf(parameters.get('lingerMs')),
  }
}

function loginOf(login: string | undefined, named: string | null, env: NodeJS.ProcessEnv): KafkaLogin | undefined {
  const colon = login?.indexOf(':') ?? -1
  const username = login ? decoded(colon < 0 ? login : login.slice(0, colon)) : env.FLOODMARK_KAFKA_USER
  const password = login && colon >= 0 ? decoded(login.slice(colon + 1)) : env.FLOODMARK_KAFKA_PASSWORD
  if (named === null && !login) return undefined
  if (login && named?.toLowerCase() === 'oauthbearer')
    throw misuse('oauthbearer is a login by token alone: leave user and password out of the address of Kafka')
  const mechanism = MECHANISMS[(named ?? 'plain').toLowerCase() as keyof typeof MECHANISMS]
  if (!mechanism) throw misuse(`Kafka's mechanism is one of ${Object.keys(MECHANISMS).join(', ')}`)
  if (mechanism === 'OAUTHBEARER') {
    const token = () => tokenOf(env)
    token()
    return { mechanism, token }
  }
  if (!username || !password) {
    throw misuse(
      `${named ?? 'a login'} needs a user and a password: in the address, or FLOODMARK_KAFKA_USER and FLOODMARK_KAFKA_PASSWORD`,
    )
  }
  return { mechanism, username, password }
}

function tokenOf({ FLOODMARK_KAFKA_TOKEN: token, FLOODMARK_KAFKA_TOKEN_FILE: path }: NodeJS.ProcessEnv): string {
  const found = path ? fileOf('the token', path).trim() : token
  if (found) return found
  if (path) throw misuse(`the token ${path} is empty`)
  throw misuse(
    'oauthbearer needs a token: give it with FLOODMARK_KAFKA_TOKEN, or its file with FLOODMARK_KAFKA_TOKEN_FILE',
  )
}

function topicOf(name: string | null): string | undefined {
  if (name === null) return undefined
  if (!TOPIC.test(name)) throw misuse(`topic of Kafka is '${name}': it may have 1-249 of letters, digits, . _ and -`)
  if (RESERVED.test(name))
    throw misuse(`topic of Kafka is '${name}': names in __ and floodmark- are taken, name another`)
  return name
}

function decoded(text: string, what = 'the user or password'): string {
  return decodedPart(text, `${what} in the address of Kafka`)
}

function fileOf(what: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw misuse(`${what} ${path} cannot be read: ${messageOf(error)}`)
  }
}

function countOf(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name)
  if (text === null) return undefined
  if (!/^[1-9]\d{0,4}$/.test(text)) throw misuse(`${name} of Kafka is '${text}': give a whole number above 0`)
  return Number(text)
}

function compressionOf(text: string | null): Compression | undefined {
  if (text === null) return undefined
  const known = COMPRESSIONS.find((one) => one === text)
  if (!known) throw misuse(`compression of Kafka is '${text}': it may be ${COMPRESSIONS.join(', ')}`)
  if (known === 'zstd' && !('zstdCompress' in zlib))
    throw misuse('compression=zstd needs Node 22.15 or later: take gzip')
  return known
}

function acksOf(text: string | null): KafkaAddress['acks'] {
  if (text === null || text === 'all' || text === '-1') return 'all'
  if (text === '1') return text
  const why = text === '0' ? ': with 0 nobody would know whether an event is stored' : ''
  throw misuse(`acks of Kafka is '${text}': it may be all, or 1 for the leader alone${why}`)
}

function lingerOf(text: string | null): number | undefined {
  if (text === null) return undefined
  const ms = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (!(ms <= LINGER_MAX_MS)) throw misuse(`lingerMs of Kafka is '${text}': give whole ms from 0 to ${LINGER_MAX_MS}`)
  return ms
}

function misuse(what: string): FloodmarkError {
  return new FloodmarkError('misuse', what)
}

/** A socket to one broker, whose login is still to come. */
export function socketTo(broker: string, tls: KafkaAddress['tls'], onConnect?: () => void): Socket {
  const colon = broker.lastIndexOf(':')
  const host = broker.slice(0, colon).replace(/^\[|\]$/g, '')
  const at = { host, port: Number(broker.slice(colon + 1)) }
  return tls ? connectTls({ ...at, ...tls, servername: serverName(host) }, onConnect) : connectPlain(at, onConnect)
}

/** TLS names no server by an IP address; its certificate may still be for one. */
function serverName(host: string): string {
  return /^[\d.]+$|:/.test(host) ? '' : host
}
