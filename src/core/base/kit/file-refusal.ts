import { FloodmarkError, messageOf } from '../../contracts/errors.ts'

/** What a file system refused, in words for people. `isInput`: another path would do, so it is the caller's to mend. */
export interface FileRefusal {
  readonly words: string
  readonly isInput: boolean
}

/** undefined: the error is not a file system's. */
export function fileRefusalOf(error: unknown): FileRefusal | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined
  const { path = 'the path', dest, code } = error as NodeJS.ErrnoException & { readonly dest?: string }
  const at = dest ?? path
  const input = (words: string) => ({ words, isInput: true })
  const machine = (words: string) => ({ words, isInput: false })
  switch (code) {
    case 'ENOENT':
      return input(`there is no ${at}`)
    case 'EISDIR':
      return input(`${at} is a folder, and a file is needed`)
    case 'ENOTDIR':
      return input(`${at} cannot be: a file stands where a folder is needed`)
    case 'EEXIST':
      return input(`${at} is there already`)
    case 'ENAMETOOLONG':
      return input(`${at} is too long for a name`)
    case 'EACCES':
    case 'EPERM':
      return machine(`this user may not use ${at}`)
    case 'EROFS':
      return machine(`${at} lies where nothing can be written`)
    case 'ENOSPC':
      return machine(`the disk of ${at} is full`)
    default:
      return undefined
  }
}

/** What a file system refused, or what else went wrong with a file, in words. */
export function fileWords(error: unknown): string {
  return fileRefusalOf(error)?.words ?? messageOf(error)
}

/** `doing`: what was to be done, as `cannot write sale.ts`. 'misuse' where another path would do, else 'unavailable'. */
export function fileError(doing: string, cause: unknown): FloodmarkError {
  const code = fileRefusalOf(cause)?.isInput ? 'misuse' : 'unavailable'
  return new FloodmarkError(code, `${doing}: ${fileWords(cause)}`, { cause })
}
