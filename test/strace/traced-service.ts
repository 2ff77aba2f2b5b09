import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import generic from '../../providers/generic.ts'

const SECRET = 'a secret for the traced service'
const secret = generic.secret(SECRET)
const program = new URL('./service.ts', import.meta.url).pathname
const CALLS = 'write,writev,pwrite64,pwritev,fdatasync,fsync,sendto,sendmsg'

/** Why the calls of a process cannot be watched here; undefined where they can. */
export function whyNoStrace(): string | undefined {
  const { error, status, stderr } = spawnSync('strace', ['-o', '/dev/null', 'true'], { encoding: 'utf8' })
  if (error) return 'strace is not installed (apt-get install strace)'
  return status === 0 ? undefined : `strace may not trace: ${stderr.trim()}`
}

/** A service under strace, with a way to send it signed events over a few connections. */
export async function tracedService(options: { bug?: string; strace?: (folder: string) => readonly string[] } = {}) {
  const root = mkdtempSync(join(tmpdir(), 'floodmark-strace-'))
  const folder = join(root, 'queue')
  const output = join(root, 'trace')
  const watched = options.strace?.(folder) ?? ['-e', `trace=${CALLS}`]
  const args = ['-f', '-yy', '-s', '1000000', '-o', output, ...watched]
  const service = [process.execPath, program, folder, SECRET, options.bug ?? '']
  const child = spawn('strace', [...args, ...service], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.once('data', (data) => resolve(Number(String(data).trim())))
    child.once('close', () => reject(new Error('the traced service ended before it was ready')))
  })
  const sent = new Map<number, string[]>()
  return {
    sent,
    /** Each connection sends so many events, one after the other; the statuses in order of coming. */
    async send(connections: number, each: number): Promise<number[]> {
      const statuses: number[] = []
      const one = async () => {
        const socket = connect(port, '127.0.0.1')
        await new Promise((resolve) => socket.once('connect', resolve))
        const ids: string[] = []
        sent.set(socket.localPort!, ids)
        for (let turn = 0; turn < each; turn++) {
          const id = `evt-${socket.localPort}-${turn}`
          ids.push(id)
          statuses.push(await exchange(socket, signed(id)))
        }
        socket.destroy()
      }
      await Promise.all(Array.from({ length: connections }, one))
      return statuses
    },
    async get(path: string): Promise<number> {
      return (await fetch(`http://127.0.0.1:${port}${path}`)).status
    },
    /** Ends the service; gives what was traced. */
    async end(): Promise<string> {
      // strace passes no signal on: the service itself is asked.
      const pid = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim())
      process.kill(pid, 'SIGTERM')
      await ended
      const trace = readFileSync(output, 'utf8')
      rmSync(root, { recursive: true, force: true })
      return trace
    },
  }
}

function signed(id: string): string {
  const body = JSON.stringify({ id, type: 'made', key: `k${id.slice(-1)}`, text: 'x'.repeat(300) })
  const headers = generic.sign(Buffer.from(body), secret, { id, type: 'made', atMs: Date.now() })
  const lines = Object.entries({ host: 'test', 'content-length': String(body.length), ...headers })
  return `POST /webhooks/generic HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`
}

/** Sends one request and waits for the whole answer; the status. */
function exchange(socket: Socket, request: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = ''
    const onData = (data: Buffer) => {
      text += data
      const [head, body] = text.split('\r\n\r\n')
      const length = Number(/content-length: (\d+)/i.exec(head!)?.[1])
      if (body === undefined || body.length < length) return
      socket.off('data', onData)
      socket.off('error', reject)
      resolve(Number(text.slice(9, 12)))
    }
    socket.on('data', onData)
    socket.once('error', reject)
    socket.write(request)
  })
}
