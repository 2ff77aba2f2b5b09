import { spawn } from 'node:child_process'
import net from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Door, WAYS_TO_BIND } from '../../../src/product/service/door.ts'

const LISTENS = `require('node:http').createServer((_, response) => response.end('there')).listen({ fd: 3 })`
const WHERE = { host: '127.0.0.1', port: 0 }

it('this Node has a way to bind a port for others', () => {
  const dropped =
    'Node has neither net.BoundSocket (public, since 26.4) nor net._createServerHandle (private): serve and node cannot start'
  expect(WAYS_TO_BIND.length, dropped).toBeGreaterThan(0)
  const isPublic = 'BoundSocket' in net
  const { major, minor } = versionOf(process.versions.node)
  expect(isPublic, 'net.BoundSocket is not where Node said that it would stay').toBe(
    major > 26 || (major === 26 && minor >= 4),
  )
})

function versionOf(text: string) {
  const [major, minor] = text.split('.').map(Number)
  return { major: major!, minor: minor! }
}

describe.for(WAYS_TO_BIND.map((bind, at) => [at + 1, bind] as const))('a port that is bound in way %i', ([, bind]) => {
  it('answers once another process listens on it, and is free again after both', async () => {
    const door = await Door.open(WHERE, () => {}, bind)
    expect(door.port).toBeGreaterThan(0)
    const child = spawn(process.execPath, ['-e', LISTENS], { stdio: ['ignore', 'inherit', 'inherit', door.fd] })
    onTestFinished(() => void child.kill('SIGKILL'))
    const answer = async () => (await fetch(`http://127.0.0.1:${door.port}`)).text()
    await expect.poll(() => answer().catch(() => '')).toBe('there')
    door.close()
    door.close()
    expect(await answer()).toBe('there')
    child.kill('SIGKILL')
    const again = await Door.open({ ...WHERE, port: door.port }, () => {}, bind)
    expect(again.port).toBe(door.port)
    again.close()
  })

  it('is waited for while it is taken', async () => {
    const server = net.createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    const said: string[] = []
    const opening = Door.open(
      { ...WHERE, port },
      (line) => {
        said.push(line)
        server.close()
      },
      bind,
    )
    const door = await opening
    expect([door.port, said]).toEqual([port, [`127.0.0.1:${port} is taken: it is waited for, up to 5 s`]])
    door.close()
  })

  it('is told by its name where it cannot be bound', async () => {
    const opening = Door.open({ host: '192.0.2.1', port: 0 }, () => {}, bind)
    await expect(opening).rejects.toThrow(
      'cannot listen on 192.0.2.1:0: EADDRNOTAVAIL. Free it, or choose another port',
    )
  })
})
