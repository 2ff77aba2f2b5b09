import { describe, expect, it } from 'vitest'
import { describeWithServer } from '../../servers.ts'
import { planted, runsFolder } from '../floodmark.ts'

const { run, reportOf } = runsFolder()
const RUN_MS = 240_000
const briefly = ['--duration', '2']

describe('a queue of one’s own', () => {
  it.each(['queue-own-url', 'queue-own-kind'])(
    'gets the address that was given, whatever its scheme: %s',
    async (queue) => {
      const url = ['--queue-url', 'nats://127.0.0.1:4222']
      const { code, err } = await run(queue, 'steady', ...briefly, '--queue', planted(queue), ...url)
      expect(code, err).toBe(0)
    },
    RUN_MS,
  )

  it('needs an address when the kit cannot start its kind of server, and the error says so in one line', async () => {
    const { code, err } = await run('no-url', 'steady', ...briefly, '--queue', planted('queue-own-kind'))
    expect(err).toMatch(
      /^floodmark: floodmark cannot start a 'nats' server: give the address of one with --queue-url$/m,
    )
    expect(err).not.toContain('    at ')
    expect(code).toBe(2)
  })

  it('cannot be divided among processes when it lives in one', async () => {
    const url = ['--queue-url', 'nats://127.0.0.1:4222', '--processes', '2']
    const { code, err } = await run('alone', 'steady', ...briefly, '--queue', planted('queue-own-kind'), ...url)
    expect(err).toContain('--processes 2 needs a queue that processes share')
    expect(code).toBe(2)
  })
})

describeWithServer('redis', (server) => {
  it('a queue of one’s own that names no kind of server is shared by processes where it says that it can be', {
    timeout: RUN_MS,
    tags: 'full',
  }, async () => {
    const queue = ['--queue', planted('queue-own-shared'), '--queue-url', server().url]
    const { code, err } = await run('shared', 'steady', ...briefly, ...queue, '--processes', '2')
    expect(code, err).toBe(0)
    const names = reportOf('shared').processes.map(({ name }) => name)
    expect(names).toEqual(['receiver 1', 'receiver 2', 'processor', 'sender 1'])
  })
})
