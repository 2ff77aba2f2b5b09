import type { Control, Server } from './server.ts'

/** Starts one server for each folder, side by side. Where one fails, it ends the others. Several are a cluster. */
export async function startAll(
  folders: readonly string[],
  start: (at: number, signal: AbortSignal | undefined) => Promise<Server>,
  abort?: AbortSignal,
): Promise<Server> {
  if (folders.length === 1) return start(0, abort)
  const failed = new AbortController()
  const signal = abort ? AbortSignal.any([abort, failed.signal]) : failed.signal
  let why: unknown
  const starting = folders.map((_, at) =>
    start(at, signal).catch((error: unknown) => {
      if (!failed.signal.aborted) why = error
      failed.abort()
    }),
  )
  const servers = (await Promise.all(starting)).filter((server) => server !== undefined)
  if (servers.length === folders.length) return clusterOf(servers)
  await Promise.all(servers.map((server) => server.stop()))
  throw why
}

/** What is done to it is done to one server at a time, each in turn. It is undone to all that were struck. */
function clusterOf(servers: readonly Server[]): Server {
  let turn = 0
  const killed = new Set<Control>()
  const paused = new Set<Control>()
  const next = () => servers[turn++ % servers.length]!.control!
  const control: Control = {
    strikes: `one of ${servers.length} brokers`,
    async kill() {
      const one = next()
      killed.add(one)
      await one.kill()
    },
    async start() {
      const starting = [...killed].map((one) => one.start())
      killed.clear()
      await Promise.all(starting)
    },
    pause() {
      const one = next()
      one.pause()
      paused.add(one)
    },
    resume() {
      for (const one of paused) one.resume()
      paused.clear()
    },
    pids: () => servers.filter(({ control }) => !killed.has(control!)).flatMap(({ control }) => control!.pids()),
  }
  return {
    ...servers[0]!,
    control,
    stop: async () => void (await Promise.all(servers.map((server) => server.stop()))),
  }
}
