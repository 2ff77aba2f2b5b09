import { isLoopback } from '../../core/base/kit/address.ts'
import type { LoadedConfig } from '../config/load.ts'
import { type Address, boundHost, codeOfPort, portTrouble } from '../service/ports.ts'
import { type Finding, fail, ok, warn } from './finding.ts'

const ANSWER_MS = 1_000

/** Who reaches the service, and whether its ports are free. */
export async function checkPorts({ config: { listen, admin } }: LoadedConfig): Promise<readonly Finding[]> {
  const found = [...(await taken(listen)), reach(listen)]
  if (!admin) return found
  if (admin.port !== 0 && admin.port === listen.port)
    return [...found, fail('admin', `listen and admin have one port, ${admin.port}: choose another for admin`)]
  return [...found, await adminPort(admin)]
}

async function taken(listen: Address): Promise<Finding[]> {
  const code = await codeOfPort({ ...listen, host: boundHost(listen.host) })
  if (code === undefined) return []
  const what = `port ${listen.port} of ${listen.host} ${portTrouble(code)}`
  if (code !== 'EADDRINUSE') return [fail('listen', `${what}: choose another for listen`)]
  return [warn('listen', `${what}: by this service, if it runs already. Else free it, or choose another for listen`)]
}

function reach({ host, port }: Address): Finding {
  const isLocal = isLoopback(host)
  if (!isLocal) return ok('listen', `listens on ${host}, port ${port}`)
  return warn('listen', `listen.host is ${host}: only this machine reaches it. Where no proxy runs here, set '0.0.0.0'`)
}

async function adminPort(admin: Address): Promise<Finding> {
  const code = await codeOfPort(admin)
  const what = `the admin port ${admin.host}:${admin.port}`
  if (code === undefined) return ok('admin', `${what} is free`)
  if (code !== 'EADDRINUSE' || !(await isOurs(admin)))
    return fail('admin', `${what} ${portTrouble(code)}: free it, or choose another for admin`)
  return warn('admin', `${what} is taken by a service that runs: give the next command another by --admin-port`)
}

/** A service of ours says there what its processes did. */
async function isOurs({ host, port }: Address): Promise<boolean> {
  const at = `http://${host.includes(':') ? `[${host}]` : host}:${port}/status`
  const said = await fetch(at, { signal: AbortSignal.timeout(ANSWER_MS) })
    .then((answer) => answer.json())
    .catch(() => undefined)
  return Array.isArray((said as { processes?: unknown } | undefined)?.processes)
}
