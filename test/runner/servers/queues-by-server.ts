import type { queues as known } from '../../../queues/index.ts'

/** The names of queues that have a server, by its kind: tests of one kind share a server. */
export async function queuesByServer(queues: typeof known): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>()
  for (const [name, load] of Object.entries(queues)) {
    const { server } = (await load()).default
    if (server !== undefined) found.set(server, [...(found.get(server) ?? []), name])
  }
  return found
}
