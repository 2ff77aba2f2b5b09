import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A load generator that is asked for a rate, and what it says of the p99. */
export interface Tool {
  readonly name: string
  /** undefined: it is not installed. */
  version(): string | undefined
  /** 'none': it takes no rate, and each of its connections waits for the answer before it sends again. */
  readonly arrivals: 'even' | 'none'
  p99Ms(load: ToolLoad): Promise<number>
}

export interface ToolLoad {
  readonly url: string
  readonly ratePerS: number
  readonly seconds: number
  /** For the tool's own files. */
  readonly folder: string
}

const ID = 'x-webhook-id'
const CONNECTIONS = 256
/** Workers at most. Some tools hold a request back while none of theirs is free. */
const WORKERS_MAX = 4_000
const AUTOCANNON = join(import.meta.dirname, '../../node_modules/autocannon/autocannon.js')

const autocannon: Tool = {
  name: 'autocannon',
  version: () => firstLine(process.execPath, [AUTOCANNON, '--version'])?.replace(/^autocannon v?/, ''),
  arrivals: 'even',
  async p99Ms({ url, ratePerS, seconds }) {
    const load = ['-R', String(ratePerS), '-c', String(CONNECTIONS), '-d', String(seconds)]
    const out = await outputOf(process.execPath, [AUTOCANNON, ...load, '-m', 'POST', '-H', `${ID}=a`, '-j', url])
    return JSON.parse(out.slice(out.indexOf('{'))).latency.p99
  },
}

const k6: Tool = {
  name: 'k6',
  version: () => /v([\d.]+)/.exec(firstLine('k6', ['version']) ?? '')?.[1],
  arrivals: 'even',
  async p99Ms({ url, ratePerS, seconds, folder }) {
    const script = join(folder, 'k6.js')
    const summary = join(folder, 'k6.json')
    const arrival = { executor: 'constant-arrival-rate', rate: ratePerS, timeUnit: '1s', duration: `${seconds}s` }
    const scenarios = { load: { ...arrival, preAllocatedVUs: CONNECTIONS, maxVUs: WORKERS_MAX } }
    const options = { scenarios, summaryTrendStats: ['p(99)'], discardResponseBodies: true }
    const send = `() => http.post(${JSON.stringify(url)}, 'x', { headers: { '${ID}': 'a' } })`
    writeFileSync(
      script,
      `import http from 'k6/http'\nexport const options = ${JSON.stringify(options)}\nexport default ${send}\n`,
    )
    await outputOf('k6', ['run', '--quiet', '--summary-export', summary, script])
    return JSON.parse(readFileSync(summary, 'utf8')).metrics.http_req_duration['p(99)']
  },
}

const vegeta: Tool = {
  name: 'vegeta',
  // What go install builds does not know its own version; the toolchain does.
  version() {
    const said = outputNow('vegeta', ['-version'])
    if (said === undefined) return undefined
    const built = outputNow('sh', ['-c', 'go version -m "$(command -v vegeta)"']) ?? ''
    return /Version: v?([\d.]+)/.exec(said)?.[1] ?? /\bmod\s+\S+\s+v([\d.]+)/.exec(built)?.[1] ?? '(version not told)'
  },
  arrivals: 'even',
  async p99Ms({ url, ratePerS, seconds, folder }) {
    const [targets, results] = [join(folder, 'targets.txt'), join(folder, 'results.bin')]
    writeFileSync(targets, `POST ${url}\n${ID}: a\n`)
    const load = [`-rate=${ratePerS}/s`, `-duration=${seconds}s`, `-max-workers=${WORKERS_MAX}`, `-output=${results}`]
    await outputOf('vegeta', ['attack', `-targets=${targets}`, ...load])
    return JSON.parse(await outputOf('vegeta', ['report', '-type=json', results])).latencies['99th'] / 1e6
  },
}

const oha: Tool = {
  name: 'oha',
  version: () => /oha ([\d.]+)/.exec(outputNow('oha', ['--version']) ?? '')?.[1],
  arrivals: 'even',
  async p99Ms({ url, ratePerS, seconds }) {
    // By count and not by time: at the end of a time it gives up what is under way.
    const load = ['-q', String(ratePerS), '-n', String(ratePerS * seconds), '-c', String(CONNECTIONS)]
    const how = ['--latency-correction', '--no-tui', '--output-format', 'json', '-m', 'POST', '-H', `${ID}: a`]
    return JSON.parse(await outputOf('oha', [...load, ...how, url])).latencyPercentiles.p99 * 1_000
  },
}

const wrk: Tool = {
  name: 'wrk',
  version: () => /wrk \D*([\d.]+)/.exec(outputNow('wrk', ['-v']) ?? '')?.[1],
  arrivals: 'none',
  async p99Ms({ url, seconds, folder }) {
    const script = join(folder, 'wrk.lua')
    writeFileSync(script, `wrk.method = "POST"\nwrk.headers["${ID}"] = "a"\n`)
    const out = await outputOf('wrk', ['-t1', '-c64', `-d${seconds}s`, '--latency', '-s', script, url])
    const [, figure, unit] = /99%\s+([\d.]+)(us|ms|s)/.exec(out)!
    return Number(figure) * { us: 0.001, ms: 1, s: 1_000 }[unit as 'us' | 'ms' | 's']
  },
}

export const TOOLS: readonly Tool[] = [autocannon, k6, vegeta, oha, wrk]

function outputNow(command: string, args: readonly string[]): string | undefined {
  const { stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  return error ? undefined : stdout + stderr
}

function firstLine(command: string, args: readonly string[]): string | undefined {
  return outputNow(command, args)?.split('\n')[0]
}

function outputOf(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] })
    let out = ''
    child.stdout.setEncoding('utf8').on('data', (text) => {
      out += text
    })
    child.once('error', reject)
    child.once('close', () => resolve(out))
  })
}
