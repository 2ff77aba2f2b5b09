import { FloodmarkError } from '../contracts/errors.ts'

/** `<name>` inside a string is filled with text; a string that is `<#name>` alone becomes a bare number. */
const HOLE = /"<#(\w+)>"|<(\w+)>/

/**
 * Compiles a JSON value with holes into a function that fills them: the text is made once, a call only joins its pieces.
 * The values are put in as they are, so they must need no escaping in JSON.
 * `indent`: spaces a level, where the sender's own JSON is spread over lines.
 * @throws FloodmarkError 'misuse' from a call that leaves a hole without a value.
 */
export function jsonTemplate(
  shape: unknown,
  indent = 0,
): (values: Readonly<Record<string, string | number>>) => Buffer {
  // Splitting by a pattern with two groups gives: piece, number hole, text hole, piece, … , piece.
  const split = JSON.stringify(shape, null, indent).split(HOLE)
  const head = split[0]!
  const holes: { readonly name: string; readonly after: string }[] = []
  for (let i = 1; i < split.length; i += 3) holes.push({ name: (split[i] ?? split[i + 1])!, after: split[i + 2]! })
  return (values) => {
    let text = head
    for (const { name, after } of holes) {
      const value = values[name]
      if (value === undefined) throw new FloodmarkError('misuse', `the template needs a value for '${name}'`)
      text += value + after
    }
    return Buffer.from(text)
  }
}
