import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { writePrivate } from '../../core/base/private-files.ts'

/** Writes files into a folder, by name; each appears whole or not at all. */
export function writeWhole(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name)
    writePrivate(`${path}.part`, content)
    renameSync(`${path}.part`, path)
  }
}
