import { FloodmarkError, messageOf } from '../../core/contracts/errors.ts'
import { composeDown, composeUp, dockerAnswers } from './docker.ts'
import { holderOf } from './holder.ts'
import type { ServerKindDefinition } from './kinds/definition.ts'
import { freePorts } from './ports.ts'
import type { ProvideOptions, Server } from './server.ts'
import { remember } from './started.ts'

const ANSWER_MS = 10_000

/** A server by docker compose; undefined, with a line that says why, when Docker is not there or does not manage. */
export async function startCompose(
  { name: kind, scheme, compose, emulator, probe }: ServerKindDefinition,
  { cacheFolder, fsync = 'always', stays = false, signal, onProgress }: ProvideOptions & { cacheFolder: string },
): Promise<Server | undefined> {
  if (!compose || !(await dockerAnswers())) return undefined
  const port = (await freePorts(1))[0]!
  const project = `floodmark-${kind}-${port}`
  const url = `${scheme}://127.0.0.1:${port}`
  const says = `${kind} by docker compose${emulator ? `, ${emulator}` : ''}, ${stays ? "kept by 'brokers up'" : 'started for this run'}`
  const env = { FLOODMARK_PORT: String(port), ...compose.env(fsync) }
  const owner = stays ? null : holderOf(process.pid)!
  const forget = remember(cacheFolder, { kind, url, says, folder: '', owner, process: null, project })
  let stopped: Promise<void> | undefined
  const stop = () => {
    stopped ??= composeDown(kind, project).then(forget, (cause) => {
      const how = `docker compose -p ${project} down -v`
      throw new FloodmarkError('unavailable', `${kind} could not be ended by ${how}: ${messageOf(cause)}`, { cause })
    })
    return stopped
  }
  onProgress(`starting ${kind} by docker compose; its image is fetched the first time`)
  try {
    await composeUp(kind, project, env, signal)
    if (await probe(url, ANSWER_MS)) return { kind, url, origin: 'compose', says, stop }
    onProgress(`${kind} by docker compose runs, but does not answer on 127.0.0.1:${port}`)
  } catch (error) {
    onProgress(`docker compose did not start ${kind}: ${messageOf(error).slice(0, 500)}`)
  }
  await stop().catch((error) => onProgress(messageOf(error)))
  return undefined
}
