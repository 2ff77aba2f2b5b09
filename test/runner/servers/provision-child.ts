import redis from '../../../src/runner/servers/kinds/redis.ts'
import { provide } from '../../../src/runner/servers/provide.ts'

/** A run of its own that has a Redis: prints where, and 'wait's, also for SIGINT, or 'exit's, or 'kill's the server and waits, or 'stop's it. */
const [cacheFolder, folder, then] = process.argv.slice(2)
const server = await provide('redis', {
  cacheFolder: cacheFolder!,
  folder: folder!,
  nativeOnly: true,
  onProgress: () => {},
})
const alive = setInterval(() => {}, 1_000)
process.once('SIGINT', async () => {
  const answer = await redis.probe(server.url, 5_000)
  process.stdout.write(`${JSON.stringify({ answers: answer !== undefined })}\n`)
  await server.stop()
  clearInterval(alive)
})
const where = { url: server.url, pid: server.control!.pids()[0] }
if (then === 'kill') await server.control!.kill()
process.stdout.write(`${JSON.stringify(where)}\n`)
if (then === 'exit') process.exit(0)
if (then === 'stop') {
  clearInterval(alive)
  await server.stop()
  process.stdout.write(`${JSON.stringify({ isStopped: true })}\n`)
}
