import type { DeadLetter } from '../contracts/ledger.ts'

const DAY_MS = 86_400_000
/** How long letters should be kept: time to notice, mend and replay. Nothing deletes them by itself, then or later. */
export const RETENTION_MS = 14 * DAY_MS
/** So long before the end of it a person is warned. */
const WARNING_MS = 2 * DAY_MS

export function isExpired({ atMs }: Pick<DeadLetter, 'atMs'>, nowMs: number): boolean {
  return nowMs - atMs >= RETENTION_MS
}

/** Counts letters whose retention is over, or soon will be. */
export class RetentionWatch {
  readonly #nowMs: number
  #expired = 0
  #soon = 0

  constructor(nowMs: number) {
    this.#nowMs = nowMs
  }

  add(letter: Pick<DeadLetter, 'atMs'>): void {
    if (isExpired(letter, this.#nowMs)) this.#expired++
    else if (this.#nowMs - letter.atMs >= RETENTION_MS - WARNING_MS) this.#soon++
  }

  /** A line for each warning. */
  lines(): string[] {
    const lines: string[] = []
    if (this.#expired > 0) {
      lines.push(
        `warning: ${this.#expired} are past their 14 days, and stay until you replay them or purge --expired (a copy is kept)`,
      )
    }
    if (this.#soon > 0)
      lines.push(`warning: ${this.#soon} will be past their 14 days within 2 days: mend and replay them`)
    return lines
  }
}
