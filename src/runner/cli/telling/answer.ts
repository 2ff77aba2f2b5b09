import { oneLined } from '../../../core/base/one-line.ts'

/** How the answer of a command is told. */
export interface Answering {
  /** Nothing on the terminal: the exit code and the files say it. */
  readonly quiet?: boolean | undefined
  /** As JSON on the standard output, and no words there. */
  readonly json?: boolean | undefined
}

/** Writes lines while a command goes on; with --json beside the standard output, which has the answer alone. */
export function sayer({ json, quiet }: Answering): (line: string) => void {
  const out = json ? process.stderr : process.stdout
  return quiet ? () => {} : (line) => void out.write(`${line}\n`)
}

/** Tells the answer. */
export function answer({ json, quiet }: Answering, found: object, words: () => string): void {
  if (json) process.stdout.write(`${JSON.stringify(oneLined(found), null, 1)}\n`)
  else if (!quiet) process.stdout.write(words())
}
