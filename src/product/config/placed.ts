import { resolve } from 'node:path'

/** A path that begins with a dot counts from the config's folder; a name stays one. */
export function placedIn(folder: string, name: string): string {
  return /^\.{1,2}[\\/]/.test(name) ? resolve(folder, name) : name
}
