import type { Redis } from 'ioredis'

/** A queue or a worker. */
interface Scripted {
  getBackend(): { readonly client: Promise<unknown> }
}

/** Of the client, which knows its scripts by name. */
interface Defined {
  readonly lua: string
  readonly numberOfKeys: number
}

/**
 * Has every script of BullMQ leave no key that stays: the keys that it names, and the job that it adds, end in so many ms. Those that
 * end sooner by themselves, as locks do, are left alone. To be called once.
 */
export async function endIn(keptMs: number, of: Scripted): Promise<void> {
  const client = (await of.getBackend().client) as Redis
  const scripts = client.scriptsSet as Record<string, Defined>
  for (const [name, { lua, numberOfKeys }] of Object.entries(scripts)) {
    client.defineCommand(name, { lua: ending(lua, name.startsWith('addStandardJob'), keptMs), numberOfKeys })
  }
}

/** A job's key is that of the ids' counter, KEYS[4], with the id in the place of its last word. */
function ending(lua: string, addsJob: boolean, keptMs: number): string {
  return `
local function run()
${lua}
end
local reply = run()
local function last(key) if redis.call('PTTL', key) == -1 then redis.call('PEXPIRE', key, ${keptMs}) end end
for _, key in ipairs(KEYS) do last(key) end
${addsJob ? "if type(reply) == 'string' then last(string.sub(KEYS[4], 1, -3) .. reply) end" : ''}
return reply`
}
