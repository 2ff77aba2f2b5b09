import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { needing } from '../../needs.ts'
import { Sender, shop } from '../shop.ts'

const linux = needing(existsSync('/proc/self/task') ? undefined : 'what a process is called can be seen on Linux alone')

/** Secrets that are found wherever they are written. */
const CANARIES = {
  env: 'canary-of-the-environment-7f3a9c',
  file: 'canary-of-a-mounted-file-91bd20',
  next: 'canary-that-comes-by-rotation-44e1',
  wrong: 'canary-of-somebody-else-c07d55',
}

const CONFIG = `export default {
  routes: { '/in': { provider: 'generic', source: 'in', secrets: [{ env: 'HOOK_SECRET' }, { file: 'secret.txt' }] } },
  handlers: './handlers.ts', listen: { port: 0 }, noticeMs: 0,
}
`

/** Every byte that lies in a folder. */
function allIn(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !['secret.txt', 'lock.mdb'].includes(entry.name))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n')
}

it('no secret is in a log, an error, a file of the service, or in what its processes are called', {
  ...linux,
}, async () => {
  const { start, write, folder } = shop('', { 'floodmark.config.ts': CONFIG, 'secret.txt': `${CANARIES.file}\n` })
  const node = start('node', { HOOK_SECRET: CANARIES.env })
  const port = await node.port
  const sender = new Sender()
  for (const [id, secret] of Object.entries(CANARIES)) {
    expect(await sender.send(port, id, secret)).toBe(id === 'env' || id === 'file' ? 200 : 401)
  }
  write('secret.txt', CANARIES.next)
  await node.until('route /in has new secrets')
  expect(await sender.send(port, 'after', CANARIES.next)).toBe(200)
  write('secret.txt', 'short')
  node.child.kill('SIGHUP')
  await node.until('The secrets before it stay in use')
  const processes = [node.child.pid!, ...node.members()]
  const called = processes.map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'latin1')).join('\n')
  const environments = processes.map((pid) => readFileSync(`/proc/${pid}/environ`, 'latin1')).join('\n')
  const { err } = await node.stop()
  const { out } = await node.ended
  const places = { err, out, called, files: allIn(folder) }
  for (const [name, canary] of Object.entries(CANARIES)) {
    for (const form of [
      canary,
      Buffer.from(canary).toString('base64').slice(0, -3),
      Buffer.from(canary).toString('hex'),
    ]) {
      for (const [place, text] of Object.entries(places)) expect(text.includes(form), `${name} in ${place}`).toBe(false)
      // One that was given by the environment is there, and nothing else.
      if (name !== 'env') expect(environments.includes(form), `${name} in an environment`).toBe(false)
    }
  }
})

it('a secret that cannot be used is told by its place alone', async () => {
  const canary = `"${CANARIES.env}"`
  const { start } = shop('', { 'floodmark.config.ts': CONFIG, 'secret.txt': `${CANARIES.file}\n` })
  const { code, err, out } = await start('node', { HOOK_SECRET: canary }).ended
  expect([code, err]).toEqual([2, expect.stringContaining('HOOK_SECRET')])
  expect(`${err}${out}`).not.toContain(CANARIES.env)
})
