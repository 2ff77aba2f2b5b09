import { randomInt } from 'node:crypto'

const LOWER = 'abcdefghijklmnopqrstuvwxyz'
const UPPER = LOWER.toUpperCase()
const DIGITS = '0123456789'
/** Characters of 2, 3 and 4 bytes in UTF-8 that stand for all others of their length. */
const WIDE = ['ä', '語', '😀'] as const
/** Names of fields look like this; anything else may be data used as a name, as in a map by e-mail address. */
const FIELD_NAME = /^[A-Za-z_][A-Za-z0-9_.:-]{0,63}$/
const NUMBER_RUN = /\d{3}/

/**
 * The same length in bytes and the same look, with nothing of the content: letters become other letters, digits other
 * digits. Everything is replaced, not only what looks like a secret: a list of what to remove always misses something.
 */
export function scrambleText(text: string): string {
  let scrambled = ''
  for (const character of text) scrambled += otherFor(character)
  return scrambled
}

function otherFor(character: string): string {
  if (LOWER.includes(character)) return oneOf(LOWER)
  if (UPPER.includes(character)) return oneOf(UPPER)
  if (DIGITS.includes(character)) return oneOf(DIGITS)
  // They mark the places that are filled in later.
  if (character === '<' || character === '>') return '*'
  const bytes = Buffer.byteLength(character)
  return bytes === 1 ? character : WIDE[bytes - 2]!
}

/** As many digits, the same sign and point; 1 or -1 where that is not to be had. */
export function scrambleNumber(value: number): number {
  const text = String(value)
  let scrambled = ''
  for (const character of text) {
    if (!DIGITS.includes(character)) scrambled += character
    // JSON has no leading zeros, and a zero at the end of a fraction would be lost.
    else scrambled += value === 0 ? '0' : oneOf(DIGITS.slice(1))
  }
  const number = Number(scrambled)
  return Number.isFinite(number) && String(number).length === text.length ? number : value < 0 ? -1 : 1
}

/** A field's name stays. A name that may be data is scrambled. */
export function scrambleName(name: string): string {
  return FIELD_NAME.test(name) && !NUMBER_RUN.test(name) ? name : scrambleText(name)
}

function oneOf(characters: string): string {
  return characters[randomInt(characters.length)]!
}
