import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PATH, signedRequests } from './requests.ts'

/**
 * wrk with one thread and one fixed signed request. It signs and builds nothing, so its rate is the most that a load
 * generator can reach on one core. undefined where wrk is not installed.
 */
export function wrk(port: number, seconds: number, connections: number, folder: string): Promise<number | undefined> {
  const { headers, body } = signedRequests('bench0', 1).parts(0)
  const lines = Object.entries(headers).map(([name, value]) => `wrk.headers[${quoted(name)}] = ${quoted(value)}`)
  const script = join(folder, 'wrk.lua')
  writeFileSync(script, ['wrk.method = "POST"', `wrk.body = ${quoted(body.toString())}`, ...lines].join('\n'))
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', script, `http://127.0.0.1:${port}${PATH}`]
  return new Promise((resolve, reject) => {
    const child = spawn('wrk', args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let out = ''
    child.stdout.on('data', (data) => {
      out += data
    })
    child.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? resolve(undefined) : reject(error)))
    child.on('close', () => {
      const rate = /Requests\/sec:\s+([\d.]+)/.exec(out)
      if (rate) resolve(Number(rate[1]))
      else reject(new Error(`wrk printed no rate: ${out.slice(0, 300)}`))
    })
  })
}

/** A Lua string. JSON's escapes of quotes and backslashes are Lua's too, and our texts have no others. */
function quoted(text: string): string {
  return JSON.stringify(text)
}
