import { FloodmarkError } from '../../core/contracts/errors.ts'

/** Fields whose values stay as they are, because a schema needs them: by name, or by the names that lead to it. */
export class Keeping {
  readonly #kept: Map<string, number>

  /** `fields`: with commas between them. @throws FloodmarkError 'misuse' where one is empty. */
  constructor(fields: string | undefined) {
    const names = fields?.split(',').map((name) => name.trim()) ?? []
    if (names.includes(''))
      throw new FloodmarkError('misuse', `--keep '${fields}' has an empty name: give currency,data.object.status`)
    this.#kept = new Map(names.map((name) => [name, 0]))
  }

  /** Whether the value at this path stays: the path is one of the fields, or ends with it. */
  keeps(path: string): boolean {
    for (const [name, count] of this.#kept) {
      if (path !== name && !path.endsWith(`.${name}`)) continue
      this.#kept.set(name, count + 1)
      return true
    }
    return false
  }

  /** What became of the values, in words. */
  said(): string {
    if (this.#kept.size === 0) return 'Every value is replaced'
    const kept = [...this.#kept].map(([name, count]) => `${name} (${count === 0 ? 'not found' : count})`)
    return `Every value is replaced but those of ${kept.join(', ')}`
  }
}
