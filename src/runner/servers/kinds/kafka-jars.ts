import { spawn } from 'node:child_process'
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { makePrivateFolder, makePrivateTemporaryFolder } from '../../../core/base/private-files.ts'
import { FloodmarkError } from '../../../core/contracts/errors.ts'
import type { RecipeOptions } from './definition.ts'

/** The version in infra/kafka/pom.xml and of the image in infra/docker-compose.yml. */
export const KAFKA_VERSION = '4.1.0'

const POM = fileURLToPath(new URL('../../../../infra/kafka/pom.xml', import.meta.url))
/** In full: its short name would need another look at the registry. */
const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'
const FETCH_MAX_MS = 300_000
const TOLD_BYTES_MAX = 10_000

/**
 * The folder with Kafka's jars, fetched through Maven when it is not there yet. Only whole sets of jars get that name, so two
 * processes at once are fine. @throws FloodmarkError 'unavailable'.
 */
export async function kafkaJars({ cacheFolder, signal, onProgress }: Omit<RecipeOptions, 'fsync'>): Promise<string> {
  const kafkaFolder = resolve(cacheFolder, 'kafka')
  const folder = join(kafkaFolder, KAFKA_VERSION)
  if (existsSync(folder)) return folder
  onProgress(`fetching Kafka ${KAFKA_VERSION} through Maven, about 43 MB, once`)
  makePrivateFolder(kafkaFolder)
  const half = makePrivateTemporaryFolder(join(kafkaFolder, '.half-'))
  try {
    await copyJars(half, signal)
    if (!readdirSync(half).includes(`kafka_2.13-${KAFKA_VERSION}.jar`)) {
      throw new FloodmarkError('unavailable', `Maven brought no Kafka ${KAFKA_VERSION}: see ${POM}`)
    }
    try {
      renameSync(half, folder)
    } catch (error) {
      if (!existsSync(folder)) throw error
    }
  } finally {
    rmSync(half, { recursive: true, force: true })
  }
  return folder
}

function copyJars(folder: string, abort?: AbortSignal): Promise<void> {
  const goal = [COPY, '-DincludeScope=runtime', `-DoutputDirectory=${folder}`]
  const signal = AbortSignal.any([AbortSignal.timeout(FETCH_MAX_MS), ...(abort ? [abort] : [])])
  return new Promise((resolve, reject) => {
    const maven = spawn('mvn', ['-q', '-B', '-f', POM, ...goal], { stdio: ['ignore', 'pipe', 'pipe'], signal })
    let told = ''
    const listen = (part: Buffer) => {
      told = (told + part).slice(-TOLD_BYTES_MAX)
    }
    maven.stdout.on('data', listen)
    maven.stderr.on('data', listen)
    const fail = (message: string, cause?: unknown) => reject(new FloodmarkError('unavailable', message, { cause }))
    maven.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') fail(`there is no mvn to fetch Kafka with: ${KAFKA_INSTALL}`, error)
      else if (abort?.aborted) fail('fetching Kafka was interrupted', error)
      else
        fail(
          `Maven did not bring Kafka within ${FETCH_MAX_MS / 60_000} minutes: try again later, or ${OTHERWISE}`,
          error,
        )
    })
    maven.on('close', (code) => {
      const why = /^\[ERROR\] (\S.*)/m.exec(stripVTControlCharacters(told))?.[1] ?? `exit code ${code}`
      if (code === 0) resolve()
      else fail(`Maven could not fetch Kafka: ${why.slice(0, 500)}. Is its registry within reach? Or ${OTHERWISE}`)
    })
  })
}

const OTHERWISE = 'start Docker, or give the URL of a broker'
export const KAFKA_INSTALL = `install it (apt-get install maven openjdk-17-jre-headless, or brew install maven), ${OTHERWISE}`
