import { ask } from '../../src/runner/provision/ask.ts'
import { provide } from '../../src/runner/provision/index.ts'

/** A run of its own that has a Redis: prints where, then does as told: 'wait', 'exit', or 'interrupt' (waits for SIGINT). */
const [cacheFolder, folder, then] = process.argv.slice(2)
const server = await provide('redis', {
  cacheFolder: cacheFolder!,
  folder: folder!,
  nativeOnly: true,
  onProgress: () => {},
})
process.stdout.write(`${JSON.stringify({ url: server.url, pid: server.control!.pid() })}\n`)
if (then === 'exit') process.exit(0)
const alive = setInterval(() => {}, 1_000)
process.once('SIGINT', async () => {
  const answer = await ask('redis', '127.0.0.1', Number(new URL(server.url).port), 5_000)
  process.stdout.write(`${JSON.stringify({ answers: answer !== undefined })}\n`)
  await server.stop()
  clearInterval(alive)
})
