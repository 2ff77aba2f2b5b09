import { FloodmarkError } from '../../core/contracts/errors.ts'
import { load, type Plugins } from '../../runner/scenario/plugins.ts'

/** A plug-in of a config. @throws FloodmarkError 'misuse' as `load`, and where one of ours needs a package that is not installed. */
export async function loadPart<K extends keyof Plugins>(kind: K, name: string): Promise<Plugins[K]> {
  try {
    return await load(kind, name)
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const missing = code === 'ERR_MODULE_NOT_FOUND' ? /Cannot find package '([^']+)'/.exec(message)?.[1] : undefined
    if (missing === undefined) throw cause
    const what = `the ${kind} '${name}' needs the package ${missing}`
    throw new FloodmarkError('misuse', `${what}: run npm install ${missing}`, { cause })
  }
}
