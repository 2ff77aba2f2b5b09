import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { KAFKA_VERSION, kafkaJars } from '../../../src/runner/servers/kinds/kafka-jars.ts'

const root = mkdtempSync(join(tmpdir(), 'floodmark-jars-'))
const path = process.env.PATH
let folders = 0
let cacheFolder = ''
let lines: string[] = []

/** Puts a script in the place of Maven. */
function maven(script: string): void {
  const bin = mkdtempSync(join(root, 'bin-'))
  writeFileSync(join(bin, 'mvn'), `#!/bin/sh\n${script}\n`)
  chmodSync(join(bin, 'mvn'), 0o755)
  process.env.PATH = `${bin}:${path}`
}
const BRINGS_ALL = `for arg; do case $arg in -DoutputDirectory=*) touch "\${arg#*=}/kafka_2.13-${KAFKA_VERSION}.jar";; esac; done`
const fetch = (signal?: AbortSignal) =>
  kafkaJars({ cacheFolder, onProgress: (line) => lines.push(line), ...(signal ? { signal } : {}) })

beforeEach(() => {
  cacheFolder = join(root, `cache-${folders++}`)
  lines = []
})
afterEach(() => {
  process.env.PATH = path
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

describe('fetching Kafka', () => {
  it('says that it fetches, and does it once', async () => {
    maven(BRINGS_ALL)
    const folder = await fetch()
    maven('exit 1')
    expect(await fetch()).toBe(folder)
    expect(readdirSync(folder)).toEqual([`kafka_2.13-${KAFKA_VERSION}.jar`])
    expect(lines).toEqual([`fetching Kafka ${KAFKA_VERSION} through Maven, about 43 MB, once`])
  })

  it('works for several at once, and leaves no halves', async () => {
    maven(`sleep 0.0$$; ${BRINGS_ALL}`)
    const folders = await Promise.all([fetch(), fetch(), fetch()])
    expect(new Set(folders).size).toBe(1)
    expect(readdirSync(join(cacheFolder, 'kafka'))).toEqual([KAFKA_VERSION])
  })

  it('says what to install when there is no Maven', async () => {
    const bin = join(root, 'empty')
    mkdirSync(bin)
    process.env.PATH = bin
    await expect(fetch()).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/there is no mvn.*apt-get install maven openjdk/),
    })
  })

  it('says why when the registry does not answer, and keeps nothing', async () => {
    maven('echo "[ERROR] Could not transfer artifact: Connection refused"; exit 1')
    await expect(fetch()).rejects.toThrow(/Maven could not fetch Kafka: .*Connection refused.*give the URL of a broker/)
    expect(readdirSync(join(cacheFolder, 'kafka'))).toEqual([])
  })

  it('takes no incomplete set of jars for Kafka', async () => {
    maven('exit 0')
    await expect(fetch()).rejects.toThrow(`Maven brought no Kafka ${KAFKA_VERSION}`)
    expect(readdirSync(join(cacheFolder, 'kafka'))).toEqual([])
  })

  it('ends when it is interrupted', async () => {
    maven('exec sleep 60')
    await expect(fetch(AbortSignal.timeout(100))).rejects.toThrow('interrupted')
    expect(readdirSync(join(cacheFolder, 'kafka'))).toEqual([])
  })
})
