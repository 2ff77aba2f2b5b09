import { type Random, seeded } from './random.ts'

const WORDS = ['standard', 'priority', 'warehouse', 'customer', 'checkout', 'invoice', 'shipping', 'discount', 'mobile', 'review']

/** A choice of eight texts of words, `bytes` long each, made once: a sample takes one, instead of writing one each time. */
export function fillers(bytes: number, seed: number): (random: Random) => string {
  const random = seeded(seed)
  const texts = Array.from({ length: 8 }, () => {
    let text = ''
    while (text.length < bytes) text += `${WORDS[Math.floor(random() * WORDS.length)]} `
    return text.slice(0, bytes)
  })
  return (draw) => texts[Math.floor(draw() * texts.length)]!
}
