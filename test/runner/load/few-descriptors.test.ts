import { execFile } from 'node:child_process'
import { type AddressInfo, createServer } from 'node:net'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { needing } from '../../needs.ts'

const child = new URL('./few-descriptors-child.ts', import.meta.url).pathname
const windows = process.platform === 'win32' ? 'there is no ulimit' : undefined

it('a sender without descriptors knows it from a server that nobody reaches', needing(windows), async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const command = `ulimit -n 80 && exec '${process.execPath}' '${child}' ${port} 200`
  const { stdout } = await promisify(execFile)('sh', ['-c', command])
  const causes = JSON.parse(stdout)
  expect(Object.keys(causes)).toEqual(['no-descriptor'])
  expect(causes['no-descriptor']).toBeGreaterThan(100)
  server.close()
})
