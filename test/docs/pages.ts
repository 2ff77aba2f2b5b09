import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = new URL('../../', import.meta.url).pathname

const markdownIn = (folder: string) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name))

/** Every page that a person reads. */
export const PAGES = [...markdownIn('.'), ...markdownIn('docs')]

/** A block between fences; `line` is that of its first fence. */
export interface Block {
  readonly page: string
  readonly line: number
  /** What it is written in; empty: nothing says it. */
  readonly language: string
  readonly text: string
}

export function blocksOf(page: string): Block[] {
  const blocks: Block[] = []
  let open: { language: string; line: number; lines: string[] } | undefined
  for (const [at, line] of readFileSync(join(ROOT, page), 'utf8').split('\n').entries()) {
    const fence = /^\s*```(.*)$/.exec(line)
    if (fence && open) {
      blocks.push({ page, line: open.line, language: open.language, text: open.lines.join('\n') })
      open = undefined
    } else if (fence) open = { language: fence[1]!.trim(), line: at + 1, lines: [] }
    else open?.lines.push(line)
  }
  return blocks
}

/** The page without its blocks: what stands there is read, not linked to. */
export function proseOf(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8').replaceAll(/^\s*```[\s\S]*?^\s*```/gm, '')
}
