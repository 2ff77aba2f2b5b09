import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { FloodmarkError, messageOf } from '../../../core/contracts/errors.ts'
import type { Node, Recipe, RecipeOptions, ServerKindDefinition } from './definition.ts'
import kafka, {
  formatKafka,
  KAFKA_FLUSH_MESSAGES,
  KAFKA_SETTINGS,
  kafkaClusterId,
  kafkaCommand,
  needJava,
  writeProperties,
} from './kafka.ts'
import { KAFKA_INSTALL, KAFKA_VERSION, kafkaJars } from './kafka-jars.ts'

const NODES = 3
/** As a cluster that loses no event with a host is set: two copies at each acknowledgement, and a third that may be away. */
export const KAFKA_CLUSTER_SETTINGS = {
  ...KAFKA_SETTINGS,
  'default.replication.factor': '3',
  'min.insync.replicas': '2',
  'offsets.topic.replication.factor': '3',
  'transaction.state.log.replication.factor': '3',
  'transaction.state.log.min.isr': '2',
  'share.coordinator.state.topic.replication.factor': '3',
  'share.coordinator.state.topic.min.isr': '2',
  'listener.security.protocol.map': 'CLIENTS:SASL_SSL,CONTROLLER:SSL',
  'inter.broker.listener.name': 'CLIENTS',
  'sasl.enabled.mechanisms': 'PLAIN',
  'sasl.mechanism.inter.broker.protocol': 'PLAIN',
  'listener.name.controller.ssl.client.auth': 'required',
  'ssl.keystore.type': 'PKCS12',
  'ssl.truststore.type': 'PEM',
} as const

const HEAP = ['-Xms64m', '-Xmx256m']
const USER = 'floodmark'
const KEY_MAX_MS = 60_000
const run = promisify(execFile)

/** @throws FloodmarkError 'unavailable' as that of one broker does. */
async function recipe({ fsync, ...options }: RecipeOptions): Promise<Recipe> {
  await needJava()
  const jars = join(await kafkaJars(options), '*')
  const cluster = kafkaClusterId()
  const password = randomBytes(18).toString('base64url')
  let key: Promise<void> | undefined
  return {
    says: `Kafka ${KAFKA_VERSION}, ${NODES} brokers with TLS and SASL, replication 3, min.insync.replicas 2, log flush ${fsync}`,
    ports: 2,
    nodes: NODES,
    readyMaxMs: 150_000,
    async prepare(folder, ports, node) {
      if (node.at === 0) key = makeKey(folder, password)
      await key
      const path = join(folder, 'server.properties')
      const settings = {
        ...KAFKA_CLUSTER_SETTINGS,
        'log.flush.interval.messages': KAFKA_FLUSH_MESSAGES[fsync],
        ...ownSettings(folder, ports, node, password),
      }
      writeProperties(path, settings)
      if (!existsSync(settings['log.dirs'])) await formatKafka(jars, path, cluster)
      const ca = encodeURIComponent(join(node.folders[0]!, CERTIFICATE))
      const urlOf = (brokers: string) => `kafka+ssl://${USER}:${password}@${brokers}?mechanism=plain&ca=${ca}`
      const alone = urlOf(clientAddress(ports, node.at))
      return {
        ...kafkaCommand(jars, path, HEAP),
        url: urlOf(node.folders.map((_, at) => clientAddress(ports, at)).join(',')),
        isReady: async (ms) => {
          const { brokersAlive } = await import('../../../clients/kafka/platformatic.ts')
          return (await brokersAlive(alone, ms).catch(() => 0)) === NODES
        },
      }
    },
  }
}

const clientAddress = (ports: readonly number[], at: number) => `127.0.0.1:${ports[2 * at]}`
const controllerAddress = (ports: readonly number[], at: number) => `127.0.0.1:${ports[2 * at + 1]}`

function ownSettings(folder: string, ports: readonly number[], { at, folders }: Node, password: string) {
  const plain = 'org.apache.kafka.common.security.plain.PlainLoginModule required'
  return {
    'node.id': String(at + 1),
    listeners: `CLIENTS://${clientAddress(ports, at)},CONTROLLER://${controllerAddress(ports, at)}`,
    'advertised.listeners': `CLIENTS://${clientAddress(ports, at)}`,
    'controller.quorum.voters': folders.map((_, one) => `${one + 1}@${controllerAddress(ports, one)}`).join(','),
    'log.dirs': join(folder, 'log'),
    'ssl.keystore.location': join(folders[0]!, KEY),
    'ssl.keystore.password': password,
    'ssl.key.password': password,
    'ssl.truststore.location': join(folders[0]!, CERTIFICATE),
    'listener.name.clients.plain.sasl.jaas.config': `${plain} username="${USER}" password="${password}" user_${USER}="${password}";`,
  }
}

const KEY = 'brokers.p12'
const CERTIFICATE = 'ca.pem'

/** One key for all brokers, with a certificate that is its own authority. The password goes by the environment: a command line is seen by others. */
async function makeKey(folder: string, password: string): Promise<void> {
  const store = ['-keystore', join(folder, KEY), '-storepass:env', 'FLOODMARK_STORE', '-alias', 'brokers']
  const made = ['-storetype', 'PKCS12', '-keyalg', 'EC', '-groupname', 'secp256r1', '-validity', '3650']
  const whom = ['-dname', 'CN=floodmark brokers', '-ext', 'san=ip:127.0.0.1,dns:localhost']
  const options = { timeout: KEY_MAX_MS, env: { ...process.env, FLOODMARK_STORE: password } }
  try {
    await run('keytool', ['-genkeypair', ...store, ...made, ...whom], options)
    await run('keytool', ['-exportcert', '-rfc', ...store, '-file', join(folder, CERTIFICATE)], options)
  } catch (cause) {
    const why = (cause as { stdout?: string }).stdout?.trim().split('\n')[0] || messageOf(cause)
    throw new FloodmarkError('unavailable', `keytool made no key for Kafka's brokers: ${why}. ${KAFKA_INSTALL}`, {
      cause,
    })
  }
}

const kafkaCluster: ServerKindDefinition = {
  name: 'kafka-cluster',
  urlLike: kafka.urlLike,
  scheme: 'kafka+ssl',
  clusterOf: 'kafka',
  probe: kafka.probe,
  namespaces: kafka.namespaces,
  counts: kafka.counts!,
  recipe,
  noProxy: kafka.noProxy!,
}
export default kafkaCluster
