import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { fileWords } from '../../core/base/kit/file-refusal.ts'
import { FloodmarkError } from '../../core/contracts/errors.ts'
import { decodeText } from '../../runner/scenario/text-file.ts'

const NAME = '.env'
/** How node and npm themselves run is no setting of ours. */
const NOT_OURS = /^(NODE_|npm_)/i

/** The variables of a folder's `.env`; none where there is no such file. @throws FloodmarkError 'misuse' where it cannot be read. */
export function readEnvFile(folder: string): Readonly<Record<string, string>> {
  const path = resolve(folder, NAME)
  try {
    const found = Object.entries(parseEnv(withHashes(decodeText(readFileSync(path), NAME))))
    return Object.fromEntries(found.filter(([name, value]) => value !== undefined && !NOT_OURS.test(name))) as Record<
      string,
      string
    >
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw new FloodmarkError('misuse', `${path} cannot be read: ${fileWords(cause)}`, { cause })
  }
}

/**
 * Node takes a # in a bare value for a comment, and so half of a password for the whole of it. As elsewhere, a comment begins
 * behind white space.
 */
function withHashes(text: string): string {
  const bare = /^([ \t]*(?:export[ \t]+)?[\w.-]+[ \t]*=[ \t]*)([^\s"'`][^\r\n]*?)([ \t]+#[^\r\n]*|[ \t]*)$/gm
  return text.replace(bare, (line, name: string, value: string, rest: string) => {
    const isComment = value.startsWith('#') && /[ \t]$/.test(name)
    const quote = value.includes('#') && !isComment && ["'", '`', '"'].find((one) => !value.includes(one))
    return quote ? `${name}${quote}${value}${quote}${rest}` : line
  })
}

/** Names the variables that came from the file. The processes that this one starts have them too. */
const FROM_FILE = 'ENV_FILE_NAMES_OF_FLOODMARK'

/**
 * Puts what a folder's `.env` sets, and the environment does not, into the environment: a config may name secrets there. What came
 * from the file before, here or in the process that has started this one, is replaced by what it says now.
 */
export function fillFromEnvFile(folder: string, env: NodeJS.ProcessEnv = process.env): void {
  const found = readEnvFile(folder)
  const before = env[FROM_FILE]?.split(',') ?? []
  for (const name of before) delete env[name]
  const filled = Object.keys(found).filter((name) => env[name] === undefined)
  for (const name of filled) env[name] = found[name]
  if (filled.length > 0) env[FROM_FILE] = filled.join(',')
  else delete env[FROM_FILE]
}
