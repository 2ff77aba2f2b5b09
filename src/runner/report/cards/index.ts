import { z } from 'zod'
import type { Card } from '../card.ts'
import { attack } from './attack.ts'
import { bodySizes } from './body-sizes.ts'
import { byType } from './by-type.ts'
import { deadLetterReplays } from './dead-letter-replays.ts'
import { deadLetters } from './dead-letters.ts'
import { delivery } from './delivery.ts'
import { distribution } from './distribution.ts'
import { drift } from './drift.ts'
import { durability } from './durability.ts'
import { looked } from './looked.ts'
import { machine } from './machine.ts'
import { reconciled } from './reconciled.ts'
import { refusals } from './refusals.ts'
import { resent } from './resent.ts'
import { sending } from './sending.ts'
import { servers } from './servers.ts'
import { told } from './told.ts'
import { undisturbed } from './undisturbed.ts'

/** Every card, in the order in which a report shows them. A new one is its own file and a line here. */
export const cards = {
  durability,
  told,
  machine,
  servers,
  sending,
  refusals,
  looked,
  delivery,
  deadLetters,
  deadLetterReplays,
  reconciled,
  bodySizes,
  attack,
  drift,
  resent,
  undisturbed,
  distribution,
  byType,
}

type Cards = typeof cards
export type CardName = keyof Cards
/** Any card, for code that walks the map. */
export type AnyCard = Card<z.ZodType, string>

export const cardNames = Object.keys(cards) as CardName[]
export const cardOf = (name: CardName): AnyCard => cards[name]

type Shape = { [Name in CardName]: z.ZodOptional<Cards[Name]['schema']> }
export const cardsSchema = z.object(
  Object.fromEntries(cardNames.map((name) => [name, cards[name].schema.optional()])) as Shape,
)
