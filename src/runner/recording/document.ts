import { parseContent } from '../../core/base/json-body.ts'
import { scrambleName, scrambleNumber, scrambleText } from './scramble.ts'

/** A text or number somewhere in a body. */
interface Leaf {
  /** Names of the members that lead to it, with dots between; places in lists do not count. */
  readonly path: string
  readonly value: string | number
  /** The whole body with another text in this place. */
  with(text: string): Uint8Array
}

/** A body that can be taken apart: its leaves, and how it reads when each is replaced. */
interface Document {
  readonly leaves: readonly Leaf[]
  /** `replace`: by position in `leaves`; undefined scrambles. Names that may be data are scrambled too. */
  render(replace: (position: number) => string | number | undefined): string
}

const DEPTH_MAX = 64

/** undefined where it is neither JSON nor, for a sender of such, a form; or is nested too deeply. */
export function documentOf(body: Uint8Array, contentType = 'application/json'): Document | undefined {
  return contentType.includes('form-urlencoded') ? formOf(body) : jsonOf(body)
}

function formOf(body: Uint8Array): Document | undefined {
  const fields = [...new URLSearchParams(Buffer.from(body).toString())]
  if (fields.length === 0) return undefined
  const rendered = (of: (value: string, position: number) => string, name = (text: string) => text) =>
    fields.map(([key, value], at) => `${encodeURIComponent(name(key))}=${of(value, at)}`).join('&')
  const leaves = fields.map(([path, value], position) => ({
    path,
    value,
    with: (text: string) => Buffer.from(rendered((own, at) => encodeURIComponent(at === position ? text : own))),
  }))
  const render: Document['render'] = (replace) =>
    rendered((value, at) => {
      const other = replace(at)
      // The marks that are filled in later must stay as they are. They need no escaping.
      return other === undefined ? encodeURIComponent(scrambleText(value)) : String(other)
    }, scrambleName)
  return { leaves, render }
}

function jsonOf(body: Uint8Array): Document | undefined {
  const value = parseContent(body)
  if (typeof value !== 'object' || value === null) return undefined
  const indent = /^[[{]\r?\n( +)/.exec(Buffer.from(body).toString())?.[1]?.length ?? 0
  const values: { readonly value: string | number; readonly path: string }[] = []
  const whole = walk(value, [], (leaf, path) => {
    values.push({ value: leaf, path })
    return leaf
  })
  if (whole === undefined) return undefined
  const rewrite = (
    replace: (leaf: string | number, position: number) => string | number,
    name?: typeof scrambleName,
  ) => {
    let position = 0
    return JSON.stringify(
      walk(value, [], (leaf) => replace(leaf, position++), name),
      null,
      indent,
    )
  }
  const leaves = values.map(({ value, path }, position) => ({
    path,
    value,
    with: (text: string) => Buffer.from(rewrite((own, at) => (at === position ? text : own))),
  }))
  const scramble = (leaf: string | number) => (typeof leaf === 'string' ? scrambleText(leaf) : scrambleNumber(leaf))
  return {
    leaves,
    render: (replace) => rewrite((leaf, position) => replace(position) ?? scramble(leaf), scrambleName),
  }
}

/** A copy with each text and number replaced, in order; undefined where it is nested too deeply. */
function walk(
  value: unknown,
  path: readonly string[],
  replace: (leaf: string | number, path: string) => string | number,
  name = (text: string) => text,
): unknown {
  if (path.length > DEPTH_MAX) return undefined
  if (typeof value === 'string' || typeof value === 'number') return replace(value, path.filter(Boolean).join('.'))
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const items = value.map((item) => walk(item, [...path, ''], replace, name))
    return items.includes(undefined) ? undefined : items
  }
  // Without a prototype `__proto__` is a name like any other.
  const copy: Record<string, unknown> = Object.create(null)
  for (const [key, member] of Object.entries(value)) {
    const other = walk(member, [...path, key], replace, name)
    if (other === undefined) return undefined
    copy[name(key)] = other
  }
  return copy
}
