/** What a check of a config found. 'fail': the service will not hold what it says. 'warn': somebody should decide. */
export interface Finding {
  /** The same for as long as it means the same. */
  readonly id: string
  readonly level: 'ok' | 'warn' | 'fail'
  /** What is so, and what to do where it is not well. One line. */
  readonly text: string
}

export const ok = (id: string, text: string): Finding => ({ id, level: 'ok', text })
export const warn = (id: string, text: string): Finding => ({ id, level: 'warn', text })
export const fail = (id: string, text: string): Finding => ({ id, level: 'fail', text })
