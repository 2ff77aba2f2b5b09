import type { CardWords } from '../../report/card.ts'
import { cardNames, cardOf } from '../../report/cards/index.ts'
import type { Report } from '../../report/report-schema.ts'

/** The words of every card that a report has, in the order of the map. */
export function sayCards(report: Report): CardWords[] {
  return cardNames.flatMap((name) => {
    const card = report.cards[name]
    return card === undefined ? [] : [cardOf(name).words(card, report)]
  })
}
