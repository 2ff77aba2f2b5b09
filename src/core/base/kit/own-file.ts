/**
 * A file of the kit beside another, for a process or a thread of its own: './worker' beside worker.ts. A clone runs the
 * TypeScript, and the package the JavaScript that was made of it.
 */
export function ownFile(name: string, from: string): URL {
  return new URL(`${name}${from.endsWith('.ts') ? '.ts' : '.js'}`, from)
}
